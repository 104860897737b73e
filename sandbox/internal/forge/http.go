package forge

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

const discoveryPath = "/.well-known/openid-configuration"

// jwksPath is where each forge publishes its keys, under the issuer's path.
var jwksPath = map[oidc.Kind]string{
	oidc.KindGitLab: "/oauth/discovery/keys",
	oidc.KindGitHub: "/.well-known/jwks",
}

// discovery is the part of OpenID Connect Discovery 1.0 that a relying party of
// CI tokens needs. The forges list endpoints for signing in as well; the sandbox
// has none and so names none.
type discovery struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	SubjectTypes  []string `json:"subject_types_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	Scopes        []string `json:"scopes_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Claims        []string `json:"claims_supported"`
}

// ServeHTTP answers discovery and JWKS requests for the issuers, and those to
// GitLab's Terraform state API, by the request's Host and path, and 404 with the
// reason for all else.
func (f *Forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if is, path := f.api(r); is != nil {
		f.serveAPI(w, r, is, path)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the sandbox's forge only answers GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	base := "https://" + hostOf(r)
	if path, ok := strings.CutSuffix(r.URL.Path, discoveryPath); ok {
		if is, err := f.issuer(base + path); err == nil {
			reply(w, is.discovery(base+path))
			return
		}
	}
	for kind, suffix := range jwksPath {
		path, ok := strings.CutSuffix(r.URL.Path, suffix)
		if !ok {
			continue
		}
		is, err := f.issuer(base + path)
		if err != nil || is.kind != kind {
			continue
		}
		set, err := is.key.public(f.rand)
		if err != nil {
			http.Error(w, "the sandbox could not make a signing key", http.StatusServiceUnavailable)
			return
		}
		reply(w, set)
		return
	}
	http.Error(w, fmt.Sprintf("the sandbox's stand-in for %s serves OIDC discovery, JWKS and GitLab's Terraform states only, not %s", base, r.URL.Path), http.StatusNotFound)
}

// api finds the GitLab whose API a request is for, and the escaped path without the
// GitLab's own; nil: none.
func (f *Forge) api(r *http.Request) (found *issuer, rest string) {
	host, path := hostOf(r), r.URL.EscapedPath()
	for _, is := range f.issuers {
		if is.kind != oidc.KindGitLab || is.host != host || found != nil && len(is.path) <= len(found.path) {
			continue
		}
		if below, ok := strings.CutPrefix(path, is.path); ok && strings.HasPrefix(below, "/api/") {
			found, rest = is, below
		}
	}
	return found, rest
}

func (is *issuer) discovery(url string) discovery {
	d := discovery{
		Issuer: url, JWKSURI: url + jwksPath[is.kind],
		SubjectTypes: []string{"public"}, ResponseTypes: []string{"id_token"},
		Scopes: []string{"openid"}, Algorithms: []string{"RS256"},
		Claims: oidc.ClaimNames(is.kind),
	}
	if is.kind == oidc.KindGitHub {
		d.SubjectTypes = []string{"public", "pairwise"}
	}
	return d
}

func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(host)
}

func reply(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the sandbox could not encode its answer", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that went away needs no answer.
	_, _ = w.Write(body)
}
