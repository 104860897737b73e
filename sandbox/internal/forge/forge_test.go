package forge_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

const selfManaged = "https://gitlab.example.com"

func newForge(t *testing.T) *forge.Forge {
	t.Helper()
	f, err := forge.New(forge.Options{
		Issuers: []string{selfManaged, "https://git.example.org/gitlab/", "https://token.actions.acme.ghe.com"},
		Clock:   clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestIssuersAreRefusedByName(t *testing.T) {
	for _, issuer := range []string{"http://gitlab.example.com", "gitlab.example.com", "https://", "https://u:p@gitlab.example.com", "https://gitlab.example.com?x=1", "https://gitlab.example.com:8443", oidc.GitLabIssuer, "https://sts.amazonaws.com"} {
		if _, err := forge.New(forge.Options{Issuers: []string{issuer}}); err == nil || !strings.Contains(err.Error(), issuer) {
			t.Errorf("New with issuer %q: error %v does not name it", issuer, err)
		}
	}
	f := newForge(t)
	for _, issuer := range []string{"https://gitlab.com.evil.example", "https://gitlab.com/", "https://gitlab.com/acme", "http://gitlab.com", "", "https://token.actions.githubusercontent.com/", "https://token.actions.githubusercontent.com/a/b", "https://token.actions.githubusercontent.com/-x"} {
		if _, err := f.JWKS(context.Background(), issuer); err == nil || !strings.Contains(err.Error(), `"`+issuer+`"`) {
			t.Errorf("JWKS(%q): error %v does not name the issuer", issuer, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.JWKS(ctx, oidc.GitLabIssuer); err == nil {
		t.Error("JWKS with a cancelled context succeeds")
	}
}

func TestHosts(t *testing.T) {
	f := newForge(t)
	want := []string{"gitlab.com", "token.actions.githubusercontent.com", "gitlab.example.com", "git.example.org", "token.actions.acme.ghe.com"}
	if got := f.Hosts(); !slices.Equal(got, want) {
		t.Errorf("Hosts = %q, want %q", got, want)
	}
	for host, want := range map[string]bool{"gitlab.com": true, "GitLab.Com": true, "www.gitlab.com": false, "gitlab.com.evil.example": false, "": false} {
		if f.Serves(host) != want {
			t.Errorf("Serves(%q) = %v", host, !want)
		}
	}
}

// Every issuer's discovery document leads to the key set that its tokens verify
// against, and that STS is given.
func TestDiscoveryLeadsToTheKeys(t *testing.T) {
	f := newForge(t)
	for _, tt := range []struct{ issuer, jwks string }{
		{oidc.GitLabIssuer, "https://gitlab.com/oauth/discovery/keys"},
		{selfManaged, selfManaged + "/oauth/discovery/keys"},
		{"https://git.example.org/gitlab", "https://git.example.org/gitlab/oauth/discovery/keys"},
		{oidc.GitHubIssuer, oidc.GitHubIssuer + "/.well-known/jwks"},
		{oidc.GitHubIssuer + "/acme", oidc.GitHubIssuer + "/acme/.well-known/jwks"},
		{"https://token.actions.acme.ghe.com", "https://token.actions.acme.ghe.com/.well-known/jwks"},
	} {
		var doc struct {
			Issuer, JWKSURI string
			Algs, Claims    []string
		}
		body := get(t, f, tt.issuer+"/.well-known/openid-configuration")
		if err := json.Unmarshal(body, &struct {
			Issuer  *string   `json:"issuer"`
			JWKSURI *string   `json:"jwks_uri"`
			Algs    *[]string `json:"id_token_signing_alg_values_supported"`
			Claims  *[]string `json:"claims_supported"`
		}{&doc.Issuer, &doc.JWKSURI, &doc.Algs, &doc.Claims}); err != nil {
			t.Fatalf("%s: %v in %s", tt.issuer, err, body)
		}
		if doc.Issuer != tt.issuer || doc.JWKSURI != tt.jwks || !slices.Equal(doc.Algs, []string{"RS256"}) || !slices.Contains(doc.Claims, "sub") {
			t.Errorf("%s: discovery = %s", tt.issuer, body)
		}
		var served jose.JSONWebKeySet
		if err := json.Unmarshal(get(t, f, doc.JWKSURI), &served); err != nil {
			t.Fatal(err)
		}
		given, err := f.JWKS(context.Background(), tt.issuer)
		if err != nil {
			t.Fatal(err)
		}
		if len(served.Keys) != 1 || len(given.Keys) != 1 || served.Keys[0].KeyID != given.Keys[0].KeyID {
			t.Fatalf("%s: served keys %v, given to STS %v", tt.issuer, served.Keys, given.Keys)
		}
		if k := served.Keys[0]; !k.IsPublic() || k.Use != "sig" || k.Algorithm != "RS256" || k.KeyID == "" {
			t.Errorf("%s: key %+v is not a public RS256 signing key with an ID", tt.issuer, k)
		}
	}
	gl, _ := f.JWKS(context.Background(), oidc.GitLabIssuer)
	sm, _ := f.JWKS(context.Background(), selfManaged)
	if gl.Keys[0].KeyID == sm.Keys[0].KeyID {
		t.Error("gitlab.com and a self-managed GitLab share a key")
	}
}

func get(t *testing.T, f *forge.Forge, url string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("GET %s = %d %s: %s", url, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.Bytes()
}

func TestOtherPathsAreNotFound(t *testing.T) {
	f := newForge(t)
	for _, tt := range []struct {
		method, url string
		want        int
	}{
		{"GET", "https://gitlab.com/api/v4/projects", 404},
		{"GET", "https://gitlab.com/acme/.well-known/openid-configuration", 404},
		{"GET", "https://gitlab.com/.well-known/jwks", 404},
		{"GET", "https://token.actions.githubusercontent.com/oauth/discovery/keys", 404},
		{"GET", "https://other.example/.well-known/openid-configuration", 404},
		{"GET", "https://git.example.org/.well-known/openid-configuration", 404},
		{"POST", "https://gitlab.com/.well-known/openid-configuration", 405},
		{"HEAD", "https://gitlab.com:443/.well-known/openid-configuration", 200},
	} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(tt.method, tt.url, nil))
		if w.Code != tt.want {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.url, w.Code, tt.want)
		}
	}
}
