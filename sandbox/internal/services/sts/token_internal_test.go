package sts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

type oneKey struct{ set jose.JSONWebKeySet }

func (o oneKey) JWKS(context.Context, string) (*jose.JSONWebKeySet, error) { return &o.set, nil }

func newSigner(t testing.TB) (*Service, jose.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{issuers: oneKey{jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "ES256"}}}}}, signer
}

// FuzzReadToken: no text makes the reader panic, and only the token that the
// issuer signed is believed.
func FuzzReadToken(f *testing.F) {
	s, signer := newSigner(f)
	payload := `{"iss":"https://gitlab.com","sub":"a","aud":"b","iat":1,"exp":2}`
	jws, err := signer.Sign([]byte(payload))
	if err != nil {
		f.Fatal(err)
	}
	good, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0." + good[len("eyJhbGciOiJub25lIn0."):] + ".")
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := s.readToken(t.Context(), raw)
		if err != nil || token.err != nil {
			return
		}
		got, err := json.Marshal(token.claims)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(payload), &want); err != nil {
			t.Fatal(err)
		}
		wantText, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(wantText) {
			t.Fatalf("believed %s", got)
		}
	})
}

func TestClaims(t *testing.T) {
	claims := map[string]any{
		"sub": "s", "aud": "a", "amr": []any{"x", "y"}, "actor": "octocat", "ref": "refs/heads/main", "event_name": "push",
		"repository_owner": "o", "enterprise_id": json.Number("7"), "project_id": "42", "namespace_path": "g", "azp": "z", "environment": nil,
		"pipeline_slug": "p", "oidc.circleci.com/project-id": "c",
	}
	for _, tc := range []struct {
		issuer string
		want   []string
	}{
		{"https://token.actions.githubusercontent.com", []string{":aud=z", ":sub=s", ":amr=x", ":actor=octocat", ":enterprise_id=7", ":ref=refs/heads/main"}},
		{"token.actions.githubusercontent.com/slug", []string{":aud=z", ":sub=s", ":amr=x", ":actor=octocat", ":enterprise_id=7", ":ref=refs/heads/main"}},
		{"https://gitlab.com", []string{":aud=z", ":sub=s", ":amr=x", ":project_id=42"}},
		{"https://gitlab.example.com", []string{":aud=z", ":sub=s", ":amr=x"}},
		{"https://agent.buildkite.com", []string{":aud=z", ":sub=s", ":amr=x", ":pipeline_slug=p"}},
		{"https://oidc.circleci.com/org/o", []string{":aud=z", ":sub=s", ":amr=x", ":oidc.circleci.com/project-id=c"}},
		{"accounts.google.com", []string{":aud=z", ":sub=s", ":amr=x", ":oaud=a"}},
	} {
		var got []string
		prefix := tc.issuer
		for _, k := range claimKeys(tc.issuer, claims) {
			prefix = k.Name[:len(k.Name)-len(k.Name[lastColon(k.Name):])]
			got = append(got, k.Name[lastColon(k.Name):]+"="+k.Values[0])
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.issuer, got, tc.want)
		}
		if want := trimScheme(tc.issuer); prefix != want {
			t.Errorf("got keys of %q, want %q", prefix, want)
		}
	}
}

func lastColon(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ':' {
			return i
		}
	}
	return len(s)
}

func trimScheme(s string) string {
	if len(s) > 8 && s[:8] == "https://" {
		return s[8:]
	}
	return s
}
