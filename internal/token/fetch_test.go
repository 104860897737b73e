package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/token"
)

const wellKnown = "/.well-known/openid-configuration"

// serve starts a TLS server on loopback; every host name leads to it.
func serve(t *testing.T, h http.HandlerFunc) *token.Fetcher {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	transport := s.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return &token.Fetcher{Transport: transport, Time: 20 * time.Second}
}

func discovery(issuer, uri string) string {
	text, _ := json.Marshal(map[string]string{"issuer": issuer, "jwks_uri": uri})
	return string(text)
}

func TestKeysOfAnIssuer(t *testing.T) {
	set := jwksText(t, one())
	for _, issuer := range []string{"https://gitlab.example.com", "https://gitlab.example.com/gitlab", "https://gitlab.example.com/gitlab/"} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/elsewhere", strings.TrimSuffix(strings.TrimPrefix(issuer, "https://gitlab.example.com"), "/") + wellKnown:
				if r.URL.Path != "/elsewhere" {
					http.Redirect(w, r, "https://www.example.com/elsewhere", http.StatusFound)
					return
				}
				fmt.Fprint(w, discovery(issuer, "https://keys.example.com/k"))
			case "/k":
				w.Write(set)
			default:
				http.NotFound(w, r)
			}
		})
		got, err := f.Keys(t.Context(), issuer)
		if err != nil || got.Len() != 1 || got.Source != "https://keys.example.com/k" {
			t.Errorf("%s: got %+v, %v", issuer, got, err)
		}
	}
}

func TestKeysThatCannotBeHad(t *testing.T) {
	const iss = "https://gitlab.example.com"
	answer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == wellKnown {
				fmt.Fprint(w, discovery(iss, iss+"/keys"))
				return
			}
			fmt.Fprint(w, body)
		}
	}
	first := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) }
	}
	hang := func(after string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == after {
				fmt.Fprint(w, discovery(iss, iss+"/keys"))
				return
			}
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	var said bytes.Buffer
	for _, tt := range []struct {
		name, issuer string
		h            http.HandlerFunc
		code         int
		rule, want   string
	}{
		{"another issuer", iss, first(discovery("https://gitlab.com", iss+"/keys")), diag.No, "issuer-differs", "not the one that its discovery document names"},
		{"a slash more", iss, first(discovery(iss+"/", iss+"/keys")), diag.No, "issuer-differs", "not the one"},
		{"no issuer named", iss, first(`{"jwks_uri":"https://gitlab.example.com/keys"}`), diag.No, "issuer-differs", "not the one"},
		{"keys without TLS", iss, first(discovery(iss, "http://gitlab.example.com/keys")), diag.No, "issuer-keys", "no https jwks_uri"},
		{"no jwks_uri", iss, first(discovery(iss, "")), diag.No, "issuer-keys", "no https jwks_uri"},
		{"no https issuer", "http://gitlab.example.com", first(""), diag.No, "token-issuer", "iss is no https URL"},
		{"no issuer", "", first(""), diag.No, "token-issuer", "the token has no iss"},
		{"an issuer that is a file", "file:///etc/passwd", first(""), diag.No, "token-issuer", "iss is no https URL"},
		{"not found", iss, http.NotFound, diag.Undecided, "issuer-unreachable", "status 404"},
		{"no JSON", iss, first("<html>"), diag.Undecided, "issuer-unreachable", "is not JSON"},
		{"a bomb", iss, first(strings.Repeat(`{"a":`, 10000)), diag.Undecided, "issuer-unreachable", "nests deeper"},
		{"huge discovery", iss, first(strings.Repeat(" ", 1<<20+1)), diag.Undecided, "issuer-unreachable", "larger than 1048576 bytes"},
		{"huge keys", iss, answer(strings.Repeat(" ", 1<<20+1)), diag.Undecided, "issuer-unreachable", "larger than 1048576 bytes"},
		{"keys that are none", iss, answer(`{"keys":"x"}`), diag.Undecided, "keys", `no list "keys"`},
		{"redirect loop", iss, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, diag.Undecided, "issuer-unreachable", "redirects more than 3 times"},
		{"redirect without TLS", iss, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://gitlab.example.com/", http.StatusFound)
		}, diag.Undecided, "issuer-unreachable", "a URL without TLS"},
		{"discovery hangs", iss, hang(""), diag.Undecided, "issuer-unreachable", "did not answer within 100ms"},
		{"keys hang", iss, hang(wellKnown), diag.Undecided, "issuer-unreachable", "did not answer within 100ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := serve(t, tt.h)
			if strings.HasSuffix(tt.name, "hang") || strings.HasSuffix(tt.name, "hangs") {
				f.Time = 100 * time.Millisecond
			}
			set, err := f.Keys(t.Context(), tt.issuer)
			if set != nil {
				t.Error("got keys")
			}
			code, shown := diag.Outcome(err)
			list := diag.All(shown)
			if code != tt.code || len(list) != 1 || list[0].Rule != tt.rule || !strings.Contains(list[0].Summary, tt.want) || list[0].Why == "" || list[0].Fix == "" {
				t.Errorf("got %d, %v; want %d, %s: %s", code, err, tt.code, tt.rule, tt.want)
			}
			if len(list) == 1 {
				fmt.Fprintf(&said, "== %s\n%s\n", tt.name, wording(list[0]))
			}
			// What the issuer does is in the verdict on the token too.
			r := inspect(t, sign(t, jose.RS256, keys().rsa, claims(t, map[string]any{"iss": "https://gitlab.example.com"}), nil), token.Inspection{NoKeys: err})
			if want := map[int]token.Verdict{diag.No: token.Bad, diag.Undecided: token.Unknown}[tt.code]; r.Verdict != want {
				t.Errorf("verdict %s, want %s", r.Verdict, want)
			}
		})
	}
	golden(t, "testdata/issuers.txt", said.Bytes())
}

