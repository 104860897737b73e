package token_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/token"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// outputs is everything that a report can print.
func outputs(t testing.TB, r *token.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Text(&b, diag.Style{}); err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.Answer()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rules are the findings as "level rule".
func rules(r *token.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, string(f.Level)+" "+f.Rule)
	}
	return list
}

func TestInspect(t *testing.T) {
	k := keys()
	der, err := x509.MarshalPKIXPublicKey(k.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	hmac := func(secret []byte, alg jose.SignatureAlgorithm) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: secret}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "one"))
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := json.Marshal(claims(t, nil))
		jws, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	honest := sign(t, jose.RS256, k.rsa, claims(t, nil), nil)
	parts := strings.Split(honest, ".")
	rs := func(change map[string]any) string { return sign(t, jose.RS256, k.rsa, claims(t, change), nil) }
	head := func(header map[string]any) string { return sign(t, jose.RS256, k.rsa, claims(t, nil), header) }
	good := jwks(t, one())
	var all bytes.Buffer
	unix := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, tt := range []struct {
		name, text string
		keys       *token.KeySet
		verdict    token.Verdict
		signature  string
		want       []string
	}{
		{"honest", honest, good, token.Good, token.Verified, nil},
		{"no keys", honest, nil, token.Unknown, token.Unchecked, []string{"note token-unchecked"}},
		{"EC key", sign(t, jose.ES256, k.ec, claims(t, nil), nil), jwks(t, jose.JSONWebKey{Key: k.ec.Public(), KeyID: "one"}), token.Good, token.Verified, nil},
		{"key without kid, one in the set", head(map[string]any{"kid": nil}), good, token.Good, token.Verified, []string{"warning token-header-kid"}},
		{"stranger's key", sign(t, jose.RS256, k.stranger, claims(t, nil), nil), good, token.Bad, token.Invalid, []string{"error token-signature"}},
		{"stranger without kid", sign(t, jose.RS256, k.stranger, claims(t, nil), map[string]any{"kid": nil}), good, token.Bad, token.Invalid, []string{"warning token-header-kid", "error token-signature"}},
		{"unknown key", head(map[string]any{"kid": "two"}), good, token.Bad, token.Invalid, []string{"error token-key-unknown"}},
		{"key for encryption", honest, jwks(t, jose.JSONWebKey{Key: k.rsa.Public(), KeyID: "one", Use: "enc"}), token.Bad, token.Invalid, []string{"error token-key-unknown"}},
		{"key for another algorithm", sign(t, jose.RS512, k.rsa, claims(t, nil), nil), good, token.Bad, token.Invalid, []string{"error token-key-unknown"}},
		{"key of another type", honest, jwks(t, jose.JSONWebKey{Key: k.ec.Public(), KeyID: "one"}), token.Bad, token.Invalid, []string{"error token-key-unknown"}},
		{"payload swapped", parts[0] + "." + encode(`{"iss":"https://gitlab.com","sub":"x","aud":"y","iat":1,"exp":4102444800}`) + "." + parts[2], good, token.Bad, token.Invalid, []string{"error token-signature"}},
		{"signature removed", parts[0] + "." + parts[1] + ".", good, token.Bad, token.Invalid, []string{"error token-unsigned"}},
		{"alg none", encode(`{"alg":"none","typ":"JWT","kid":"one"}`) + "." + parts[1] + ".", good, token.Bad, token.Invalid, []string{"error token-alg-none"}},
		{"alg nOnE with a signature", encode(`{"alg":"nOnE","typ":"JWT","kid":"one"}`) + "." + parts[1] + "." + parts[2], good, token.Bad, token.Invalid, []string{"error token-alg-none"}},
		{"alg none without keys", encode(`{"alg":"none","typ":"JWT","kid":"one"}`) + "." + parts[1] + ".", nil, token.Bad, token.Invalid, []string{"error token-alg-none", "note token-unchecked"}},
		{"no alg", encode(`{"typ":"JWT","kid":"one"}`) + "." + parts[1] + "." + parts[2], good, token.Bad, token.Invalid, []string{"error token-alg"}},
		{"alg no text", encode(`{"alg":["RS256"],"typ":"JWT","kid":"one"}`) + "." + parts[1] + "." + parts[2], good, token.Bad, token.Invalid, []string{"error token-alg"}},
		{"HS256 with the public key in PEM", hmac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), jose.HS256), good, token.Bad, token.Invalid, []string{"error token-alg-confusion"}},
		{"HS256 with the public key in DER", hmac(der, jose.HS256), good, token.Bad, token.Invalid, []string{"error token-alg-confusion"}},
		{"HS256 with a secret", hmac([]byte("0123456789abcdef0123456789abcdef"), jose.HS256), good, token.Bad, token.Invalid, []string{"error token-alg-hmac"}},
		{"HS512", hmac(bytes.Repeat([]byte("0123456789abcdef"), 4), jose.HS512), good, token.Bad, token.Invalid, []string{"error token-alg-hmac"}},
		{"PS256", sign(t, jose.PS256, k.rsa, claims(t, nil), nil), good, token.Bad, token.Invalid, []string{"error token-alg"}},
		{"crit", head(map[string]any{"crit": []string{"exp"}, "exp": 1}), good, token.Bad, token.Invalid, []string{"error token-header-crit", "error token-signature"}},
		{"jku", head(map[string]any{"jku": "https://evil.example/keys"}), good, token.Bad, token.Verified, []string{"error token-header-url"}},
		{"x5u", head(map[string]any{"x5u": "https://evil.example/cert"}), good, token.Bad, token.Verified, []string{"error token-header-url"}},
		{"own key", sign(t, jose.RS256, k.stranger, claims(t, nil), map[string]any{"jwk": jose.JSONWebKey{Key: k.stranger.Public()}}), good, token.Bad, token.Invalid, []string{"error token-header-key", "error token-signature"}},
		{"own certificate that is none", head(map[string]any{"x5c": []string{"AAAA"}}), good, token.Bad, token.Invalid, []string{"error token-header-key", "error token-form"}},
		{"another typ", head(map[string]any{"typ": "at+jwt"}), good, token.Good, token.Verified, []string{"warning token-header-typ"}},
		{"small key", sign(t, jose.RS256, k.small, claims(t, nil), nil), jwks(t, jose.JSONWebKey{Key: k.small.Public(), KeyID: "one"}), token.Bad, token.Verified, []string{"error keys-weak"}},
		{"published private key", honest, jwks(t, jose.JSONWebKey{Key: k.rsa, KeyID: "one"}), token.Bad, token.Verified, []string{"warning keys-private", "error keys-private"}},
		{"another key published with its private half", honest, jwks(t, one(), jose.JSONWebKey{Key: k.stranger, KeyID: "two"}), token.Good, token.Verified, []string{"warning keys-private"}},
		{"symmetric key in the set", honest, jwks(t, one(), jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "two"}), token.Good, token.Verified, []string{"warning keys-symmetric"}},
		{"two keys of one kid", honest, jwks(t, jose.JSONWebKey{Key: k.stranger.Public(), KeyID: "one"}, one()), token.Good, token.Verified, []string{"warning keys-duplicate"}},
		{"empty set", honest, jwks(t), token.Bad, token.Invalid, []string{"error token-key-unknown"}},

		{"expired", rs(map[string]any{"iat": unix(-3 * time.Hour), "exp": unix(-2 * time.Hour)}), good, token.Bad, token.Verified, []string{"error token-expired"}},
		{"expired within the skew", rs(map[string]any{"exp": unix(-time.Minute), "iat": unix(-time.Hour)}), good, token.Bad, token.Verified, []string{"error token-expired"}},
		{"expires now", rs(map[string]any{"exp": unix(0)}), good, token.Bad, token.Verified, []string{"error token-expired"}},
		{"expired before it was issued", rs(map[string]any{"exp": unix(-2 * time.Hour)}), good, token.Bad, token.Verified, []string{"error token-expired", "error token-times"}},
		{"not yet", rs(map[string]any{"nbf": unix(time.Hour)}), good, token.Bad, token.Verified, []string{"error token-not-yet-valid"}},
		{"not yet within the skew", rs(map[string]any{"nbf": unix(time.Minute)}), good, token.Good, token.Verified, []string{"warning token-not-yet-valid"}},
		{"issued in the future", rs(map[string]any{"iat": unix(time.Hour), "exp": unix(2 * time.Hour)}), good, token.Bad, token.Verified, []string{"error token-issued-later"}},
		{"no exp", rs(map[string]any{"exp": nil}), good, token.Bad, token.Verified, []string{"error token-no-exp"}},
		{"no iat", rs(map[string]any{"iat": nil}), good, token.Bad, token.Verified, []string{"error token-no-iat"}},
		{"exp as text", rs(map[string]any{"exp": "4102444800"}), good, token.Bad, token.Verified, []string{"error token-time"}},
		{"exp in fractions", rs(map[string]any{"exp": 4102444800.5}), good, token.Bad, token.Verified, []string{"error token-time"}},
		{"exp beyond all bounds", signText(t, jose.RS256, k.rsa, `{"iss":"https://gitlab.com","sub":"s","aud":"a","iat":1795348800,"exp":1e400}`, nil), good, token.Bad, token.Verified, []string{"error token-time"}},
		{"no aud", rs(map[string]any{"aud": nil}), good, token.Bad, token.Verified, []string{"error token-no-audience"}},
		{"several audiences", rs(map[string]any{"aud": []string{"a", "b"}}), good, token.Bad, token.Verified, []string{"error token-audiences"}},
		{"several audiences and azp", rs(map[string]any{"aud": []string{"a", "b"}, "azp": "a"}), good, token.Good, token.Verified, nil},
		{"no sub", rs(map[string]any{"sub": nil}), good, token.Bad, token.Verified, []string{"error token-no-subject"}},
		{"sub no text", rs(map[string]any{"sub": 7}), good, token.Bad, token.Verified, []string{"error token-no-subject"}},
		{"no iss", rs(map[string]any{"iss": nil}), good, token.Bad, token.Verified, []string{"error token-issuer"}},
		{"iss without TLS", rs(map[string]any{"iss": "http://gitlab.com"}), good, token.Bad, token.Verified, []string{"error token-issuer"}},
		{"iss with a query", rs(map[string]any{"iss": "https://gitlab.com/?x"}), good, token.Bad, token.Verified, []string{"error token-issuer"}},
		{"iss with a user", rs(map[string]any{"iss": "https://gitlab.com@evil.example"}), good, token.Bad, token.Verified, []string{"error token-issuer"}},
		{"claim twice", signText(t, jose.RS256, k.rsa, `{"iss":"https://gitlab.com","sub":"evil","sub":"s","aud":"a","iat":1795348800,"exp":4102444800}`, nil), good, token.Bad, token.Verified, []string{"error token-duplicate"}},
		{"claim twice, deep", signText(t, jose.RS256, k.rsa, `{"iss":"https://gitlab.com","sub":"s","aud":"a","iat":1795348800,"exp":4102444800,"x":[{"a":1,"a":2}]}`, nil), good, token.Bad, token.Verified, []string{"error token-duplicate"}},
		{"header twice", signRaw(t, jose.RS256, k.rsa, `{"alg":"none","alg":"RS256","kid":"one"}`, `{"iss":"https://gitlab.com","sub":"s","aud":"a","iat":1795348800,"exp":4102444800}`), good, token.Bad, token.Invalid, []string{"error token-duplicate", "error token-form"}},
		{"too long for STS", rs(map[string]any{"x": strings.Repeat("a", 20000)}), good, token.Bad, token.Verified, []string{"error token-size"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := inspect(t, tt.text, token.Inspection{Keys: tt.keys})
			if r.Verdict != tt.verdict || r.Signature.Status != tt.signature {
				t.Errorf("got %s, %s; want %s, %s", r.Verdict, r.Signature.Status, tt.verdict, tt.signature)
			}
			if d := cmp.Diff(tt.want, rules(r)); d != "" {
				t.Errorf("findings, -want +got:\n%s", d)
			}
			fmt.Fprintf(&all, "== %s\n", tt.name)
			for _, f := range r.Findings {
				fmt.Fprintf(&all, "%s: %s\n", f.Level, wording(f.Diagnostic))
				if f.Why == "" || f.Fix == "" {
					t.Errorf("no reason or no repair: %+v", f.Diagnostic)
				}
			}
		})
	}
	golden(t, "testdata/findings.txt", all.Bytes())
}

