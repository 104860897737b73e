package policycheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