func TestCertificates(t *testing.T) {
	s := quiet(http.NotFoundHandler())
	t.Cleanup(s.Close)
	f, err := token.NewFetcher(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), "not trusted here") {
		t.Errorf("got %v", err)
	}
	closed := quiet(http.NotFoundHandler())
	closed.Close()
	if _, err := f.Keys(t.Context(), closed.URL); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	if _, err := f.Keys(t.Context(), "https://169.254.169.254"); err == nil || !strings.Contains(err.Error(), "link-local") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "none.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"none.pem", "absent.pem"} {
		if _, err := token.NewFetcher(func(name string) string { return map[string]string{"SSL_CERT_FILE": filepath.Join(dir, file)}[name] }); err == nil {
			t.Errorf("%s is a file of certificates", file)
		}
	}
}

func TestInterrupted(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Keys(ctx, "https://gitlab.example.com"); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
}

// A set of 10,000 keys is read, found too large for AWS, and no slower for a
// token that names none of them.
func TestTenThousandKeys(t *testing.T) {
	k := keys()
	set := make([]jose.JSONWebKey, 0, 10001)
	for i := range 10000 {
		set = append(set, jose.JSONWebKey{Key: k.ec.Public(), KeyID: fmt.Sprint(i)})
	}
	set = append(set, one())
	got := jwks(t, set...)
	if got.Len() != 10001 {
		t.Fatalf("got %d keys", got.Len())
	}
	r := inspect(t, sign(t, jose.RS256, k.rsa, claims(t, nil), nil), token.Inspection{Keys: got})
	if r.Verdict != token.Good || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Summary, "has 10000 EC keys, and AWS takes at most 100") {
		t.Errorf("got %s, %v", r.Verdict, rules(r))
	}
	r = inspect(t, sign(t, jose.ES256, k.ec, claims(t, nil), map[string]any{"kid": nil}), token.Inspection{Keys: got})
	if r.Signature.Status != token.Verified {
		t.Errorf("without kid: %v", rules(r))
	}
}

func TestParseKeysRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "is not JSON",
		"[]":                                 "no object",
		`{"keys":{}}`:                        `no list "keys"`,
		`{"keys":[` + "\xff]":                "is not UTF-8",
		`{"keys":` + strings.Repeat("[", 20): "nests deeper",
		strings.Repeat(" ", token.MaxKeys+1): "is larger than",
	} {
		if _, err := token.ParseKeys([]byte(text), "keys.json"); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "keys.json: ") {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}

func TestSecretsOfAKeySetAreDropped(t *testing.T) {
	set := jwks(t, jose.JSONWebKey{Key: keys().rsa, KeyID: "one"}, jose.JSONWebKey{Key: []byte("a-secret-that-nobody-should-see!"), KeyID: "two"})
	if all := fmt.Sprintf("%+v", *set); strings.Contains(all, encode("a-secret")[:10]) || strings.Contains(all, encode(string(keys().rsa.D.Bytes()))) {
		t.Error("the set keeps a secret")
	}
	if errors.Is(set.Flaws.Err(), nil) {
		t.Error("nothing is said of published secrets")
	}
}

// quiet is a TLS server that does not log the handshakes that clients break off.
func quiet(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}
