package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Present makes a token of the claims that oidc.TokenRequest gives, in the types
// that STS would read them in. The error is that of a claim that has no JSON.
func Present(issuer string, claims map[string]any) (*Presented, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("the claims cannot be written as JSON: %w", err)
	}
	t := &Presented{Issuer: issuer}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&t.Claims); err != nil {
		return nil, fmt.Errorf("the claims cannot be read back: %w", err)
	}
	// What a job replaces may be the issuer itself.
	if iss, ok := t.Claims["iss"].(string); ok {
		t.Issuer = iss
	}
	return t, nil
}
