package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/history"
)

// diffAnswer is "strongroom state diff --format json".
type diffAnswer struct {
	FormatVersion int                   `json:"format_version"`
	States        []*history.Difference `json:"states"`
}

// newStateDiff compares two versions of a state.
func newStateDiff(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff [--env ENV] [--stack STACK] [FROM [TO]]",
		Short: "what changed between two versions of a state",
		Long: `Diff compares two versions of a state by the addresses of its resources: which were
added (+), changed (~) with the names of the attributes that did, and removed (-).
Without TO it is the current version, without FROM the one before TO. A version is an ID
that "strongroom state history" shows, a serial (the newest version that has it), or
"current".

Values are not shown. With --values those are that neither state marks as sensitive,
that the provider's schema is known not to call sensitive, that neither by their name
nor by themselves look like a secret, and that do not hold what is sensitive elsewhere
in one of the two. Names that look like secrets are masked.

A resource that was renamed is removed at one address and added at another.

Exit status: 0, or 1 when the two could not be compared.`,
		Example: `  strongroom state diff --env production --stack infra
  strongroom state diff --env production --stack infra 41 42 --values`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage(cmd, "two versions can be compared, not %d", len(args))
			}
			return nil
		},
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	values := cmd.Flags().Bool("values", false, "show values that are known to be harmless")
	workspace := cmd.Flags().String("workspace", "", "the `workspace`, where a stack has several (default all)")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		reader, err := flags.history(ctx, env, r)
		if err != nil {
			return err
		}
		targets := []state.Target{}
		for _, e := range list {
			all, err := reader.Places.Targets(ctx, e)
			if err != nil {
				return err
			}
			for _, t := range all {
				if *workspace == "" || *workspace == t.Workspace {
					targets = append(targets, t)
				}
			}
		}
		if len(targets) == 0 {
			return &diag.Diagnostic{Rule: "state-unknown-workspace", Summary: fmt.Sprintf("no state that was selected has a workspace %q", *workspace), Why: "there is nothing to compare", Fix: "leave --workspace out to see all: strongroom state history"}
		}
		from, to := "", ""
		switch len(args) {
		case 2:
			to = args[1]
			fallthrough
		case 1:
			from = args[0]
			if len(targets) != 1 {
				return &diag.Diagnostic{Rule: "state-diff-which", Summary: fmt.Sprintf("%d states were selected", len(targets)), Why: "a version is one state's", Fix: "choose one with --env, --stack and --workspace"}
			}
		}
		schemas := &schemaSource{env: env, room: r}
		answer := diffAnswer{1, []*history.Difference{}}
		for _, t := range targets {
			known := t.Stack
			if !*values {
				known.Dir = "" // nothing needs to be known of its providers
			}
			schema, err := schemas.of(ctx, known)
			if err != nil {
				return err
			}
			d, err := reader.Diff(ctx, t, from, to, schema.Show(*values))
			if err != nil {
				return err
			}
			answer.States = append(answer.States, d)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, answer)
		}
		history.Text(env.Stdout, answer.States, *values)
		return nil
	}
	return cmd
}
