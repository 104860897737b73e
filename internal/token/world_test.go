package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/token"
)

// now is when tokens are issued and looked at.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const issuer = "https://gitlab.com"

// keys of the issuer, made once.
var keys = sync.OnceValue(func() (k struct {
	rsa, stranger, small *rsa.PrivateKey
	ec                   *ecdsa.PrivateKey
}) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var err error
	k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	k.stranger, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	k.small, err = rsa.GenerateKey(rand.Reader, 1024)
	must(err)
	k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return k
})

// claims is an honest job's, with changes; nil removes a claim.
func claims(t testing.TB, change map[string]any) map[string]any {
	t.Helper()
	r := oidc.TokenRequest{Project: "acme/infra", Audience: []string{"sts.amazonaws.com"}, Replace: change}
	_, c, err := r.Claims(now)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := change["jti"]; !ok {
		c["jti"] = "0ebb9af3"
	}
	return c
}

// sign makes a token of claims; header members come on top of kid and typ.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, c map[string]any, header map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return signText(t, alg, key, string(payload), header)
}

func signText(t testing.TB, alg jose.SignatureAlgorithm, key any, payload string, header map[string]any) string {
	t.Helper()
	h := map[string]any{"alg": alg, "kid": "one", "typ": "JWT"}
	for k, v := range header {
		if h[k] = v; v == nil {
			delete(h, k)
		}
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return signRaw(t, alg, key, string(text), payload)
}

// signRaw signs what no library would let one write.
func signRaw(t testing.TB, alg jose.SignatureAlgorithm, key any, header, payload string) string {
	t.Helper()
	input := encode(header) + "." + encode(payload)
	var signature []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		h := map[jose.SignatureAlgorithm]crypto.Hash{jose.RS256: crypto.SHA256, jose.RS512: crypto.SHA512, jose.PS256: crypto.SHA256}[alg]
		sum := h.New()
		sum.Write([]byte(input))
		if alg == jose.PS256 {
			signature, err = rsa.SignPSS(rand.Reader, key, h, sum.Sum(nil), nil)
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, key, h, sum.Sum(nil))
		}
	case *ecdsa.PrivateKey:
		sum := crypto.SHA256.New()
		sum.Write([]byte(input))
		r, s, e := ecdsa.Sign(rand.Reader, key, sum.Sum(nil))
		signature, err = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), e
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(string(signature))
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// jwks writes a key set of public keys with the ID one.
func jwks(t testing.TB, set ...jose.JSONWebKey) *token.KeySet {
	t.Helper()
	s, err := token.ParseKeys(jwksText(t, set...), "keys.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func jwksText(t testing.TB, set ...jose.JSONWebKey) []byte {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: append([]jose.JSONWebKey{}, set...)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// one is the issuer's public key.
func one() jose.JSONWebKey {
	return jose.JSONWebKey{Key: keys().rsa.Public(), KeyID: "one", Use: "sig", Algorithm: "RS256"}
}

// inspect reads and judges, and checks that no output holds a part of the token.
func inspect(t testing.TB, text string, with token.Inspection) *token.Report {
	t.Helper()
	tok, err := token.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if with.Now.IsZero() {
		with.Now = now
	}
	r := tok.Inspect(with)
	for _, part := range strings.Split(text, ".") {
		if out := outputs(t, r); len(part) >= 16 && strings.Contains(out, part) {
			t.Error("the output holds a part of the token")
		}
	}
	return r
}
