package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policycheck"
	"github.com/strongroom-dev/strongroom/policy"
)

// newPolicyCheck finds what is wrong with policies.
func newPolicyCheck(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "find what is wrong with policies",
		Long: `Check reads policies and says what is wrong with them: where, why, and the fix.

A FILE is a policy in JSON, a configuration (*.tf: jsonencode, heredocs and
aws_iam_policy_document), the JSON of a plan (tofu show -json PLAN), a directory
of these, or - for standard input. What is known at plan time only is never
guessed: rules that depend on it stay silent, and a policy that is unknown as a
whole is listed as skipped. Check the plan's JSON to see it.

Exit status: 0 when nothing is wrong, 2 when an error was found (with --strict also
for a warning), 1 when a file could not be read. An error goes before that.`,
		Example: `  strongroom policy check policy.json
  strongroom policy check --kind scp guardrail.json
  strongroom policy check modules/ --format sarif > policies.sarif
  tofu show -json plan | strongroom policy check -
  strongroom policy check --explain trust-open-subject`,
	}
	kind := cmd.Flags().String("kind", "", "what the JSON policies are: "+strings.Join(policycheck.Kinds, ", ")+" (default: guessed from what they say)")
	strict := cmd.Flags().Bool("strict", false, "warnings are a no, too")
	explain := cmd.Flags().String("explain", "", "explain a rule, with an example of wrong and right")
	rules := cmd.Flags().Bool("rules", false, "list the rules")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(policycheck.Kinds, cobra.ShellCompDirectiveNoFileComp))
	var ids []string
	for _, r := range policycheck.Rules() {
		ids = append(ids, r.ID)
	}
	_ = cmd.RegisterFlagCompletionFunc("explain", cobra.FixedCompletions(ids, cobra.ShellCompDirectiveNoFileComp))
	format := formatFlag(cmd, "text", "json", "sarif")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		var o policycheck.Options
		switch {
		case *rules:
			return policycheck.ListRules(env.Stdout)
		case *explain != "":
			r, ok := policycheck.Lookup(*explain)
			if !ok {
				return unknownName(cmd, "rule", *explain, ids, cmd.CommandPath()+" --rules")
			}
			return r.Explain(env.Stdout)
		case len(args) == 0:
			return usage(cmd, "%s needs a file", cmd.CommandPath())
		}
		if *kind != "" {
			k, ok := policycheck.ParseKind(*kind)
			if !ok {
				return unknownName(cmd, "kind of policy", *kind, policycheck.Kinds, cmd.CommandPath()+" --help")
			}
			o.Kind = &k
		}
		o.Stdin = env.Stdin
		return checked(env, policycheck.Run(args, o), *format, *strict)
	}
	return cmd
}

// checked prints the report and turns it into an exit status.
func checked(env *Env, r *policycheck.Report, format string, strict bool) error {
	var err error
	switch format {
	case "json":
		err = writeJSON(env.Stdout, r.Answer())
	case "sarif":
		var root string
		if root, err = os.Getwd(); err == nil {
			err = writeJSON(env.Stdout, r.Sarif(root, buildVersion().Version))
		}
	default:
		err = r.Human(env.Stdout, diag.Style{Colour: env.Colour(env.Stdout)})
	}
	switch {
	case err != nil:
		return err
	case r.Count(policycheck.Error) > 0 || strict && r.Count(policycheck.Warning) > 0:
		return diag.Refuse(nil)
	case len(r.Unreadable) > 0:
		return &diag.ExitError{Code: diag.Undecided}
	}
	return nil
}

// unknownName refuses a word that is none of the names.
func unknownName(cmd *cobra.Command, what, word string, names []string, list string) error {
	d := &diag.Diagnostic{Rule: "usage", Summary: fmt.Sprintf("there is no %s %q", what, word), Fix: list}
	if near := policy.Nearest(word, names); near != "" {
		d.Fix = fmt.Sprintf("did you mean %q?", near)
	}
	return d
}
