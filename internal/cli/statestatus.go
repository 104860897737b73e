package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/status"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
)

// statusAnswer is the answer of "strongroom state status --format json".
type statusAnswer struct {
	FormatVersion int           `json:"format_version"`
	States        []*status.Row `json:"states"`
}

// guardAnswer is the answer of "strongroom state status --guard --format json".
type guardAnswer struct {
	FormatVersion int             `json:"format_version"`
	Stacks        []*status.First `json:"stacks"`
}

// newStateStatus says what each state is.
func newStateStatus(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [--env ENV] [--principal-profile ENV=PROFILE] [--guard]",
		Short: "what each state is, who holds its lock, and where it is not as the spec says",
		Long: `Status prints a line for each state: its serial, resources and size, who wrote it last
and when, how it is encrypted, who holds its lock, how many versions are kept, whether
the environment's principal can read it, and whether it is as the spec says. Workspaces
are found, and listed after the default one.

Nothing is changed. What the credentials may not see is "?", with the reason below, and
is no failure: without kms:Decrypt serial and resources are not known, for instance. Who
wrote a state is known from the log group of the audit trail that the spec's baseline
has, if it records the bucket's data events. Whether the principal can read a state is
tried with --principal-profile, and else decided from policies.

With --guard it answers another question: how would the FIRST write of each stack be
encrypted? It works before there is a state or a bucket: it reads the backend block in
the stack's directory, what the last init wrote down there, STATE_KMS_KEY_ID, and, where
they decide, the bucket's default encryption and its policy. Where there is no block for
the state yet, the one that "strongroom state backend" would write now is judged. Use it
in CI before the first apply: nothing is ever made whose state was written in clear.

Exit status: 0, also when states are not as the spec says; with --guard 2 when a first
write would not be encrypted as the spec says, 1 when that cannot be told.`,
		Example: `  strongroom state status
  strongroom state status --env production --versions --format json
  STATE_KMS_KEY_ID="$STATE_KMS_KEY_ID" strongroom state status --guard --env production`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	flags.addPrincipals(cmd)
	guard := cmd.Flags().Bool("guard", false, "judge the first write of each stack, for CI")
	versions := cmd.Flags().Bool("versions", false, "ask of every version how it is encrypted")
	since := cmd.Flags().Duration("since", 30*24*time.Hour, "how far back the audit trail is searched")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		if *guard {
			return flags.guard(cmd.Context(), env, r, list, *format)
		}
		rows, err := flags.status(cmd.Context(), env, cmd, r, list, *versions, time.Now().Add(-*since))
		if err != nil {
			return err
		}
		if *format == "json" {
			return writeJSON(env.Stdout, statusAnswer{1, rows})
		}
		return status.Table(env.Stdout, rows, time.Now())
	}
	return cmd
}

func (f *stateFlags) status(ctx context.Context, env *Env, cmd *cobra.Command, r *room.Room, list []state.Environment, versions bool, since time.Time) ([]*status.Row, error) {
	places, checker, err := f.verifier(ctx, env, r)
	if err != nil {
		return nil, err
	}
	reader := &status.Reader{Places: places, Checker: checker, Since: since, KeysOfVersions: versions, NoTrail: "the spec has no baseline with an audit trail"}
	if r.State.Backend == "s3" && r.Baseline.Has(room.AuditLogging) {
		cfg, err := f.config(ctx)
		if err != nil {
			return nil, err
		}
		cfg.Region = r.Region
		reader.Trail = &trail.Log{Client: cloudwatchlogs.NewFromConfig(cfg), Group: r.Name + "-audit", Bucket: r.State.Bucket}
	}
	rows := []*status.Row{}
	for _, e := range list {
		doubt := ""
		want, err := wanted(ctx, env, checker, e, len(list) == 1, false)
		if err != nil {
			d := diag.All(err)[0]
			if d.Rule == ruleNoCredentials {
				return nil, err // nothing at all could be asked
			}
			want, doubt = verify.Want{}, "the environment's key: "+d.Summary
			if d.Fix != "" {
				doubt += "; " + d.Fix
			}
		}
		doubts := []string{}
		if doubt != "" {
			doubts = append(doubts, doubt)
		}
		targets, err := places.Targets(ctx, e)
		if err != nil {
			// Who may not list the bucket sees the states that the spec names.
			d := diag.All(err)[0]
			if d.Rule == ruleNoCredentials {
				return nil, err
			}
			doubts = append(doubts, "other workspaces: "+d.Summary+"; "+d.Fix)
			for _, s := range e.Stacks {
				targets = append(targets, state.Target{Environment: e.Name, Stack: s, Workspace: "default"})
			}
		}
		found := make([]*status.Row, len(targets))
		if err := each(ctx, env, e.Name, len(targets), func(i int) (err error) {
			found[i], err = reader.Row(ctx, e, targets[i], want)
			return err
		}); err != nil {
			return nil, err
		}
		for _, row := range found {
			for _, d := range doubts {
				row.Doubt(d)
			}
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

func (f *stateFlags) guard(ctx context.Context, env *Env, r *room.Room, list []state.Environment, format string) error {
	g := &status.Guard{Room: r, Getenv: env.Getenv}
	if r.State.Backend == "s3" {
		cfg, err := f.config(ctx)
		if err != nil {
			return err
		}
		g.Bucket = state.NewBucket(r, cfg)
	}
	answer := guardAnswer{1, []*status.First{}}
	for _, e := range list {
		if e.Name == room.RoomEnvironment && f.environment == "" && len(list) > 1 {
			continue // strongroom bootstrap writes its first states, and moves them
		}
		for _, s := range e.Stacks {
			first, err := g.Stack(ctx, e, s)
			if err != nil {
				return err
			}
			answer.Stacks = append(answer.Stacks, first)
		}
	}
	var err error
	if format == "json" {
		err = writeJSON(env.Stdout, answer)
	} else {
		err = status.GuardTable(env.Stdout, answer.Stacks)
	}
	if err != nil {
		return err
	}
	worst := diag.Yes
	for _, s := range answer.Stacks {
		switch s.As {
		case "no":
			fmt.Fprintf(env.Stderr, "strongroom: the first write of %s's stack %s would not be encrypted as the spec says\n", s.Environment, s.Stack)
			return &diag.ExitError{Code: diag.No}
		case "unknown":
			worst = diag.Undecided
		}
	}
	if worst != diag.Yes {
		return &diag.ExitError{Code: worst}
	}
	return nil
}
