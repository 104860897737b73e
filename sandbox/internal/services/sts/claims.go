package sts

import (
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
func claimTags(claims map[string]any) (tags map[string]string, transitive []string, err error) {
	tags, keys, err := oidc.SessionTags(claims)
	if err != nil {
		return nil, nil, err
	}
	transitive, err = transitiveKeys(keys, tags)
	return tags, transitive, err
}