// wording is all that a diagnostic says.
func wording(d *diag.Diagnostic) string {
	return fmt.Sprintf("%s [%s]\n  found: %s\n  why: %s\n  fix: %s", d.Error(), d.Rule, d.Found, d.Why, d.Fix)
}

func TestExit(t *testing.T) {
	for v, want := range map[token.Verdict]int{token.Good: 0, token.Bad: 2, token.Unknown: 1} {
		if got := (&token.Report{Verdict: v}).Exit(); got != want {
			t.Errorf("%s: got %d, want %d", v, got, want)
		}
	}
}

// The sandbox's forge mints a token for every fault, and decode finds each by
// its name, with keys that it fetches as it would from the real forge.
func TestFaultsOfTheForge(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fetcher := &token.Fetcher{Transport: s.HTTPClient().Transport}
	want := map[oidc.Fault]string{
		oidc.Honest: "", oidc.Forged: "error token-signature", oidc.UnknownKey: "error token-key-unknown", oidc.AlgNone: "error token-alg-none",
		oidc.HS256: "error token-alg-confusion", oidc.Tampered: "error token-signature", oidc.Expired: "error token-expired", oidc.NotYetValid: "error token-not-yet-valid error token-issued-later",
	}
	for _, forge := range []string{"gitlab", "github"} {
		for _, fault := range append(oidc.Faults(), oidc.Honest) {
			text, err := s.Token(oidc.TokenRequest{Forge: forge, Project: "acme/infra", Fault: fault})
			if err != nil {
				t.Fatal(err)
			}
			tok, err := token.Read(text)
			if err != nil {
				t.Fatal(err)
			}
			set, err := fetcher.Keys(t.Context(), tok.Issuer)
			if err != nil {
				t.Fatal(err)
			}
			r := inspect(t, text, token.Inspection{Keys: set, Now: time.Now()})
			if got := strings.Join(rules(r), " "); got != want[fault] {
				t.Errorf("%s %s: got %q, want %q", forge, fault, got, want[fault])
			}
			if (r.Verdict == token.Good) != (fault == oidc.Honest) {
				t.Errorf("%s %s: verdict %s", forge, fault, r.Verdict)
			}
		}
	}
}

