package policy_test

import (
	"errors"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// requests are what accepted documents are asked in the fuzz tests.
func requests(tb testing.TB, action, resource, key, value string) []*policy.Request {
	c := ctx("aws:SecureTransport", "true", "aws:username", "ann", "aws:SourceIp", "10.0.0.1", "aws:CurrentTime", "2026-01-02T03:04:05Z",
		"aws:TagKeys", []string{"a", value}, "aws:SourceArn", "arn:aws:s3:::b")
	if key != "" {
		c.Set(key, value)
	}
	var all []*policy.Request
	for _, caller := range []string{ann, session, root, other, service, ""} {
		all = append(all, &policy.Request{Principal: principal(tb, caller), Action: action, Resource: resource, ResourceAccount: "111122223333", Context: c})
	}
	return all
}

var kinds = []policy.Kind{policy.Identity, policy.Resource, policy.Trust, policy.Key, policy.Boundary, policy.Session, policy.SCP, policy.RCP, policy.Endpoint}

func FuzzParse(f *testing.F) {
	for _, c := range bad {
		f.Add(document(c.src), uint8(c.kind))
	}
	for _, c := range good {
		f.Add(document(c.src), uint8(c.kind))
	}
	f.Fuzz(func(t *testing.T, src string, kind uint8) {
		k := kinds[int(kind)%len(kinds)]
		p, err := policy.Parse("fuzz", []byte(src), k)
		if err != nil {
			var syntax *policy.SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 || syntax.Msg == "" {
				t.Fatalf("error without a place: %#v", err)
			}
			loose(t, src, k)
			return
		}
		if x, err := policy.ParseLoose("fuzz", []byte(src), k); err != nil {
			t.Fatalf("accepted, but not loosely: %v", err)
		} else {
			for _, r := range requests(t, "s3:GetObject", "arn:aws:s3:::b/k", "", "b") {
				if decide(t, setOf(k, x), r).Verdict != decide(t, setOf(k, p), r).Verdict {
					t.Fatal("a loose reading of a valid document decides differently")
				}
			}
		}
		again, err := policy.Parse("fuzz", p.Source(), k)
		if err != nil {
			t.Fatalf("accepted once, then %v", err)
		}
		for i := range p.Len() {
			if p.Statement(i) != again.Statement(i) {
				t.Fatalf("statement %d differs when parsed again", i)
			}
		}
		public, _, _ := p.Public()
		for _, r := range requests(t, "s3:GetObject", "arn:aws:s3:::b/k", "", "b") {
			one, two := setOf(k, p), setOf(k, again)
			if decide(t, one, r).Verdict != decide(t, two, r).Verdict {
				t.Fatal("the same text decides differently")
			}
			if k == policy.Resource && !public && r.Principal.Type == policy.Anonymous && one.Decide(r).Verdict == policy.Allow && len(p.Keys()) == 0 {
				t.Fatal("an unconditional policy that is not public allows an anonymous caller")
			}
		}
	})
}

// loose asks documents that AWS would not store about resources and patterns.
func loose(t *testing.T, src string, k policy.Kind) {
	p, err := policy.ParseLoose("fuzz", []byte(src), k)
	if err != nil {
		return
	}
	public, _, _ := p.Public()
	for _, resource := range []string{"arn:aws:s3:::b/k", "arn:aws:s3:::b/*", "*"} {
		for _, r := range requests(t, "s3:GetObject", resource, "", "b") {
			r.Pattern = resource != "arn:aws:s3:::b/k"
			d := decide(t, setOf(k, p), r)
			if k == policy.Resource && !public && r.Principal.Type == policy.Anonymous && d.Verdict == policy.Allow && len(p.Keys()) == 0 {
				t.Fatal("an unconditional policy that is not public allows an anonymous caller")
			}
		}
	}
}

// setOf puts a policy where its kind belongs.
func setOf(k policy.Kind, p *policy.Policy) *policy.Set {
	switch k {
	case policy.Identity:
		return &policy.Set{Identity: []*policy.Policy{p}}
	case policy.Boundary:
		return &policy.Set{Boundary: p}
	case policy.Session:
		return &policy.Set{Session: []*policy.Policy{p}}
	case policy.SCP:
		return &policy.Set{SCPs: [][]*policy.Policy{{p}}}
	case policy.RCP:
		return &policy.Set{RCPs: [][]*policy.Policy{{p}}}
	case policy.Endpoint:
		return &policy.Set{Endpoint: []*policy.Policy{p}}
	}
	return &policy.Set{Resource: p}
}

// FuzzDecide checks what holds of every request: an explanation agrees with its
// decision, an explicit deny is one that some step shows, and adding a Deny for
// everything denies.
func FuzzDecide(f *testing.F) {
	f.Add(document(`S`+yes+`S`), document(`S`+grant("*")+`S`), "s3:GetObject", object, "aws:username", "bob")
	f.Add(document(`C{"StringLike": {"s3:prefix": "${aws:username, 'x'}/*"}}C`), document(`S`+refuse(ann)+`S`), "kms:Decrypt", key, "s3:prefix", "ann/x")
	f.Add(document(`C{"ForAllValues:StringNotEqualsIfExists": {"aws:TagKeys": ["a"]}}C`), "", "iam:GetRole", role, "aws:TagKeys", "")
	f.Add(document(`C{"NumericLessThan": {"k:n": "-1.50"}, "DateLessThan": {"aws:CurrentTime": "1767323045"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}C`), "", "a:b", "*", "k:n", "-2")
	deny, err := policy.Parse("deny", []byte(document(`S`+no+`S`)), policy.SCP)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, identity, resource, action, target, key, value string) {
		set := &policy.Set{}
		if p, err := policy.Parse("identity", []byte(identity), policy.Identity); err == nil {
			set.Identity = []*policy.Policy{p}
		}
		if p, err := policy.Parse("resource", []byte(resource), policy.Resource); err == nil {
			set.Resource = p
		}
		for _, r := range requests(t, action, target, key, value) {
			d := set.Decide(r)
			x := set.Explain(r)
			if x.Verdict != d.Verdict || x.Reason != d.Reason || x.String() == "" {
				t.Fatalf("Explain says %v by %v, Decide %v by %v", x.Verdict, x.Reason, d.Verdict, d.Reason)
			}
			denies := false
			for _, s := range x.Steps {
				denies = denies || s.Outcome == policy.Denies
			}
			if denies != (d.Verdict == policy.ExplicitDeny) {
				t.Fatalf("verdict %v, but a step denies: %v", d.Verdict, denies)
			}
			if p, i, ok := d.Statement(); ok && (p.Statement(i).Effect == policy.EffectAllow) != (d.Verdict == policy.Allow) {
				t.Fatalf("%v is decided by a statement of effect %v", d.Verdict, p.Statement(i).Effect)
			}
			if d.Reason == policy.ReasonNotNeeded || d.Reason == policy.ReasonAnonymous {
				continue
			}
			shut := *set
			shut.SCPs = [][]*policy.Policy{{deny}}
			switch r.Principal.Type {
			case policy.User, policy.AssumedRole, policy.Root:
				if got := shut.Decide(r); got.Verdict != policy.ExplicitDeny {
					t.Fatalf("under a Deny for everything: %v", got.Verdict)
				}
			}
		}
	})
}
