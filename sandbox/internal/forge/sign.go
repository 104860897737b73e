package forge

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// Mint returns the token that the request describes. The errors name the field
// and what the forge would have.
func (f *Forge) Mint(r oidc.TokenRequest) (string, error) {
	is, claims, err := f.claims(r)
	if err != nil {
		return "", err
	}
	return f.sign(is, claims, r.Fault)
}

func (f *Forge) claims(r oidc.TokenRequest) (*issuer, map[string]any, error) {
	iss, claims, err := r.Claims(f.clock())
	if err != nil {
		return nil, nil, err
	}
	is, err := f.issuer(iss)
	if err != nil {
		return nil, nil, err
	}
	if want := oidc.Kind(cmp.Or(r.Forge, string(oidc.KindGitLab))); is.kind != want {
		return nil, nil, fmt.Errorf("issuer %q is %s's, not %s's", is.url, is.kind, want)
	}
	if _, replaced := r.Replace["jti"]; replaced {
		return is, claims, nil
	}
	claims["jti"], err = uuid(f.rand)
	return is, claims, err
}

// sign returns the token in compact form.
func (f *Forge) sign(is *issuer, claims map[string]any, fault oidc.Fault) (string, error) {
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
	case oidc.Honest, oidc.Expired, oidc.NotYetValid, oidc.Tampered:
	case oidc.Forged, oidc.UnknownKey:
		var own string
		if signing.Key, own, err = f.stranger.get(f.rand); err != nil {
			return "", err
		}
		if fault == oidc.UnknownKey {
			id = own
		}
	case oidc.HS256:
		der, err := x509.MarshalPKIXPublicKey(priv.Public())
		if err != nil {
			return "", err
		}
		signing.Algorithm = jose.HS256
		signing.Key = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	case oidc.AlgNone:
		header, err := json.Marshal(map[string]string{"alg": "none", "kid": id, "typ": "JWT"})
		if err != nil {
			return "", err
		}
		return encode(header) + "." + encode(payload) + ".", nil
	default:
		return "", fmt.Errorf("fault %q is not one of %q", fault, oidc.Faults())
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
	if err != nil || fault != oidc.Tampered {
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

// uuid returns a random UUID, version 4.
func uuid(rand io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
