package policy_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// What a loose reading does with faults is in policytest/corpus/documents.jsonl.
// This is where it stops.
func TestParseLooseRefusesWhatHasNoSingleMeaning(t *testing.T) {
	for _, row := range []struct {
		name string
		kind policy.Kind
		src  string
	}{
		{"broken JSON", policy.Identity, `{"Statement": [`},
		{"element given twice", policy.Identity, `S{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}S`},
		{"unknown element", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}S`},
		{"no statement", policy.Identity, `{"Version": "2012-10-17"}`},
		{"no action", policy.Identity, `S{"Effect": "Allow", "Resource": "*"}S`},
		{"Action and NotAction", policy.Identity, `S{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}S`},
		{"misspelt effect", policy.Identity, `S{"Effect": "deny", "Action": "*", "Resource": "*"}S`},
		{"misspelt operator", policy.Identity, `C{"StringEqual": {"aws:username": "ann"}}C`},
		{"misspelt set operator", policy.Identity, `C{"ForAnyValues:StringEquals": {"aws:TagKeys": "a"}}C`},
		{"value is an object", policy.Identity, `C{"StringEquals": {"aws:username": {}}}C`},
		{"unknown type of principal", policy.Resource, `S{"Effect": "Allow", "Principal": {"Amazon": "*"}, "Action": "*", "Resource": "*"}S`},
		{"unknown version", policy.Identity, `{"Version": "2026-01-01", "Statement": []}`},
	} {
		if p, err := policy.ParseLoose("p.json", []byte(document(row.src)), row.kind); err == nil {
			t.Errorf("%s: got %s, want an error", row.name, p.Source())
		}
	}
}

func TestReservedResourcesAreNamedInExplanations(t *testing.T) {
	all := parse(t, policy.Identity, document(`S{"Effect": "Allow", "Action": "*", "Resource": "*"}S`))
	set := &policy.Set{Identity: []*policy.Policy{all}}
	r := &policy.Request{Principal: principal(t, ann), Action: "iam:DeletePolicy", Resource: "arn:aws:iam::aws:policy/ReadOnlyAccess"}
	if d := decide(t, set, r); d.Verdict != policy.ImplicitDeny || d.Reason != policy.ReasonReserved {
		t.Errorf("got %v by %v", d.Verdict, d.Reason)
	}
	want := "ImplicitDeny: " + ann + ", iam:DeletePolicy on arn:aws:iam::aws:policy/ReadOnlyAccess: the resource is AWS's own and cannot be changed by customers"
	if got := set.Explain(r).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// In a real request a * is a letter of the resource's name.
func TestStarInANameIsNoPattern(t *testing.T) {
	p := parse(t, policy.Identity, document(`S{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/private"}S`))
	r := &policy.Request{Principal: principal(t, ann), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*"}
	set := &policy.Set{Identity: []*policy.Policy{p}}
	if d := decide(t, set, r); d.Verdict != policy.ImplicitDeny {
		t.Errorf("an object named *: got %v", d.Verdict)
	}
	r.Pattern = true
	if d := decide(t, set, r); d.Verdict != policy.Allow {
		t.Errorf("the pattern *: got %v", d.Verdict)
	}
}
