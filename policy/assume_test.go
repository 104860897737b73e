package policy_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// What the generous set denies is denied, and what the other one allows is
// allowed, whatever the unknown keys are.
func TestAssumeBoundsEveryValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	key := func() string { return pick("aws:username", "aws:x", "aws:y", "aws:TagKeys") }
	condition := func() string {
		value := pick(`"a"`, `"b"`, `["a","b"]`, `"${aws:x}"`, `"a*"`, `"${aws:y, 'b'}"`)
		op := pick("StringEquals", "StringNotEquals", "StringLike", "StringNotLikeIfExists", "ForAnyValue:StringEquals", "ForAllValues:StringNotEquals", "Null")
		if op == "Null" {
			value = pick(`"true"`, `"false"`)
		}
		return `"` + op + `": {"` + key() + `": ` + value + `}`
	}
	statement := func(principal string) string {
		text := `{"Effect": "` + pick("Allow", "Allow", "Deny") + `"` + principal + `, "` + pick("Action", "Action", "NotAction") + `": "` + pick("s3:*", "s3:GetObject", "s3:PutObject") +
			`", "` + pick("Resource", "Resource", "NotResource") + `": ["` + pick("arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:x}", "arn:aws:s3:::c/*", "*") + `", "` + pick("arn:aws:s3:::d", "arn:aws:s3:::b/${aws:y}/*") + `"]`
		if r.IntN(3) > 0 {
			text += `, "Condition": {` + condition() + `}`
		}
		return text + "}"
	}
	document := func(kind policy.Kind, principal string) *policy.Policy {
		list := []string{statement(principal), statement(principal), statement(principal)}
		return parse(t, kind, `{"Version": "2012-10-17", "Statement": [`+strings.Join(list[:1+r.IntN(3)], ",")+`]}`)
	}
	unknown := func(key string) bool { return strings.EqualFold(key, "aws:x") || strings.EqualFold(key, "AWS:Y") }
	settled, open := 0, 0
	for range 3000 {
		set := &policy.Set{Identity: []*policy.Policy{document(policy.Identity, "")}}
		if r.IntN(2) == 0 {
			set.Boundary = document(policy.Boundary, "")
		}
		if r.IntN(2) == 0 {
			set.Resource = document(policy.Resource, `, "`+pick("Principal", "Principal")+`": `+pick(`"*"`, `{"AWS": "`+ann+`"}`, `{"AWS": "111122223333"}`))
		}
		if r.IntN(2) == 0 {
			set.SCPs = [][]*policy.Policy{{document(policy.SCP, "")}}
		}
		req := &policy.Request{Principal: principal(t, ann), Action: "s3:GetObject", Resource: pick("arn:aws:s3:::b/a", "arn:aws:s3:::b/b/c", "arn:aws:s3:::d"), ResourceAccount: "111122223333"}
		best, worst := set.Assume(unknown, true), set.Assume(unknown, false)
		req.Context = ctx("aws:username", "ann", "aws:TagKeys", []string{"a"})
		allowed := worst.Decide(req).Verdict == policy.Allow
		denied := best.Decide(req).Verdict != policy.Allow
		if allowed && denied {
			t.Fatal("allowed at worst and denied at best")
		}
		if allowed || denied {
			settled++
		} else {
			open++
		}
		for _, x := range []string{"", "a", "b", "ann", "*", "a/b"} {
			for _, y := range []string{"", "a", "b", "ab"} {
				c := ctx("aws:username", "ann", "aws:TagKeys", []string{"a"})
				if x != "" {
					c.Set("aws:x", x)
				}
				if y != "" {
					c.Set("aws:Y", y)
				}
				req.Context = c
				if got := set.Decide(req).Verdict == policy.Allow; allowed && !got || denied && got {
					t.Fatalf("x %q, y %q: allowed %v, but at worst %v and at best %v\n%s", x, y, got, allowed, !denied, set.Identity[0].Source())
				}
			}
		}
	}
	if settled < 500 || open < 100 {
		t.Errorf("%d settled and %d open cases prove little", settled, open)
	}
}

func TestHoldTellsEveryElement(t *testing.T) {
	p := parse(t, policy.Identity, `{"Version": "2012-10-17", "Statement": [
	  {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/${aws:x}", "Condition": {"StringEquals": {"aws:username": ["ann", "${aws:y}"]}, "Bool": {"aws:z": "true"}}}]}`)
	req := &policy.Request{Principal: principal(t, ann), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: ctx("aws:username", "ann", "aws:x", "k")}
	s := p.Hold(0, req, false)
	if s.Action || !s.Resource || !s.Principal || len(s.Conditions) != 2 || !s.Conditions[0].Met || s.Conditions[1].Met || s.Effect != policy.EffectDeny {
		t.Errorf("got %+v", s)
	}
	h := p.Hinges(0, func(key string) bool { return key == "aws:x" || key == "aws:y" })
	if !h.Any() || len(h.Resource) != 1 || len(h.Conditions[0]) != 1 || h.Conditions[0][0] != "aws:y" || h.Conditions[1] != nil {
		t.Errorf("hinges %+v", h)
	}
	if h := p.Hinges(0, func(string) bool { return false }); h.Any() {
		t.Errorf("hinges %+v on nothing", h)
	}
}
