package token

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// Level is how much a finding weighs.
type Level string

const (
	// Error: a verifier must refuse the token, or a careful one would.
	Error Level = "error"
	// Warning: the token may be taken, and something about it is wrong.
	Warning Level = "warning"
	// Note: worth knowing.
	Note Level = "note"
)

// Finding is one thing that is wrong with a token or its issuer.
type Finding struct {
	Level Level
	*diag.Diagnostic
}

// Verdict is what a Report comes to.
type Verdict string

const (
	// Good: signed by its issuer, and valid now.
	Good Verdict = "good"
	// Bad: something is wrong with it, whoever signed it.
	Bad Verdict = "bad"
	// Unknown: nothing is wrong with it that can be seen, but nobody checked the
	// signature.
	Unknown Verdict = "unknown"
)

// Report is what there is to say about a token. It holds no part of its text.
type Report struct {
	Verdict   Verdict
	Kind      oidc.Kind
	Forge     string
	Issuer    string
	Header    []Header
	Signature Signature
	Claims    []Claim
	// Keys are the condition keys that STS makes of the claims.
	Keys  []oidc.Key
	Times Times
	// Findings in the order: form, header, signature, issuer, audience, subject, times.
	Findings []Finding

	now time.Time
	// withheld are the parts of the token, which no output may hold.
	withheld []string
}

// Inspection is what a token is looked at with.
type Inspection struct {
	// Keys are the issuer's. Nil: there are none, and NoKeys says why.
	Keys *KeySet
	// NoKeys is why there are no keys: the error of ParseKeys or Fetcher.Keys, or
	// nil where nobody asked. It counts only if Keys is nil.
	NoKeys error
	// Now is the time the token is judged at. The zero value is the year 1.
	Now time.Time
}

// Inspect judges a token. It does no I/O.
func (t *Token) Inspect(with Inspection) *Report {
	r := &Report{Kind: t.Kind(), Forge: t.Forge(), Issuer: clip(t.Issuer), Keys: oidc.ConditionKeys(t.Issuer, t.Claims), now: with.Now}
	for _, p := range t.parts {
		if len(p) >= 16 {
			r.withheld = append(r.withheld, p)
		}
	}
	for _, f := range t.Flaws {
		r.add(Error, f)
	}
	r.header(t)
	r.verify(t, with.Keys)
	if with.Keys == nil && with.NoKeys != nil {
		level := Note
		if code, _ := diag.Outcome(with.NoKeys); code == diag.No {
			level = Error
		}
		for _, d := range diag.All(with.NoKeys) {
			r.add(level, d)
		}
	}
	if with.Keys == nil && with.NoKeys == nil {
		r.add(Note, &diag.Diagnostic{Rule: "token-unchecked", Summary: "the signature was not checked, for no keys were given",
			Why: "anybody can write the claims above", Fix: "give the issuer's keys (--jwks FILE), or let them be fetched"})
	}
	r.registered(t)
	r.times(t)
	r.claims(t)
	r.scrub()
	r.decide()
	return r
}

func (r *Report) decide() {
	bad := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Error })
	switch {
	case bad:
		r.Verdict = Bad
	case r.Signature.Status == Verified:
		r.Verdict = Good
	default:
		r.Verdict = Unknown
	}
}

// Exit is the exit status that goes with the verdict.
func (r *Report) Exit() int {
	return map[Verdict]int{Good: diag.Yes, Bad: diag.No, Unknown: diag.Undecided}[r.Verdict]
}

func (r *Report) add(level Level, d *diag.Diagnostic) {
	r.Findings = append(r.Findings, Finding{level, d})
}

func (r *Report) fail(rule, summary, found, why, fix string) {
	r.add(Error, &diag.Diagnostic{Rule: rule, Summary: summary, Found: found, Why: why, Fix: fix})
}

// registered judges iss, aud and sub.
// Source: IAM User Guide, id_roles_providers_create_oidc: iss, aud, sub, iat and
// exp are required.
func (r *Report) registered(t *Token) {
	const fix = "take a token of the forge itself"
	if _, err := issuerURL(t.Issuer); err != nil {
		for _, d := range diag.All(err) {
			if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Rule == d.Rule }) {
				r.add(Error, d)
			}
		}
	}
	_, err := oidc.Audience(t.Claims)
	switch {
	case errors.Is(err, oidc.ErrNoAudience):
		r.fail("token-no-audience", "the token has no aud", "", "STS refuses it: nothing says who it is for",
			"name the audience where the job asks for the token: id_tokens: ... aud: (GitLab), audience (GitHub)")
	case errors.Is(err, oidc.ErrManyAudiences):
		values, _ := oidc.ClaimValues(t.Claims["aud"])
		r.fail("token-audiences", fmt.Sprintf("the token has %d audiences and no azp", len(values)), "",
			"whoever gets it for one of them can use it with the others; what AWS makes of it is not documented, and the sandbox refuses it",
			"ask for a token of its own for each audience")
	}
	if sub, ok := t.Claims["sub"].(string); !ok || sub == "" {
		r.fail("token-no-subject", "the token has no sub", "", "STS refuses it: nothing says who it is about", fix)
	}
}

// header judges the protected header, and keeps what may be shown of it.
func (r *Report) header(t *Token) {
	for _, name := range sortedNames(t.Header) {
		r.Header = append(r.Header, newHeader(name, t.Header[name]))
	}
	const never = "take a token of the forge itself; a verifier that follows the header lets everyone sign"
	for _, name := range []string{"jku", "x5u"} {
		if v, ok := t.Header[name]; ok {
			s, _ := v.(string)
			r.fail("token-header-url", "the token says where its own key is", name+" = "+shown(s, 100), "only the issuer's own keys count; this URL was not followed", never)
		}
	}
	for _, name := range []string{"jwk", "x5c"} {
		if _, ok := t.Header[name]; ok {
			r.fail("token-header-key", "the token brings its own key along, in "+name, "", "only the issuer's own keys count; this one was not used", never)
		}
	}
	if v, ok := t.Header["crit"]; ok {
		values, _ := oidc.ClaimValues(v)
		r.fail("token-header-crit", "the header says that it must be understood in a special way", "crit = "+shown(strings.Join(values, ", "), 100),
			"a verifier that does not know the extension must refuse the token; neither GitLab nor GitHub uses one", "take a token of the forge itself")
	}
	if typ, ok := t.Header["typ"].(string); ok && !strings.EqualFold(typ, "JWT") {
		r.add(Warning, &diag.Diagnostic{Rule: "token-header-typ", Summary: "the token says that it is something else than an ID token", Found: "typ = " + shown(typ, 60),
			Why: "access tokens and others look alike and mean other things", Fix: "take the ID token"})
	}
	if kid, ok := t.Header["kid"].(string); !ok || kid == "" {
		r.add(Warning, &diag.Diagnostic{Rule: "token-header-kid", Summary: "the header names no key (kid)",
			Why: "a verifier has to guess the key, and may not", Fix: "take a token of the forge itself: GitLab and GitHub name the key"})
	}
}

func sortedNames(m map[string]any) []string {
	first := []string{"alg", "kid", "typ"}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := slices.Index(first, names[i]), slices.Index(first, names[j])
		if (a < 0) != (b < 0) {
			return a >= 0
		}
		if a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	return names
}
