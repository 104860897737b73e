package token

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// ReadClaims reads the payload of a token that somebody has decoded already, with
// Read's bounds. The errors are diagnostics that never quote the text; a name that
// comes twice is one.
func ReadClaims(text []byte) (map[string]any, error) {
	if len(text) > MaxSize {
		return nil, unreadable("token-size", fmt.Sprintf("the claims are longer than %d bytes", MaxSize), "they were not read", "give the payload of one token")
	}
	claims, twice, err := object(text, maxValues)
	if err != nil {
		return nil, unreadable("token-claims", "the text of the claims "+err.Error(), "claims are one JSON object, the payload of a token", `write {"iss": "https://gitlab.com", "sub": "...", "aud": "..."}`)
	}
	t := &Token{}
	if t.duplicates("payload", twice); len(t.Flaws) > 0 {
		return nil, t.Flaws
	}
	if _, ok := claims["iss"].(string); !ok {
		return nil, &diag.Diagnostic{Rule: "token-claims", Summary: "the claims have no iss",
			Why: "which claims AWS sees depends on the issuer", Fix: `add "iss": "https://gitlab.com", as the token has it`}
	}
	return claims, nil
}
