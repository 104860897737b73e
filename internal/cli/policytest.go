package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// newPolicyTest runs conformance cases on the policy engine.
func newPolicyTest(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [FILE...]",
		Short: "run policy cases on the engine",
		Long: `Test runs policy cases (JSON Lines, one self-contained case a line) on the policy
engine and prints a summary: how many agree, and each miss with what was wanted,
what the engine answered and why. Without FILE it runs the corpus that ships with
Strongroom.

Exit status: 0 when all counted cases agree, 2 when some do not, 1 when a file
could not be read or a line is not a case.`,
		Example: `  strongroom policy test
  strongroom policy test cases.jsonl`,
	}
	format := formatFlag(cmd, "json", "text")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		cases, bad, err := policyCases(args)
		if err != nil {
			return err
		}
		s := policytest.Run(cases, policytest.Engine)
		bad = append(bad, s.Errors...)
		for _, e := range bad {
			fmt.Fprintln(env.Stderr, e)
		}
		for _, m := range s.Apart {
			fmt.Fprintf(env.Stderr, "%s:%d: %s: deviates as stated: got %s, want %s\n", m.File, m.Line, m.ID, m.Got, m.Want)
		}
		if *format == "json" {
			if err := writeJSON(env.Stdout, s); err != nil {
				return err
			}
		} else {
			for _, m := range s.Misses {
				fmt.Fprintf(env.Stdout, "%s:%d: %s: got %s, want %s\n  %s\n", m.File, m.Line, m.ID, m.Got, m.Want, m.Because)
			}
			fmt.Fprintf(env.Stdout, "%d cases: %d agree, %d disagree, %d skipped\n", s.Cases, s.Agree, s.Disagree, s.Skipped)
		}
		switch {
		case len(bad) > 0:
			return &diag.Diagnostic{Rule: "policy-case", Summary: fmt.Sprintf("lines that could not be decided: %d", len(bad)),
				Why: "a case that cannot be read is not a verdict", Fix: "mend the lines named above"}
		case s.Cases == 0:
			return &diag.Diagnostic{Rule: "policy-case", Summary: "there is no case in " + strings.Join(args, ", "),
				Why: "nothing was decided, and a gate must not take that for a yes", Fix: "name a file of policy cases, one JSON object a line"}
		case s.Disagree > 0:
			return &diag.ExitError{Code: diag.No}
		}
		return nil
	}
	return cmd
}

// policyCases reads the files, or the shipped corpus when there are none. A
// case whose line could not be read is in bad.
func policyCases(names []string) (cases []policytest.Case, bad []*policytest.LineError, err error) {
	if len(names) == 0 {
		cases, err = policytest.Corpus()
		return cases, nil, err
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, &diag.Diagnostic{Rule: "policy-file", Summary: err.Error(), Fix: "name a readable file of policy cases", Err: err}
		}
		some, wrong, err := policytest.Read(name, f)
		f.Close()
		if err != nil {
			return nil, nil, &diag.Diagnostic{Rule: "policy-file", Summary: err.Error(), Fix: "name a readable file of policy cases", Err: err}
		}
		cases, bad = append(cases, some...), append(bad, wrong...)
	}
	return cases, bad, nil
}
