package sts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// signatures are the algorithms that STS takes. "none" and the HMAC family are
// not among them: with those anybody who has the public key could sign.
// Source: IAM User Guide, id_roles_providers_create_oidc, "Prerequisites:
// validate the configuration": RS256, RS384, RS512, ES256, ES384, ES512.
var signatures = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// tokenSize is the longest WebIdentityToken.
// Source: STS API_AssumeRoleWithWebIdentity.
const tokenSize = 20000

// webToken is a token whose claims were read. Nothing in it may be believed
// before err was found to be nil.
type webToken struct {
	claims    map[string]any
	issuer    string // without "https://"
	subject   string
	audience  string
	issued    time.Time
	notBefore time.Time
	expires   time.Time
	// err says why the signature cannot be relied on; nil: it is good.
	err error
}

func invalidToken(message string) *op.Error {
	return op.Errorf(400, "InvalidIdentityToken", "%s", message)
}

// readToken parses a token and verifies its signature with the issuer's own
// keys. An error means that it is no token at all; that its signature is bad
// is in the result, because a provider that is not registered is told first.
func (s *Service) readToken(ctx context.Context, raw string) (*webToken, error) {
	if len(raw) < 4 || len(raw) > tokenSize {
		return nil, constraint("Value at 'webIdentityToken' failed to satisfy constraint: Member must have length between 4 and %d", tokenSize)
	}
	if strings.Count(raw, ".") != 2 {
		return nil, notJWT(nil)
	}
	jws, err := jose.ParseSignedCompact(raw, signatures)
	var alg *jose.ErrUnexpectedSignatureAlgorithm
	if errors.As(err, &alg) {
		e := invalidToken("The signature algorithm " + clip(string(alg.Got)) + " of the token is not supported")
		e.Err = err
		return nil, e
	}
	if err != nil || len(jws.Signatures) != 1 {
		return nil, notJWT(err)
	}
	t := &webToken{}
	if t.claims, err = decodeClaims(jws.UnsafePayloadWithoutVerification()); err != nil {
		return nil, notJWT(err)
	}
	if err := t.read(); err != nil {
		return nil, err
	}
	t.err = s.verify(ctx, jws, t.issuer)
	return t, nil
}

func notJWT(err error) error {
	e := invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	e.Err = err
	return e
}

func clip(s string) string {
	if len(s) > 20 {
		return "given"
	}
	return s
}

// decodeClaims reads one JSON object and nothing after it.
func decodeClaims(payload []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, err
	}
	if claims == nil {
		return nil, errors.New("the payload is null")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text follows the payload")
	}
	return claims, nil
}

// read takes the registered claims out of the payload.
// Source: IAM User Guide, id_roles_providers_create_oidc: iss, aud, sub, iat
// and exp are required.
func (t *webToken) read() error {
	iss, ok := t.claims["iss"].(string)
	if !ok || !strings.HasPrefix(iss, "https://") && iss != "accounts.google.com" {
		return invalidToken("Issuer must be a valid URL")
	}
	t.issuer = strings.TrimPrefix(iss, "https://")
	if t.subject, ok = t.claims["sub"].(string); !ok || t.subject == "" {
		return invalidToken("Missing a required claim: sub")
	}
	var err error
	if t.audience, err = audience(t.claims); err != nil {
		return err
	}
	if t.expires, err = numericDate(t.claims, "exp"); err != nil {
		return err
	}
	if t.issued, err = numericDate(t.claims, "iat"); err != nil {
		return err
	}
	if _, ok := t.claims["nbf"]; ok {
		t.notBefore, err = numericDate(t.claims, "nbf")
	}
	return err
}

// audience is the client that a token is for.
func audience(claims map[string]any) (string, error) {
	aud, err := oidc.Audience(claims)
	switch {
	case errors.Is(err, oidc.ErrNoAudience):
		return "", invalidToken("Missing a required claim: aud")
	case err != nil:
		return "", invalidToken("The token has several audiences; the sandbox takes tokens with one")
	}
	return aud, nil
}

// numericDate reads one of the token's times.
// Source: STS API_AssumeRoleWithWebIdentity, "WebIdentityToken": timestamps
// must be integers.
func numericDate(claims map[string]any, name string) (time.Time, error) {
	n, ok := claims[name].(json.Number)
	if !ok {
		return time.Time{}, invalidToken("Missing a required claim: " + name)
	}
	seconds, err := n.Int64()
	if err != nil || seconds < 0 || seconds > 1e11 {
		return time.Time{}, invalidToken("The claim " + name + " is not a date in whole seconds")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// verify checks the signature with the key that the token's kid names.
func (s *Service) verify(ctx context.Context, jws *jose.JSONWebSignature, issuer string) error {
	if s.issuers == nil {
		return unreachable(errors.New("no issuers are set up"))
	}
	keys, err := s.issuers.JWKS(ctx, "https://"+issuer)
	if err != nil {
		return unreachable(err)
	}
	header := jws.Signatures[0].Protected
	var candidates []jose.JSONWebKey
	if header.KeyID != "" {
		candidates = keys.Key(header.KeyID)
	} else if len(keys.Keys) == 1 {
		candidates = keys.Keys
	}
	for _, k := range candidates {
		if !k.Valid() || !k.IsPublic() || k.Use == "enc" || k.Algorithm != "" && k.Algorithm != header.Algorithm {
			continue
		}
		if _, err := jws.Verify(k); err == nil {
			return nil
		}
		return invalidToken("Token signature invalid")
	}
	return invalidToken("Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
}

func unreachable(err error) error {
	return &op.Error{Status: 400, Code: "IDPCommunicationError", Err: err,
		Message: "Error communicating with the identity provider; the sandbox serves no keys for this issuer"}
}

// skew is how far an issuer's clock may be off. That it counts for iat and nbf
// too is not documented.
// Source: IAM User Guide, id_roles_providers_oidc: IAM grants five minutes
// beyond the expiration time in the token for clock skew.
const skew = 5 * time.Minute

// current checks the token's times.
func (t *webToken) current(now time.Time) error {
	if !now.Before(t.expires.Add(skew)) {
		return op.Errorf(400, "ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), t.expires.Unix())
	}
	if t.issued.After(now.Add(skew)) || t.notBefore.After(now.Add(skew)) {
		return invalidToken("The token is not valid yet")
	}
	return nil
}
