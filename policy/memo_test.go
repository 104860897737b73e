package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// manyKeys has so many Allow statements, all with conditions on the same n keys
// but for the case of the names.
func manyKeys(t *testing.T, statements, n int) (*policy.Set, *policy.Request) {
	t.Helper()
	var b strings.Builder
	for s := range statements {
		fmt.Fprintf(&b, `{"Sid": "S%d", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringEquals": {`, s)
		for k := range n {
			name := fmt.Sprintf("aws:RequestTag/k%d", k)
			if s%2 == 1 {
				name = strings.ToUpper(name)
			}
			if k > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, `%q: "v%d"`, name, k)
		}
		b.WriteString("}}}")
		if s < statements-1 {
			b.WriteString(",")
		}
	}
	set := &policy.Set{Identity: []*policy.Policy{parse(t, policy.Identity, `{"Version": "2012-10-17", "Statement": [`+b.String()+`]}`)}}
	p, err := policy.ParsePrincipal("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		t.Fatal(err)
	}
	return set, &policy.Request{Principal: &p, Action: "s3:GetObject", Resource: "arn:aws:s3:::state/a", ResourceAccount: "111122223333"}
}

// Keys that a policy repeats are looked up once: each must still count.
func TestEveryRepeatedKeyCounts(t *testing.T) {
	const keys = 12
	set, r := manyKeys(t, 3, keys)
	for wrong := -1; wrong < keys; wrong++ {
		for _, missing := range []bool{false, true} {
			var c policy.Context
			for k := range keys {
				value := fmt.Sprintf("v%d", k)
				if k == wrong && missing {
					continue
				} else if k == wrong {
					value = "other"
				}
				c.Set(fmt.Sprintf("aws:requesttag/K%d", k), value)
			}
			r.Context = &c
			want := policy.ImplicitDeny
			if wrong < 0 {
				want = policy.Allow
			}
			if got := set.Decide(r).Verdict; got != want {
				t.Errorf("key %d wrong (missing: %v): %v, want %v", wrong, missing, got, want)
			}
			if got := set.Explain(r).Verdict; got != want {
				t.Errorf("key %d wrong (missing: %v): explained as %v, want %v", wrong, missing, got, want)
			}
		}
	}
}

// An explanation has every statement that applies, however many there are, and
// those that do not hold the same whether they were evaluated before or not.
func TestExplainManyStatements(t *testing.T) {
	for _, statements := range []int{1, 2, 7, 8, 9, 20} {
		set, r := manyKeys(t, statements, 3)
		var c policy.Context
		for k := range 3 {
			c.Set(fmt.Sprintf("aws:RequestTag/k%d", k), fmt.Sprintf("v%d", k))
		}
		r.Context = &c
		x := set.Explain(r)
		if len(x.Steps) != 1 || len(x.Steps[0].Statements) != statements {
			t.Fatalf("%d statements: got %+v", statements, x.Steps)
		}
		for i, s := range x.Steps[0].Statements {
			if s.Index != i || s.Sid != fmt.Sprintf("S%d", i) || !s.Resource || len(s.Conditions) != 3 {
				t.Errorf("%d statements: statement %d is %+v", statements, i, s)
			}
			for k, held := range s.Conditions {
				if want := fmt.Sprintf("v%d", k); !held.Met || len(held.Carried) != 1 || held.Carried[0] != want {
					t.Errorf("%d statements: statement %d, condition %d is %+v, want %q", statements, i, k, held, want)
				}
			}
		}
		r.Action = "s3:PutObject"
		if x := set.Explain(r); x.Verdict != policy.ImplicitDeny || len(x.Steps[0].Statements) != 0 || len(x.Steps[0].Nearest) != min(3, statements) || x.Steps[0].Nearest[0].Action {
			t.Errorf("%d statements, another action: got %+v", statements, x)
		}
		r.Action = "kms:Decrypt"
		if x := set.Explain(r); len(x.Steps[0].Nearest) != 0 {
			t.Errorf("%d statements, another service: got %+v", statements, x)
		}
		r.Action = "s3:GetObject"
		c.Set("aws:RequestTag/k1", "other")
		x = set.Explain(r)
		if x.Verdict != policy.ImplicitDeny || len(x.Steps[0].Nearest) != min(3, statements) {
			t.Fatalf("%d statements, a condition not met: got %+v", statements, x)
		}
		for _, s := range x.Steps[0].Nearest {
			if !s.Resource || !s.Principal || !s.Conditions[0].Met || s.Conditions[1].Met || s.Conditions[1].Carried[0] != "other" {
				t.Errorf("%d statements, a condition not met: nearest %+v", statements, s)
			}
		}
	}
}
