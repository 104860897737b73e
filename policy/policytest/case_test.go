package policytest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

const good = `{"id":"a","request":{"principal":"arn:aws:iam::111111111111:user/u","action":"s3:GetObject","resource":{"arn":"arn:aws:s3:::b/k","accountId":"111111111111"},"context":{}},"identityPolicies":[],"scps":[],"rcps":[],"permissionBoundary":null,"sessionPolicy":null,"vpcEndpointPolicies":[],"expected":"ImplicitlyDenied"}`

func TestReadRefusesWhatTheFormatDoesNotKnow(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"unknown field", `"id":"a"`, `"id":"a","note":"x"`, `unknown field "note"`},
		{"unknown request field", `"action":`, `"verb":"x","action":`, `unknown field "verb"`},
		{"unknown answer", "ImplicitlyDenied", "Denied", `expected "Denied"`},
		{"no answer", `,"expected":"ImplicitlyDenied"`, ``, `no "expected"`},
		{"no principal", `"principal":"arn:aws:iam::111111111111:user/u",`, ``, "no principal"},
		{"unknown principal type", `"arn:aws:iam::111111111111:user/u"`, `{"type":"Root"}`, `principal type "Root"`},
		{"context number", `"context":{}`, `"context":{"k":1}`, "want a string or an array of strings"},
		{"context null", `"context":{}`, `"context":{"k":null}`, "want a string or an array of strings"},
		{"two values", `"expected":"ImplicitlyDenied"}`, `"expected":"ImplicitlyDenied"} {}`, "text after the end"},
		{"truncated", `"expected":"ImplicitlyDenied"}`, ``, "unexpected EOF"},
		{"no action", `"action":"s3:GetObject",`, ``, "no action"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := strings.Replace(good, tt.from, tt.to, 1)
			if line == good {
				t.Fatalf("the case does not contain %q", tt.from)
			}
			cases, bad, err := policytest.Read("f.jsonl", strings.NewReader(good+"\n\n"+line+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if len(cases) != 1 || len(bad) != 1 {
				t.Fatalf("got %d cases and %d bad lines, want one of each", len(cases), len(bad))
			}
			if got := bad[0].Error(); !strings.HasPrefix(got, "f.jsonl:3: ") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want f.jsonl:3: and %q", got, tt.want)
			}
		})
	}
}

func TestRunCountsMissesErrorsAndDeviations(t *testing.T) {
	deviating := strings.Replace(good, `"expected"`, `"deviations":["engine differs on purpose"],"expected"`, 1)
	cases, bad, err := policytest.Read("f", strings.NewReader(good+"\n"+good+"\n"+deviating+"\n"+good))
	if err != nil || len(bad) != 0 {
		t.Fatal(err, bad)
	}
	n := 0
	s := policytest.Run(cases, func(*policytest.Case) (policytest.Answer, string, error) {
		n++
		switch n {
		case 1:
			return policytest.ImplicitlyDenied, "", nil
		case 4:
			return "", "", errors.New("cannot tell")
		}
		return policytest.Allowed, "because", nil
	})
	if s.Cases != 4 || s.Agree != 1 || s.Disagree != 1 || s.Skipped != 1 || len(s.Errors) != 1 || len(s.Misses) != 1 || len(s.Apart) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestAnUnreadablePolicyIsAnErrorNotAVerdict(t *testing.T) {
	line := strings.Replace(good, `"identityPolicies":[]`, `"identityPolicies":[{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqual":{"k":"v"}}}}]`, 1)
	cases, _, err := policytest.Read("f", strings.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	s := policytest.Run(cases, policytest.Engine)
	if len(s.Errors) != 1 || !strings.Contains(s.Errors[0].Error(), "StringEqual") {
		t.Errorf("got %+v, want an error that names the operator", s)
	}
}
