package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

func cases(seed uint64, n int) []*policytest.Case {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	list := make([]*policytest.Case, n)
	for i := range list {
		list[i] = g.next(i)
	}
	return list
}

// Cases that AWS would not store, or that all end alike, would test nothing.
func TestCasesMeanSomething(t *testing.T) {
	answers := map[policytest.Answer]int{}
	for _, c := range cases(1, 2000) {
		if err := policytest.Storable(c); err != nil {
			t.Fatalf("%v\n%s", err, encode(c))
		}
		got, _, err := policytest.Engine(c)
		if err != nil {
			t.Fatalf("%v\n%s", err, encode(c))
		}
		answers[got]++
	}
	for _, a := range []policytest.Answer{policytest.Allowed, policytest.ExplicitlyDenied, policytest.ImplicitlyDenied} {
		if answers[a] < 200 {
			t.Errorf("%s came up %d times in 2000", a, answers[a])
		}
	}
}

func TestTheSameSeedGivesTheSameCases(t *testing.T) {
	first, second := cases(5, 200), cases(5, 200)
	for i := range first {
		if got, want := string(encode(second[i])), string(encode(first[i])); got != want {
			t.Fatalf("case %d:\n%s\n%s", i, got, want)
		}
	}
	if string(encode(cases(5, 1)[0])) == string(encode(cases(6, 1)[0])) {
		t.Error("two seeds give the same case")
	}
}

// What travels to the other side is read back as it was.
func TestCasesSurviveJSON(t *testing.T) {
	for _, c := range cases(2, 300) {
		line := encode(c)
		var back policytest.Case
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		if again := encode(&back); string(again) != string(line) {
			t.Fatalf("got  %s\nwant %s", again, line)
		}
	}
}

func TestMinimiseKeepsWhatItTakes(t *testing.T) {
	tree := treeOf([]byte(`{"id":"x","policies":[{"a":1,"b":[1,2,3]},{"c":2}],"context":{"k":"v","l":"w"}}`))
	got := minimise(tree, func(v any) bool {
		s := string(encode(v))
		return strings.Contains(s, `3`) && strings.Contains(s, `"l"`)
	})
	if s := string(encode(got)); s != `{"context":{"l":"w"},"policies":[{"b":[3]}]}` {
		t.Errorf("got %s", s)
	}
}

// Every class is explained, under its id, and nothing is that is no class.
func TestEveryClassIsExplained(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	for _, c := range classes {
		if !strings.Contains(string(text), "\n| `"+c.id+"` | ") {
			t.Errorf("README.md does not explain the class %s", c.id)
		}
	}
	if rows != len(classes) {
		t.Errorf("README.md explains %d classes, there are %d", rows, len(classes))
	}
}

// A disagreement without a known cause has no class, whatever its answers.
func TestAnOrdinaryCaseHasNoClass(t *testing.T) {
	plain := `{"identityPolicies":[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"aws:username":"ann"}}}]}],
		"request":{"action":"s3:GetObject","principal":"arn:aws:iam::111122223333:user/ann","context":{"aws:username":"ann"},"resource":{"arn":"arn:aws:s3:::bucket/k","accountId":"111122223333"}}}`
	all := []policytest.Answer{policytest.Allowed, policytest.ExplicitlyDenied, policytest.ImplicitlyDenied}
	for _, ours := range all {
		for _, theirs := range all {
			if got := classify(treeOf([]byte(plain)), ours, theirs); got != "" {
				t.Errorf("ours %s, theirs %s: class %s", ours, theirs, got)
			}
		}
	}
}

func TestWhatIsNotInstalledIsNamed(t *testing.T) {
	err := installed(t.TempDir())
	if !errors.Is(err, errAbsent) || !strings.Contains(err.Error(), module) {
		t.Errorf("got %v", err)
	}
}
