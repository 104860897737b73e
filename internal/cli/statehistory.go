package cli

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state/history"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
)

// historyAnswer is "strongroom state history --format json".
type historyAnswer struct {
	FormatVersion int                `json:"format_version"`
	States        []*history.History `json:"states"`
}

// newStateHistory lists the versions of states.
func newStateHistory(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history [--env ENV] [--stack STACK]",
		Short: "the versions of states: when, by whom, under which key, what changed",
		Long: `History lists the versions that are kept of each state, the newest first: its serial,
when and by whom it was written, its size, how many resources it has and how many were
added (+), changed (~) and removed (-) since the version before, how it is encrypted,
and its version ID. Nothing of what a state holds is shown.

In S3 these are the object's versions, in GitLab those that it keeps by serial; a local
state has the file and the backup beside it.

Who wrote a version is told by the audit trail alone, which the baseline's audit-logging
keeps in the log group NAME-audit: by the record of that very version. Where there is
none it is unknown, with the reason. A version that the credentials cannot read, for
example because it is under a key that they may not use, is listed with the reason.

Exit status: 0, or 1 when the versions could not be listed.`,
		Example: `  strongroom state history --env production --stack infra
  strongroom state history --limit 0 --format json`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	limit := cmd.Flags().Int("limit", 20, "how many `versions` of each state to read; 0 for all")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		if *limit < 0 {
			return usage(cmd, "--limit %d: a number of versions, or 0 for all", *limit)
		}
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		reader, err := flags.history(ctx, env, r)
		if err != nil {
			return err
		}
		reader.Limit = *limit
		answer := historyAnswer{1, []*history.History{}}
		for _, e := range list {
			targets, err := reader.Places.Targets(ctx, e)
			if err != nil {
				return err
			}
			found := make([]*history.History, len(targets))
			if err := each(ctx, env, "history "+e.Name, len(targets), func(i int) (err error) {
				found[i], err = reader.States(ctx, targets[i])
				return err
			}); err != nil {
				return err
			}
			answer.States = append(answer.States, found...)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, answer)
		}
		return history.Table(env.Stdout, answer.States)
	}
	return cmd
}

// history is the reader of a room's versions, with its trail if the room has one.
func (f *stateFlags) history(ctx context.Context, env *Env, r *room.Room) (*history.Reader, error) {
	places, err := f.places(ctx, env, r)
	if err != nil {
		return nil, err
	}
	reader := &history.Reader{Places: places, NoTrail: "the spec has no baseline with an audit trail"}
	if r.State.Backend == "s3" && r.Baseline.Has(room.AuditLogging) {
		cfg, err := f.config(ctx)
		if err != nil {
			return nil, err
		}
		cfg.Region = r.Region
		reader.Trail = &trail.Log{Client: cloudwatchlogs.NewFromConfig(cfg), Group: r.Name + "-audit", Bucket: r.State.Bucket}
	}
	return reader, nil
}
