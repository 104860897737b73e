package token

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that STS takes.
// Source: IAM User Guide, id_roles_providers_create_oidc, "Prerequisites: validate
// the configuration": RS256, RS384, RS512, ES256, ES384, ES512.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// attempts is how many keys are tried on one signature.
const attempts = 100

// The states of a signature.
const (
	// Verified: made by the issuer's key.
	Verified = "verified"
	// Invalid: not made by it.
	Invalid = "invalid"
	// Unchecked: there was no key to check it with, or no reason to.
	Unchecked = "unchecked"
)

// Signature is what is known of a token's signature.
type Signature struct {
	// Status is Verified, Invalid or Unchecked.
	Status string `json:"status"`
	// Algorithm and KeyID are the header's alg and kid. Empty: it has none.
	Algorithm string `json:"algorithm"`
	KeyID     string `json:"key_id"`
	// Keys says where the keys are from, a file or a URL. Empty: there were none.
	Keys string `json:"keys"`
}

// verify checks the signature and says what is wrong with it. set is nil if there
// are no keys.
func (r *Report) verify(t *Token, set *KeySet) {
	alg, _ := t.Header["alg"].(string)
	kid, _ := t.Header["kid"].(string)
	r.Signature = Signature{Status: Unchecked, Algorithm: clip(alg), KeyID: clip(kid)}
	allowed := r.algorithm(t, alg, set)
	if set == nil {
		return
	}
	r.Signature.Keys = set.Source
	for _, f := range set.Flaws {
		r.add(Warning, f)
	}
	if !allowed {
		return
	}
	if len(t.signature) == 0 {
		r.Signature.Status = Invalid
		r.fail("token-unsigned", "the token's signature was removed", "", "a log or a paste often cuts it off; without it anybody could have written the claims", "take the token as the forge issued it")
		return
	}
	candidates, why := set.candidates(alg, kid)
	if len(candidates) == 0 {
		r.Signature.Status = Invalid
		r.fail("token-key-unknown", "the issuer has no key that this token could be signed with", "kid = "+shown(kid, 100), why,
			"take a fresh token: the issuer may have changed its keys; if it is fresh, it is not the issuer's")
		return
	}
	jws, err := jose.ParseSignedCompact(strings.Join(t.parts[:], "."), algorithms)
	if err != nil {
		r.Signature.Status = Invalid
		r.fail("token-form", "a verifier refuses the token's form", "", "its header holds what a verifier cannot take", "take a fresh token of the forge")
		return
	}
	tried := false
	for _, k := range candidates {
		usable, err := k.parse()
		if err != nil {
			continue
		}
		tried = true
		if _, err := jws.Verify(usable); err != nil {
			continue
		}
		r.Signature.Status = Verified
		r.weak(&k, usable)
		return
	}
	r.Signature.Status = Invalid
	if !tried {
		r.fail("keys-unusable", "the issuer's key for this token cannot be used", "kid = "+shown(kid, 100), "members of the key are missing or wrong", "the issuer has to publish the key as RFC 7517 says")
		return
	}
	r.fail("token-signature", "the signature is not the issuer's", "", "the token was changed after it was signed, or somebody else signed it",
		"take a fresh token; if that one fails too, somebody forges tokens of this issuer")
}

// candidates are the keys that may have made a signature; why says why there are
// none. Without kid every key of the algorithm's type is one.
func (s *KeySet) candidates(alg, kid string) (fit []key, why string) {
	kind := map[byte]string{'R': "RSA", 'E': "EC"}[alg[0]]
	why = fmt.Sprintf("no key of the set has this kid (keys in it: %d)", len(s.keys))
	if kid == "" {
		why = fmt.Sprintf("no key of the set is an %s key for signatures (keys in it: %d)", kind, len(s.keys))
	}
	for _, k := range s.keys {
		switch {
		case kid != "" && k.id != kid, len(fit) == attempts:
		case k.kind != kind:
			why = fmt.Sprintf("the key with this kid is of type %s, and %s needs %s", shown(k.kind, 20), alg, kind)
		case k.use != "" && k.use != "sig":
			why = fmt.Sprintf("the key is for use %s, not for signatures", shown(k.use, 20))
		case k.alg != "" && k.alg != alg:
			why = fmt.Sprintf("the key is for %s, and the token says %s", shown(k.alg, 20), alg)
		default:
			fit = append(fit, k)
		}
	}
	return fit, why
}

// weak says what is wrong with a key whose signature is right.
func (r *Report) weak(k *key, usable *jose.JSONWebKey) {
	if k.secret {
		r.fail("keys-private", "the key that signed the token is published with its private half", "kid = "+shown(k.id, 100),
			"the signature proves nothing: everyone who read the set can make it", "the issuer has to withdraw the key at once")
	}
	if public, ok := usable.Key.(*rsa.PublicKey); ok && public.N.BitLen() < minBits {
		r.fail("keys-weak", fmt.Sprintf("the key that signed the token has %d bits", public.N.BitLen()), "kid = "+shown(k.id, 100),
			fmt.Sprintf("an RSA key below %d bits can be broken", minBits), "the issuer has to sign with a larger key")
	}
}

// algorithm judges the header's alg, and reports whether STS takes it.
func (r *Report) algorithm(t *Token, alg string, set *KeySet) bool {
	if slices.Contains(algorithms, jose.SignatureAlgorithm(alg)) {
		return true
	}
	const fix = "take a token of the forge itself: GitLab and GitHub sign with RS256"
	found := "alg = " + shown(alg, 40)
	r.Signature.Status = Invalid
	switch {
	case alg == "":
		r.fail("token-alg", "the header names no algorithm", "", "nothing says how the token is signed", fix)
	case strings.EqualFold(alg, "none"):
		r.fail("token-alg-none", "the token says that it is not signed", found, "anybody can write such a token; a verifier that takes it admits everyone", fix)
	case strings.HasPrefix(strings.ToUpper(alg), "HS"):
		if set != nil && alg == "HS256" && t.signedWithPublic(set) {
			r.fail("token-alg-confusion", "the token is signed with the issuer's public key as a shared secret", found,
				"this is an attack: a verifier that trusts the header's alg takes the public key for the secret, and everyone has that key", fix)
			break
		}
		r.fail("token-alg-hmac", "the token is signed with a shared secret", found,
			"whoever can check such a signature can make one too; AWS STS takes RS256 to RS512 and ES256 to ES512", fix)
	default:
		r.fail("token-alg", "the token is signed with an algorithm that AWS STS does not take", found, "STS takes RS256, RS384, RS512, ES256, ES384 and ES512", fix)
	}
	return false
}

// signedWithPublic tells whether an HS256 signature was made with one of the
// issuer's public keys, in one of the forms that forgers use.
func (t *Token) signedWithPublic(set *KeySet) bool {
	for _, k := range set.keys[:min(len(set.keys), attempts)] {
		usable, err := k.parse()
		if err != nil {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(usable.Key)
		if err != nil {
			continue
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		secrets := [][]byte{text, text[:len(text)-1], der}
		if public, ok := usable.Key.(*rsa.PublicKey); ok {
			pkcs1 := x509.MarshalPKCS1PublicKey(public)
			old := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1})
			secrets = append(secrets, old, old[:len(old)-1], pkcs1)
		}
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(t.parts[0] + "." + t.parts[1]))
			if hmac.Equal(mac.Sum(nil), t.signature) {
				return true
			}
		}
	}
	return false
}