// Every claim that a forge documents has a meaning, and a group that is shown.
func TestEveryClaimIsExplained(t *testing.T) {
	for _, forge := range []oidc.Kind{oidc.KindGitLab, oidc.KindGitHub} {
		for _, name := range oidc.ClaimNames(forge) {
			c := map[string]any{"iss": map[oidc.Kind]string{oidc.KindGitLab: oidc.GitLabIssuer, oidc.KindGitHub: oidc.GitHubIssuer}[forge], name: "x"}
			text, _ := json.Marshal(c)
			r := inspect(t, encode(`{"alg":"none"}`)+"."+encode(string(text))+".", token.Inspection{})
			for _, got := range r.Claims {
				if got.Name == name && got.Meaning == "" {
					t.Errorf("%s: nothing says what %s means", forge, name)
				}
			}
		}
	}
}

func TestForge(t *testing.T) {
	gitlab := map[string]any{"project_path": "a/b", "pipeline_source": "push"}
	for _, tt := range []struct {
		issuer string
		claims map[string]any
		kind   oidc.Kind
		want   string
	}{
		{"https://gitlab.com", nil, oidc.KindGitLab, "GitLab.com"},
		{"https://gitlab.example.com", gitlab, oidc.KindGitLab, "the self-managed GitLab at gitlab.example.com"},
		{"https://gitlab.example.com", nil, oidc.KindGeneric, "the OIDC issuer gitlab.example.com"},
		{"https://token.actions.githubusercontent.com", nil, oidc.KindGitHub, "GitHub Actions"},
		{"https://token.actions.githubusercontent.com/octo", nil, oidc.KindGitHub, "GitHub Actions for the enterprise octo"},
		{"https://token.actions.octo.ghe.com", nil, oidc.KindGitHub, "GitHub Enterprise Cloud with data residency, octo.ghe.com"},
		{"https://github.example.com/_services/token", nil, oidc.KindGitHub, "the GitHub Enterprise Server at github.example.com"},
		{"https://accounts.google.com", nil, oidc.KindGoogle, "Google"},
		{"https://id.example.com/realms/ci", nil, oidc.KindGeneric, "the OIDC issuer id.example.com/realms/ci"},
		{"", nil, oidc.KindGeneric, "an unnamed issuer"},
	} {
		c := map[string]any{"iss": tt.issuer}
		for k, v := range tt.claims {
			c[k] = v
		}
		text, _ := json.Marshal(c)
		r := inspect(t, encode(`{"alg":"none"}`)+"."+encode(string(text))+".", token.Inspection{})
		if r.Kind != tt.kind || r.Forge != tt.want {
			t.Errorf("%s: got %s, %q; want %s, %q", tt.issuer, r.Kind, r.Forge, tt.kind, tt.want)
		}
	}
}

