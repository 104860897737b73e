package policytest_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

func TestEngineAgreesWithTheCorpus(t *testing.T) {
	cases, err := policytest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	s := policytest.Run(cases, policytest.Engine)
	for _, e := range s.Errors {
		t.Errorf("corpus/%v", e)
	}
	for _, m := range s.Misses {
		t.Errorf("corpus/%s:%d: %s: got %s, want %s\n%s", m.File, m.Line, m.ID, m.Got, m.Want, m.Because)
	}
	if s.Agree < 1200 {
		t.Errorf("%d cases agree, want at least 1200", s.Agree)
	}
}

func TestEveryCaseNamesItsSource(t *testing.T) {
	cases, err := policytest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	answers := map[policytest.Answer]int{}
	for _, c := range cases {
		if at, ok := ids[c.ID]; ok {
			t.Errorf("%s:%d: id %s is used in %s too", c.File, c.Line, c.ID, at)
		}
		ids[c.ID] = c.File
		answers[c.Expected]++
		named := false
		for _, tag := range c.Tags {
			named = named || strings.HasPrefix(tag, "source: ") && len(tag) > 15
		}
		if !named {
			t.Errorf("%s:%d: case %s names no source page in its tags", c.File, c.Line, c.ID)
		}
	}
	for _, a := range []policytest.Answer{policytest.Allowed, policytest.ExplicitlyDenied, policytest.ImplicitlyDenied} {
		if answers[a] < 200 {
			t.Errorf("only %d cases expect %s: an engine with one answer would do well", answers[a], a)
		}
	}
}

// Only the cases of documents.jsonl, and those on short ARNs, are about
// documents that AWS would not store.
func TestDocumentsAreStorableOutsideTheirOwnFile(t *testing.T) {
	cases, err := policytest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		c := &cases[i]
		if strings.HasPrefix(c.ID, "short-arn-") {
			continue
		}
		fault := policytest.Storable(c)
		if own := c.File == "documents.jsonl"; own != (fault != nil) {
			t.Errorf("%s:%d: %s: fault %v", c.File, c.Line, c.ID, fault)
		}
	}
}
