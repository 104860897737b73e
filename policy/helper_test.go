package policy_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// parse compiles a document that must be valid.
func parse(tb testing.TB, kind policy.Kind, src string) *policy.Policy {
	tb.Helper()
	p, err := policy.Parse("test.json", []byte(src), kind)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// principal reads a caller; "" is the anonymous one.
func principal(tb testing.TB, s string) *policy.Principal {
	tb.Helper()
	if s == "" {
		return &policy.Principal{}
	}
	p, err := policy.ParsePrincipal(s)
	if err != nil {
		tb.Fatal(err)
	}
	return &p
}

// ctx makes a context from pairs: a string is single-valued, a []string multi.
func ctx(pairs ...any) *policy.Context {
	var c policy.Context
	for i := 0; i < len(pairs); i += 2 {
		key := pairs[i].(string)
		switch v := pairs[i+1].(type) {
		case string:
			c.Set(key, v)
		case []string:
			c.SetMulti(key, v...)
		default:
			panic("test: a context value is a string or a []string")
		}
	}
	return &c
}

// decide runs Decide and Explain and fails if they differ.
func decide(tb testing.TB, set *policy.Set, r *policy.Request) policy.Decision {
	tb.Helper()
	d := set.Decide(r)
	if x := set.Explain(r); x.Verdict != d.Verdict || x.Reason != d.Reason {
		tb.Errorf("Explain says %v by %v, Decide %v by %v", x.Verdict, x.Reason, d.Verdict, d.Reason)
	}
	return d
}
