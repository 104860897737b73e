package token

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

const (
	// MaxKeys is the largest key set that ParseKeys looks at, in bytes.
	MaxKeys = 8 << 20
	// maxKeyValues bounds what such a set may hold.
	maxKeyValues = 500_000
	// stsKeys is how many keys of a type a key set may hold for AWS. From memory of
	// IAM User Guide, id_roles_providers_create_oidc; the page was not at hand.
	stsKeys = 100
	// minBits is the smallest RSA key that signs safely. Source: RFC 7518, 3.3.
	minBits = 2048
)

// KeySet is the public keys of an issuer. It is not changed once made.
type KeySet struct {
	// Source is where the set comes from, a file or a URL.
	Source string
	// Flaws are what is wrong with the set itself.
	Flaws diag.List

	keys []key
}

// Len is the number of keys in the set, useless ones included.
func (s *KeySet) Len() int { return len(s.keys) }

// key is a key as the set has it: its public members alone.
type key struct {
	id, kind, alg, use string
	public             map[string]any
	// secret is set where the set publishes what only the issuer may have.
	secret bool
}

// publicMembers are the members of a JWK that may be public, by type. x5c and x5u
// are left out: certificates are not used.
// Source: RFC 7518, section 6.
var publicMembers = map[string][]string{
	"RSA": {"kty", "kid", "use", "alg", "n", "e"},
	"EC":  {"kty", "kid", "use", "alg", "crv", "x", "y"},
}

// secretMembers are those that may not. Source: RFC 7518, section 6.
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// ParseKeys reads a JWK set. source names it in messages. Private and symmetric
// keys in it are flaws, and what is secret in them is dropped.
func ParseKeys(data []byte, source string) (*KeySet, error) {
	if len(data) > MaxKeys {
		return nil, keysError(source, fmt.Sprintf("is larger than %d bytes", MaxKeys))
	}
	doc, twice, err := object(data, maxKeyValues)
	if err != nil {
		return nil, keysError(source, err.Error())
	}
	list, ok := doc["keys"].([]any)
	if !ok {
		return nil, keysError(source, `has no list "keys"`)
	}
	s := &KeySet{Source: source, keys: make([]key, 0, len(list))}
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			s.keys = append(s.keys, newKey(o))
		}
	}
	if len(twice) > 0 {
		s.flaw("keys-duplicate", fmt.Sprintf("a key or the set has %s twice", shown(twice[0], 60)), "readers differ in which one they take", "publish each member once")
	}
	s.judge()
	return s, nil
}

func newKey(o map[string]any) key {
	text := func(name string) string { v, _ := o[name].(string); return v }
	k := key{id: text("kid"), kind: text("kty"), alg: text("alg"), use: text("use"), public: map[string]any{}}
	for _, name := range publicMembers[k.kind] {
		if v, ok := o[name]; ok {
			k.public[name] = v
		}
	}
	k.secret = slices.ContainsFunc(secretMembers, func(name string) bool { _, ok := o[name]; return ok })
	return k
}

// judge looks at the set as a whole.
func (s *KeySet) judge() {
	ids, kinds := map[string]int{}, map[string]int{}
	private, symmetric := 0, 0
	for _, k := range s.keys {
		ids[k.id]++
		kinds[k.kind]++
		switch {
		case k.kind == "oct":
			symmetric++
		case k.secret:
			private++
		}
	}
	if private > 0 {
		s.flaw("keys-private", fmt.Sprintf("the key set publishes private keys: %d", private),
			"everyone who read the set can sign tokens of this issuer", "withdraw those keys at once, and publish their public members alone")
	}
	if symmetric > 0 {
		s.flaw("keys-symmetric", fmt.Sprintf("the key set publishes symmetric keys (oct): %d", symmetric),
			"a verifier that takes HS256 would believe tokens that anyone signed with them", "withdraw them; an OIDC issuer publishes RSA and EC keys")
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if ids[id] > 1 && id != "" {
			s.flaw("keys-duplicate", fmt.Sprintf("keys of the set with the same kid, %s: %d", shown(id, 60), ids[id]),
				"which of them verifies is up to the reader", "give each key a kid of its own")
			break
		}
	}
	for _, kind := range []string{"RSA", "EC"} {
		if n := kinds[kind]; n > stsKeys {
			s.flaw("keys-many", fmt.Sprintf("the key set has %d %s keys, and AWS takes at most %d", n, kind, stsKeys),
				"STS answers InvalidIdentityToken", "take keys that no longer sign out of the set")
		}
	}
}

func (s *KeySet) flaw(rule, summary, why, fix string) {
	s.Flaws = append(s.Flaws, &diag.Diagnostic{Rule: rule, Summary: summary, Why: why, Fix: fix})
}

// parse makes the key usable.
func (k *key) parse() (*jose.JSONWebKey, error) {
	text, err := json.Marshal(k.public)
	if err != nil {
		return nil, err
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	return &jwk, nil
}

func keysError(source, problem string) error {
	return &diag.Diagnostic{Rule: "keys", Summary: fmt.Sprintf("the key set %s", problem), At: diag.Location{File: source},
		Why: "without the issuer's keys nobody can tell who signed the token",
		Fix: `give a JWK set, {"keys": [...]}, as the issuer's jwks_uri serves it`}
}
