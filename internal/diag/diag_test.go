package diag_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

var full = &diag.Diagnostic{
	Rule: "spec-unknown-key", Summary: `unknown key "regoin"`,
	At:    diag.Location{File: "strongroom.hcl", Line: 4, Column: 3},
	Found: `regoin = "eu-west-2"`,
	Why:   "a key that is not read\nwould silently change nothing",
	Fix:   `write "region"`, Ref: "docs/spec.md",
}

func TestHuman(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		style diag.Style
		want  string
	}{
		{"nil", nil, diag.Style{}, ""},
		{"plain error", fmt.Errorf("read: %w", fs.ErrNotExist), diag.Style{}, "strongroom: error: read: file does not exist\n"},
		{"all fields", full, diag.Style{}, `strongroom: error: strongroom.hcl:4:3: unknown key "regoin" [spec-unknown-key]
  found: regoin = "eu-west-2"
  why: a key that is not read
    would silently change nothing
hint: write "region"
see: docs/spec.md
`},
		{"wrapped", fmt.Errorf("load the room: %w", full), diag.Style{}, human(full)},
		{"list", diag.List{{Summary: "one"}, {Summary: "two"}}, diag.Style{}, "strongroom: error: one\nstrongroom: error: two\n"},
		{"joined with a plain error", errors.Join(&diag.Diagnostic{Summary: "one"}, errors.New("two")), diag.Style{}, "strongroom: error: one\nstrongroom: error: two\n"},
		{"joined plain errors", errors.Join(errors.New("one"), errors.New("two")), diag.Style{}, "strongroom: error: one\nstrongroom: error: two\n"},
		{"text that would act on the terminal", &diag.Diagnostic{Summary: "bad", Found: "a\x1b[2J\r\u202e\xffé\n\tb"}, diag.Style{}, "strongroom: error: bad\n  found: a\\x1b[2J\\r\\u202e\\xffé\n    \tb\n"},
		{"colour changes no word", &diag.Diagnostic{Summary: "one", Fix: "two"}, diag.Style{Colour: true}, "strongroom: \x1b[31;1merror:\x1b[0m one\n\x1b[36;1mhint:\x1b[0m two\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := diag.Human(&b, tt.err, tt.style); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, b.String()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func human(err error) string {
	var b strings.Builder
	_ = diag.Human(&b, err, diag.Style{})
	return b.String()
}

func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nil has an empty list", nil, `{"format_version":1,"diagnostics":[]}`},
		{"all fields", full, `{"format_version":1,"diagnostics":[{"rule":"spec-unknown-key","summary":"unknown key \"regoin\"","file":"strongroom.hcl","line":4,"column":3,"found":"regoin = \"eu-west-2\"","why":"a key that is not read\nwould silently change nothing","fix":"write \"region\"","ref":"docs/spec.md"}]}`},
		{"no HTML escapes", errors.New("<a> & b"), `{"format_version":1,"diagnostics":[{"summary":"<a> & b"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := diag.JSON(&b, tt.err); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want+"\n", b.String()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	plain := errors.New("broken")
	for _, tt := range []struct {
		name  string
		err   error
		code  int
		print string
	}{
		{"nil", nil, 0, ""},
		{"plain", plain, 1, "broken"},
		{"no, silently", diag.Refuse(nil), 2, ""},
		{"no, with a reason", fmt.Errorf("rehearse: %w", diag.Refuse(plain)), 2, "broken"},
		{"a child's status", &diag.ExitError{Code: 130}, 130, ""},
		{"interrupted", fmt.Errorf("apply: %w", context.Canceled), 1, "interrupted"},
		{"out of time is not interrupted", context.DeadlineExceeded, 1, "context deadline exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, print := diag.Outcome(tt.err)
			text := ""
			if print != nil {
				text = print.Error()
			}
			if code != tt.code || text != tt.print {
				t.Errorf("Outcome = %d, %q; want %d, %q", code, text, tt.code, tt.print)
			}
		})
	}
}

func TestErrorsReachTheCause(t *testing.T) {
	err := error(diag.List{{Summary: "no spec", Err: fs.ErrNotExist}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("errors.Is does not reach the cause of a diagnostic in a list")
	}
	if diag.List(nil).Err() != nil {
		t.Error("an empty list is an error")
	}
	if got := (&diag.ExitError{Code: 3}).Error(); got != "exit status 3" {
		t.Errorf("ExitError without cause = %q", got)
	}
	if got := diag.All(err); len(got) != 1 || got[0].Error() != "no spec" {
		t.Errorf("All = %v", got)
	}
	loc := diag.Location{File: "a", Line: 2}
	if loc.String() != "a:2" {
		t.Errorf("Location without column = %q", loc)
	}
}