// Only gitlab.com's tokens show more than aud, sub and amr.
func TestClaimsThatATrustPolicySees(t *testing.T) {
	seen := func(issuer string) (names []string) {
		r := inspect(t, sign(t, jose.RS256, keys().rsa, claims(t, map[string]any{"iss": issuer}), nil), token.Inspection{})
		for _, c := range r.Claims {
			if c.Key != "" {
				names = append(names, c.Name)
			}
		}
		return names
	}
	if d := cmp.Diff([]string{"sub", "aud", "user_id", "user_login", "user_email", "user_access_level", "namespace_id", "project_id", "pipeline_source", "runner_environment", "ref_protected"}, seen(issuer)); d != "" {
		t.Errorf("gitlab.com, -want +got:\n%s", d)
	}
	if d := cmp.Diff([]string{"sub", "aud"}, seen("https://gitlab.example.com")); d != "" {
		t.Errorf("self-managed, -want +got:\n%s", d)
	}
}

func TestGolden(t *testing.T) {
	evil := claims(t, map[string]any{"x": "\x1b[31mred\u202e", "inner": "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0xxxx.c2ln", "big": strings.Repeat("long ", 200),
		"nested": map[string]any{"b": []int{1, 2}, "a": nil}, "iat": now.Add(time.Hour).Unix(), "exp": now.Add(-2 * time.Hour).Unix()})
	for name, text := range map[string]string{
		"good":    sign(t, jose.RS256, keys().rsa, claims(t, map[string]any{"environment": "production"}), nil),
		"hostile": sign(t, jose.RS256, keys().rsa, evil, map[string]any{"jku": "https://evil.example/\x1b]0;x\x07", "kid": "../../etc/passwd"}),
	} {
		r := inspect(t, text, token.Inspection{Keys: jwks(t, one())})
		var b bytes.Buffer
		if err := r.Text(&b, diag.Style{}); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+name+".txt", b.Bytes())
		b.Reset()
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r.Answer()); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/"+name+".json", b.Bytes())
		if strings.ContainsAny(b.String(), "\x1b\x07") {
			t.Error("the JSON holds control characters")
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s, -want +got (go test ./internal/token -update rewrites it):\n%s", file, d)
	}
}
