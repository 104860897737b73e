package sts

import (
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// claimKeys are the condition keys of a token's claims.
func claimKeys(issuer string, claims map[string]any) []op.Key {
	var keys []op.Key
	for _, k := range oidc.ConditionKeys(issuer, claims) {
		keys = append(keys, op.Key{Name: k.Name, Values: k.Values, Multi: k.Multi})
	}
	return keys
}

// lasting picks the keys that the session keeps.
// Source: IAM User Guide, reference_policies_iam-condition-keys, "Available
// in session": aud, sub and amr are, the provider's own claims are not.
func lasting(issuer string, keys []op.Key) []op.Key {
	var out []op.Key
	for _, k := range keys {
		if slices.Contains([]string{issuer + ":aud", issuer + ":sub", issuer + ":amr"}, k.Name) {
			out = append(out, k)
		}
	}
	return out
}

// claimTags reads the session tags that an issuer puts into a token.
// Source: IAM User Guide, id_session-tags, "Passing session tags using
// AssumeRoleWithWebIdentity".
func claimTags(claims map[string]any) (tags map[string]string, transitive []string, err error) {
	raw, ok := claims["https://aws.amazon.com/tags"]
	if !ok {
		return nil, nil, nil
	}
	block, ok := raw.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("the claim https://aws.amazon.com/tags is not an object")
	}
	principal, _ := block["principal_tags"].(map[string]any)
	for k, v := range principal {
		values, _ := oidc.ClaimValues(v)
		if len(values) != 1 {
			return nil, nil, fmt.Errorf("the session tag %q needs exactly one value", k)
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[k] = values[0]
	}
	keys, _ := oidc.ClaimValues(block["transitive_tag_keys"])
	transitive, err = transitiveKeys(keys, tags)
	return tags, transitive, err
}
