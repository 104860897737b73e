package tfstate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

const wholeState = `{
  "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "abc-def",
  "outputs": {"b": {"value": "x", "type": "string"}, "a": {"value": 12345678901234567890}},
  "resources": [
    {"mode": "managed", "type": "aws_kms_key", "name": "k", "instances": [{"attributes": {"id": "1", "secret": "hush"}}]},
    {"mode": "data", "type": "aws_region", "name": "r", "instances": []}
  ],
  "check_results": null
}`

// The other engine's way to write it: compact, other order, other version.
const sameState = `{"version":4,"terraform_version":"1.12.6","serial":7,"lineage":"abc-def","outputs":{"a":{"value":12345678901234567890},"b":{"type":"string","value":"x"}},"resources":[{"instances":[],"mode":"data","name":"r","type":"aws_region"},{"name":"k","type":"aws_kms_key","mode":"managed","instances":[{"attributes":{"secret":"hush","id":"1"}}]}]}`

func TestRead(t *testing.T) {
	a, err := tfstate.Read([]byte(wholeState))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tfstate.Read([]byte(sameState))
	if err != nil || !a.Same(b) || a.Serial != 7 || a.Lineage != "abc-def" || a.Resources != 2 {
		t.Errorf("the same state in both engines' writing: %v\n%+v\n%+v", err, a, b)
	}
	for _, change := range []struct{ from, to string }{
		{"12345678901234567890", "12345678901234567891"}, // beyond what a float64 tells apart
		{`"id": "1"`, `"id": "2"`},
		{`"serial": 7`, `"serial": 8`},
		{"abc-def", "abc-deg"},
	} {
		c, err := tfstate.Read([]byte(strings.Replace(wholeState, change.from, change.to, 1)))
		if err != nil || a.Same(c) {
			t.Errorf("%s instead of %s: %v, counts as the same", change.to, change.from, err)
		}
	}
}

func TestDamagedStatesAreRefusedAndNotShown(t *testing.T) {
	for n := range len(wholeState) {
		_, err := tfstate.Read([]byte(wholeState[:n]))
		if err == nil {
			t.Fatalf("the first %d bytes count as a whole state", n)
		}
		if n == 0 != errors.Is(err, tfstate.ErrEmpty) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%d bytes: the error shows the state: %v", n, err)
		}
	}
	for name, text := range map[string]string{
		"text after it": wholeState + "{", "another format": `{"version":3,"lineage":"a"}`, "no lineage": `{"version":4}`,
		"other JSON": `[1]`, "a lock": `{"ID":"x"}`,
	} {
		if _, err := tfstate.Read([]byte(text)); err == nil {
			t.Errorf("%s counts as a state", name)
		}
	}
}

func TestTainted(t *testing.T) {
	s, err := tfstate.Read([]byte(`{"version":4,"lineage":"l","resources":[
	{"mode":"managed","type":"aws_kms_key","name":"a","instances":[{"status":"tainted"}]},
	{"module":"module.m","mode":"managed","type":"aws_kms_key","name":"b","instances":[{"index_key":"x y","status":"tainted"},{"index_key":"z"}]},
	{"mode":"managed","type":"aws_s3_bucket","name":"c","instances":[{"index_key":1,"status":"tainted"},{"index_key":1,"deposed":"d","status":"tainted"}]}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(s.Tainted, " "), `aws_kms_key.a module.m.aws_kms_key.b["x y"] aws_s3_bucket.c[1]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCovers(t *testing.T) {
	s := func(lineage string, serial uint64, ids ...string) *tfstate.Snapshot {
		holds := map[string]bool{}
		for _, id := range ids {
			holds[id] = true
		}
		return &tfstate.Snapshot{Lineage: lineage, Serial: serial, Resources: len(ids), Holds: holds}
	}
	home := s("l", 5, "a 1", "b 2")
	for _, tt := range []struct {
		name  string
		other *tfstate.Snapshot
		want  bool
	}{
		{"nothing", nil, true},
		{"void", s("m", 9), true},
		{"an ancestor that held more", s("l", 4, "c 3"), true},
		{"itself", home, true},
		{"younger", s("l", 6, "c 3"), false},
		{"another origin, the same things", s("m", 9, "b 2"), true},
		{"another origin, another thing", s("m", 1, "b 2", "b 3"), false},
	} {
		if got := home.Covers(tt.other); got != tt.want {
			t.Errorf("%s: covers = %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestWhatFollowsAStateIsSaid(t *testing.T) {
	const state = `{"version":4,"serial":1,"lineage":"l"}`
	for text, want := range map[string]string{state + "\n": "", state + " {}": "text follows it", state[:20]: "breaks off or is damaged at byte", `{"version":"x"}`: "have the wrong form"} {
		_, read := tfstate.Read([]byte(text))
		_, open := tfstate.Open([]byte(text))
		for _, err := range []error{read, open} {
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", text, err, want)
			}
		}
	}
}
