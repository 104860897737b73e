package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/status"
	"github.com/strongroom-dev/strongroom/internal/state/unlock"
)

// unlockAnswer is the answer of "strongroom state unlock --format json".
type unlockAnswer struct {
	FormatVersion int `json:"format_version"`
	// Locks are those that are held, or were left; those of states that nobody has locked
	// are not among them.
	Locks []*unlock.Lock `json:"locks"`
}

// newStateUnlock shows who has a lock, and takes it away.
func newStateUnlock(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock [--env ENV] [--stack STACK] [--id ID] [--yes]",
		Short: "who holds the lock of a state, and taking it away from those who are gone",
		Long: `Unlock shows which states are locked: by whom, for what, since when, and whether the
holder still runs. Then it takes one lock away, after a yes.

A lock is left alone if its holder runs on this machine: an engine that was started
before the lock was taken and whose directory is prepared for this state, or a run of
strongroom, whose locks name their process. Where no such process is left, the lock was
left by one that was killed. A lock that was taken on another machine is for you to
judge: whether it is still held there cannot be seen from here. On macOS it is not seen
where an engine runs, so that any of yours that was there before the lock holds it; on
Windows no processes are looked at, and a lock of this machine is not taken away.

Only the lock that was shown is taken away: if somebody has taken another one meanwhile,
nothing is done. It is removed where the state is (the lock file in the bucket, GitLab's
lock, the file beside a local state), which needs no prepared stack; "force-unlock" of
the engines does the same from inside one, and cannot unlock a local state. A local
state's lock ends with its process: what a killed one left there holds nobody up, and is
cleared away.

GitLab tells who has a lock only to those who try to take it, so it is taken and given
back at once.

Exit status: 0 when the lock was taken away, nothing is locked, or nobody asked for more
than a look; 2 when its holder runs, or no lock has the --id; 1 when it cannot be told.`,
		Example: `  strongroom state unlock
  strongroom state unlock --env development --stack infra --yes
  strongroom state unlock --id 2f1c... --yes`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	change := addChangeFlags(cmd)
	id := cmd.Flags().String("id", "", "the `ID` of the lock to take away, as engines and this command show it")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		locks, err := flags.locks(ctx, env, cmd)
		if err != nil {
			return err
		}
		if *format == "text" {
			if err := printLocks(env.Stdout, locks, time.Now()); err != nil {
				return err
			}
		}
		done := func(err error) error {
			if *format == "json" {
				if failed := writeJSON(env.Stdout, unlockAnswer{1, locks}); failed != nil {
					return failed
				}
			}
			return err
		}
		l, err := chosen(locks, *id)
		if l == nil || err != nil {
			return done(err)
		}
		if l.Holder == unlock.Alive || l.Holder == unlock.Unknown {
			// Nothing is asked that would be refused anyway.
			err := l.Release(ctx)
			if l.Holder == unlock.Alive {
				err = diag.Refuse(err)
			}
			return done(err)
		}
		yes, err := change.proceed(ctx, env, fmt.Sprintf("Take the lock %s of %s away?", l.ID, l.Where))
		if !yes || err != nil {
			return done(err)
		}
		if err := l.Release(ctx); err != nil {
			return done(diag.Refuse(err))
		}
		if *format == "text" {
			fmt.Fprintf(env.Stdout, "%s is unlocked\n", l.Where)
		}
		return done(nil)
	}
	return cmd
}

// locks looks at all states that were selected, and returns those that are locked.
func (f *stateFlags) locks(ctx context.Context, env *Env, cmd *cobra.Command) ([]*unlock.Lock, error) {
	r, list, err := f.load()
	if err != nil {
		return nil, err
	}
	places, _, err := f.verifier(ctx, env, r)
	if err != nil {
		return nil, err
	}
	targets := []state.Target{}
	for _, e := range list {
		some, err := places.Targets(ctx, e)
		if err != nil {
			return nil, err
		}
		targets = append(targets, some...)
	}
	finder := &unlock.Finder{Places: places}
	all := make([]*unlock.Lock, len(targets))
	if err := each(ctx, env, "look", len(targets), func(i int) (err error) {
		all[i], err = finder.Look(ctx, targets[i])
		return err
	}); err != nil {
		return nil, err
	}
	locks := []*unlock.Lock{}
	for _, l := range all {
		if l.Holder != unlock.Nobody {
			locks = append(locks, l)
		}
	}
	return locks, nil
}

// chosen is the lock to take away; nil: there is none.
func chosen(locks []*unlock.Lock, id string) (*unlock.Lock, error) {
	if id == "" {
		switch len(locks) {
		case 0:
			return nil, nil
		case 1:
			return locks[0], nil
		}
		return nil, &diag.Diagnostic{
			Rule: "state-lock-which", Summary: fmt.Sprintf("%d states are locked", len(locks)),
			Why: "one lock is taken away at a time, by somebody who has looked at it", Fix: "name one: --id ID, or --env and --stack",
		}
	}
	for _, l := range locks {
		if l.ID == id {
			return l, nil
		}
	}
	return nil, diag.Refuse(&diag.Diagnostic{
		Rule: "state-lock-none", Summary: fmt.Sprintf("no state is locked with the ID %q", id), Found: id,
		Why: "the lock may have been given back, or be of a state that was not asked about", Fix: "see which are: strongroom state unlock --plan",
	})
}

func printLocks(w io.Writer, locks []*unlock.Lock, now time.Time) error {
	if len(locks) == 0 {
		_, err := fmt.Fprintln(w, "nothing is locked")
		return err
	}
	for _, l := range locks {
		fmt.Fprintf(w, "%s  %s  %s\n", l.Environment, l.Stack, l.Where)
		for _, f := range [][2]string{{"lock", l.ID}, {"held by", l.Who}, {"for", l.Operation}} {
			if f[1] != "" {
				fmt.Fprintf(w, "  %-8s %s\n", f[0], diag.Visible(f[1]))
			}
		}
		if l.Since != nil {
			fmt.Fprintf(w, "  %-8s %s, %s ago by its holder's clock\n", "since", l.Since.Format(time.RFC3339), status.Age(now, *l.Since))
		}
		word := map[unlock.Holder]string{unlock.Alive: "STILL RUNS", unlock.Gone: "is gone", unlock.Elsewhere: "elsewhere", unlock.Unknown: "not known"}[l.Holder]
		if _, err := fmt.Fprintf(w, "  %-8s %s: %s\n", "holder", word, diag.Visible(l.Why)); err != nil {
			return err
		}
	}
	return nil
}
