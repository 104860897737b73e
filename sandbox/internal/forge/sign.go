package forge

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Fault makes a token that a verifier must refuse. The claims stay those of an
// honest token, so that only the fault can be the reason.
type Fault string

const (
	// Honest is no fault: the issuer's key, and valid now.
	Honest Fault = ""
	// Forged is signed by a stranger's key under the issuer's key ID.
	Forged Fault = "forged"
	// UnknownKey is signed by a stranger's key under that key's own ID.
	UnknownKey Fault = "unknown-key"
	// AlgNone has "alg": "none" and no signature.
	AlgNone Fault = "alg-none"
	// HS256 is signed by HMAC with the issuer's public key (in PEM) as secret.
	HS256 Fault = "hs256"
	// Tampered has a claim changed after signing.
	Tampered Fault = "tampered"
	// Expired ended an hour ago.
	Expired Fault = "expired"
	// NotYetValid begins an hour from now.
	NotYetValid Fault = "not-yet-valid"
)

// Faults lists every fault but Honest.
func Faults() []Fault {
	return []Fault{Forged, UnknownKey, AlgNone, HS256, Tampered, Expired, NotYetValid}
}

// life is how long before and after its issue a token is valid.
type life struct{ before, after time.Duration }

// standard adds the claims every token has, and applies the faults of time.
func (f *Forge) standard(claims map[string]any, issued time.Time, l life, fault Fault) error {
	if issued.IsZero() {
		issued = f.clock()
	}
	switch fault {
	case Expired:
		issued = issued.Add(-l.after - time.Hour)
	case NotYetValid:
		issued = issued.Add(l.before + time.Hour)
	}
	claims["iat"] = issued.Unix()
	claims["nbf"] = issued.Add(-l.before).Unix()
	claims["exp"] = issued.Add(l.after).Unix()
	jti, err := uuid(f.rand)
	claims["jti"] = jti
	return err
}

// sign returns the token in compact form.
func (f *Forge) sign(is *issuer, claims map[string]any, fault Fault) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	priv, id, err := is.key.get(f.rand)
	if err != nil {
		return "", err
	}
	signing := jose.SigningKey{Algorithm: jose.RS256, Key: priv}
	switch fault {
	case Honest, Expired, NotYetValid, Tampered:
	case Forged, UnknownKey:
		var own string
		if signing.Key, own, err = f.stranger.get(f.rand); err != nil {
			return "", err
		}
		if fault == UnknownKey {
			id = own
		}
	case HS256:
		der, err := x509.MarshalPKIXPublicKey(priv.Public())
		if err != nil {
			return "", err
		}
		signing.Algorithm = jose.HS256
		signing.Key = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	case AlgNone:
		header, err := json.Marshal(map[string]string{"alg": "none", "kid": id, "typ": "JWT"})
		if err != nil {
			return "", err
		}
		return encode(header) + "." + encode(payload) + ".", nil
	default:
		return "", fmt.Errorf("fault %q is not one of %q", fault, Faults())
	}
	opts := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", id)
	signer, err := jose.NewSigner(signing, opts)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	token, err := jws.CompactSerialize()
	if err != nil || fault != Tampered {
		return token, err
	}
	return tamper(token, claims)
}

// tamper puts another token ID into a signed token.
func tamper(token string, claims map[string]any) (string, error) {
	changed := make(map[string]any, len(claims))
	for k, v := range claims {
		changed[k] = v
	}
	changed["jti"] = "changed-after-signing"
	payload, err := json.Marshal(changed)
	if err != nil {
		return "", err
	}
	parts := strings.Split(token, ".")
	return parts[0] + "." + encode(payload) + "." + parts[2], nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// checkFault refuses a fault that is not known, before any key is made.
func checkFault(fault Fault) error {
	if fault == Honest || slices.Contains(Faults(), fault) {
		return nil
	}
	return fmt.Errorf("fault %q is not one of %q", fault, Faults())
}

// uuid returns a random UUID, version 4.
func uuid(rand io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
