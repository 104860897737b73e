package main

import (
	"os"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// benchmark decides one case of testdata/bench.jsonl, which driver.mjs times for
// the other side under the same name. The other side reads the policies in every
// call; parse does the same here.
func benchmark(b *testing.B, id string, parse bool) {
	f, err := os.Open("testdata/bench.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	cases, bad, err := policytest.Read("bench.jsonl", f)
	if err != nil || len(bad) > 0 {
		b.Fatal(err, bad)
	}
	at := slices.IndexFunc(cases, func(c policytest.Case) bool { return c.ID == id })
	if at < 0 {
		b.Fatalf("no case %s", id)
	}
	set, r, err := policytest.Build(&cases[at])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if parse {
			if set, r, err = policytest.Build(&cases[at]); err != nil {
				b.Fatal(err)
			}
		}
		// The star of an action without resource types is no pattern.
		r.Pattern = false
		if set.Decide(r).Verdict != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkDecideSmall(b *testing.B)      { benchmark(b, "Small", false) }
func BenchmarkDecide20x5(b *testing.B)       { benchmark(b, "20x5", false) }
func BenchmarkParseDecideSmall(b *testing.B) { benchmark(b, "Small", true) }
func BenchmarkParseDecide20x5(b *testing.B)  { benchmark(b, "20x5", true) }
