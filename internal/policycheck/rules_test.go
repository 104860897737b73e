package policycheck_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policycheck"
)

// run checks one text of a kind.
func run(t *testing.T, r *policycheck.Rule, text string) *policycheck.Report {
	t.Helper()
	kind := r.Kind
	name := filepath.Join(t.TempDir(), "p.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return policycheck.Run([]string{name}, policycheck.Options{Kind: &kind})
}

// The examples are what --explain shows: the wrong one breaks the rule and,
// but for these, no other; the right one breaks none.
var also = map[string]string{
	"for-all-values-unguarded": "stranger-matches",
}

func TestExamplesShowTheRule(t *testing.T) {
	for _, r := range policycheck.Rules() {
		found := false
		for _, f := range run(t, r, r.Wrong).Findings {
			switch {
			case f.Rule == r:
				found = true
				if f.Severity != r.Severity {
					t.Errorf("%s: the example is a %s, the rule a %s", r.ID, f.Severity, r.Severity)
				}
			case !strings.Contains(also[r.ID], f.Rule.ID):
				t.Errorf("%s: the wrong example breaks %s too: %s", r.ID, f.Rule.ID, f.Message)
			}
		}
		if !found {
			t.Errorf("%s: the wrong example does not break the rule", r.ID)
		}
		for _, f := range run(t, r, r.Right).Findings {
			t.Errorf("%s: the right example breaks %s: %s", r.ID, f.Rule.ID, f.Message)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the expected answers")

// Every rule has a case that breaks it, one that does not, and one that cannot
// be told before a plan, in which it must be silent. want is the answer to all.
func TestRulesOnConfiguration(t *testing.T) {
	for _, r := range policycheck.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			path := filepath.Join("testdata", "rules", r.ID+".txtar")
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			var got strings.Builder
			for _, f := range ar.Files {
				if f.Name == "want" {
					continue
				}
				if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
				report := policycheck.Run([]string{f.Name}, policycheck.Options{})
				broken := slices.ContainsFunc(report.Findings, func(f *policycheck.Finding) bool { return f.Rule == r })
				if want := strings.HasPrefix(f.Name, "yes"); broken != want {
					t.Errorf("%s: breaks the rule: %t, want %t", f.Name, broken, want)
				}
				if !strings.HasPrefix(f.Name, "yes") && len(report.Findings) > 0 && also[r.ID] == "" {
					t.Errorf("%s: got %s: %s, want nothing", f.Name, report.Findings[0].Rule.ID, report.Findings[0].Message)
				}
				got.WriteString("# " + f.Name + "\n")
				if err := report.Human(&got, diag.Style{}); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, ar, path, got.String())
		})
	}
}

var root, _ = os.Getwd()

// compare holds the answer against the file want of an archive.
func compare(t *testing.T, ar *txtar.Archive, path, got string) {
	t.Helper()
	for i, f := range ar.Files {
		if f.Name != "want" {
			continue
		}
		if *update {
			ar.Files[i].Data = []byte(got)
			if err := os.WriteFile(filepath.Join(root, path), txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if d := cmp.Diff(string(f.Data), got); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		return
	}
	t.Errorf("%s has no file want", path)
}

// A case file whose rule is gone, or misspelt, tests nothing.
func TestEveryCaseHasItsRule(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := policycheck.Lookup(strings.TrimSuffix(filepath.Base(f), ".txtar")); !ok {
			t.Errorf("%s belongs to no rule", f)
		}
	}
}

func TestRulesAreTold(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range policycheck.Rules() {
		if seen[r.ID] || r.Summary == "" || r.Why == "" || r.Fix == "" || !strings.HasPrefix(r.Page, "https://") {
			t.Errorf("%s: told twice, or not whole", r.ID)
		}
		seen[r.ID] = true
	}
}
