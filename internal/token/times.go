package token

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// skew is how far AWS lets an issuer's clock be off. That it counts for iat and
// nbf too is not documented; the sandbox does so.
// Source: IAM User Guide, id_roles_providers_oidc: five minutes beyond the
// expiration time.
const skew = 5 * time.Minute

// Times are the token's times. Zero: the token has no such time.
type Times struct {
	Issued, NotBefore, Expires time.Time
}

// times reads the token's times and judges them.
func (r *Report) times(t *Token) {
	r.Times.Issued = r.time(t, "iat", true)
	r.Times.NotBefore = r.time(t, "nbf", false)
	r.Times.Expires = r.time(t, "exp", true)
	if exp := r.Times.Expires; !exp.IsZero() && !r.now.Before(exp) {
		d := &diag.Diagnostic{Rule: "token-expired", Summary: "the token expired " + r.ago(exp), Found: "exp = " + date(exp),
			Why: "nobody takes it any more", Fix: "take a fresh token: ask for it in the job, right before it is used"}
		if r.now.Before(exp.Add(skew)) {
			d.Why = "AWS STS takes it for five minutes more; others do not"
		}
		r.add(Error, d)
	}
	r.early("nbf", "token-not-yet-valid", "the token is valid only ", r.Times.NotBefore)
	r.early("iat", "token-issued-later", "the token was issued in the future, ", r.Times.Issued)
	if r.Times.Expires.Before(r.Times.Issued) && !r.Times.Expires.IsZero() {
		r.fail("token-times", "the token expired before it was issued", "iat = "+date(r.Times.Issued)+", exp = "+date(r.Times.Expires), "no honest issuer writes this", "take a fresh token")
	}
}

// early judges a time that should have come already.
func (r *Report) early(name, rule, summary string, at time.Time) {
	if !at.After(r.now) {
		return
	}
	d := &diag.Diagnostic{Rule: rule, Summary: summary + r.ago(at), Found: name + " = " + date(at),
		Why: "a verifier refuses it until then, or one of the two clocks is wrong", Fix: "compare the clock here with the issuer's: date -u"}
	level := Error
	if !at.After(r.now.Add(skew)) {
		level, d.Why = Warning, "AWS STS allows clocks to differ by five minutes; others may not"
	}
	r.add(level, d)
}

// time reads a time as STS does: whole seconds.
// Source: STS API_AssumeRoleWithWebIdentity, "WebIdentityToken": timestamps must
// be integers.
func (r *Report) time(t *Token, name string, required bool) time.Time {
	v, ok := t.Claims[name]
	if !ok {
		if required {
			r.fail("token-no-"+name, "the token has no "+name, "", "STS refuses it: "+map[string]string{"exp": "it would be valid for ever", "iat": "nothing says when it was issued"}[name], "take a token of the forge itself")
		}
		return time.Time{}
	}
	n, _ := v.(json.Number)
	seconds, err := n.Int64()
	if err != nil || seconds < 0 || seconds > 1e11 {
		r.fail("token-time", "the token's "+name+" is no date in whole seconds", "", "STS takes whole seconds since 1970 and nothing else", "take a token of the forge itself")
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// ago says how far a time is from now: "in 4 minutes", "2 hours ago".
func (r *Report) ago(t time.Time) string {
	// Whole seconds, for a Duration cannot hold what a token may claim.
	seconds := t.Unix() - r.now.Unix()
	far := math.Abs(float64(seconds))
	text := "now"
	for _, u := range []struct {
		size float64
		name string
	}{{365.25 * 86400, "year"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}} {
		if far < u.size {
			continue
		}
		n := int64(far / u.size)
		text = fmt.Sprintf("%d %ss", n, u.name)
		if n == 1 {
			text = "1 " + u.name
		}
		break
	}
	switch {
	case text == "now":
		return "just now"
	case seconds > 0:
		return "in " + text
	}
	return text + " ago"
}
