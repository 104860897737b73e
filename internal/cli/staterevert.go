package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/state/revert"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// revertInGitLab is "state rollback --to-version" where the states are in GitLab.
func revertInGitLab(ctx context.Context, env *Env, flags *stateFlags, change *changeFlags, version, workspace, format string) error {
	r, list, err := flags.load()
	if err != nil {
		return err
	}
	t, err := oneOf(list)
	if err != nil {
		return err
	}
	if workspace != "" && workspace != "default" {
		return &diag.Diagnostic{
			Rule: "state-rollback-which", Summary: fmt.Sprintf("the state of stack %s in GitLab has no workspace %q", t.Stack.Name, workspace),
			Why: "the http backend has no workspaces", Fix: "leave --workspace out",
		}
	}
	store, dir, err := gitLabState(ctx, env, flags, r, t)
	if err != nil {
		return err
	}
	p, err := revert.NewPlan(ctx, revert.Options{Store: store, Environment: t.Environment, Stack: t.Stack.Name, Version: version, Journal: dir})
	if err != nil {
		return err
	}
	s := &rekey.State{Environment: t.Environment, Stack: t.Stack.Name, Workspace: "default", Key: t.Stack.Key, Action: rekey.Restore, Version: fmt.Sprint(p.Now), Outdated: -1}
	if p.Serial == 0 {
		s.Action = rekey.Keep
	}
	answer := rekeyAnswer{FormatVersion: 1, Environments: []*rekey.Environment{{Name: t.Environment, States: []*rekey.State{s}}}, Difference: p.Difference, Checks: []*verify.Result{}, Released: []rekey.Released{}, Needs: []rekey.Need{}}
	out := env.Stdout
	if format == "json" {
		out = io.Discard
	}
	if err := printRevert(out, store, p); err != nil {
		return err
	}
	yes := !change.plan && p.Serial == 0 // what a killed run left is given back, which changes nothing
	if !yes {
		if yes, err = change.proceed(ctx, env, fmt.Sprintf("Write it as serial %d?", p.Serial)); err != nil {
			return err
		}
	}
	var failed error
	if yes {
		result, err := p.Run(ctx)
		failed = err
		answer.Done, answer.Proven, s.Done, s.Written, s.Serial, s.Lineage = err == nil, err == nil, err == nil, result.Written, result.Serial, result.Lineage
		if s.Written {
			s.Replaced, s.Version = fmt.Sprint(p.Now), fmt.Sprint(p.Serial)
		}
		if result.Released != "" && err == nil {
			answer.Released = append(answer.Released, rekey.Released{Key: t.Stack.Key, ID: result.Released, Who: store.Username})
			fmt.Fprintf(out, "gave back the lock %s, which a killed run had left or was about to take\n", result.Released)
		}
		if s.Written && err == nil {
			fmt.Fprintf(out, "\n%s is at serial %d, and proven; what it was before is kept as serial %d\n", store.Address, s.Serial, p.Now)
		}
	}
	if format == "json" {
		if err := writeJSON(env.Stdout, answer); err != nil {
			return err
		}
	}
	return failed
}

// gitLabState is the place of a state in GitLab, and the directory for journals.
func gitLabState(ctx context.Context, env *Env, flags *stateFlags, r *room.Room, t state.Target) (*statestore.HTTP, string, error) {
	places, err := flags.places(ctx, env, r)
	if err != nil {
		return nil, "", err
	}
	store, err := places.Store(t)
	if err != nil {
		return nil, "", err
	}
	h, ok := store.(*statestore.HTTP)
	if !ok {
		return nil, "", fmt.Errorf("%s is not in GitLab", store.Where())
	}
	dir, err := workDir(r)
	if err != nil {
		return nil, "", fileError("state-rollback-journal", err)
	}
	return h, dir, nil
}

// oneOf is the one state that was selected.
func oneOf(list []state.Environment) (state.Target, error) {
	all, names := []state.Target{}, ""
	for _, e := range list {
		for _, s := range e.Stacks {
			all = append(all, state.Target{Environment: e.Name, Stack: s, Workspace: "default"})
			names += fmt.Sprintf("\n  --env %s --stack %s", e.Name, s.Name)
		}
	}
	if len(all) != 1 {
		return state.Target{}, &diag.Diagnostic{
			Rule: "state-rollback-which", Summary: fmt.Sprintf("%d states were selected, and a version is one state's", len(all)),
			Why: "serials of different states have nothing to do with each other", Fix: "choose one:" + names,
		}
	}
	return all[0], nil
}

func printRevert(w io.Writer, store *statestore.HTTP, p *revert.Plan) error {
	fmt.Fprintln(w, store.Address)
	if p.Serial == 0 {
		_, err := fmt.Fprintf(w, "  serial %d holds what serial %s held: there is nothing to write\n", p.Now, p.Difference.To.Version)
		return err
	}
	fmt.Fprintf(w, "  serial %s would be written again, as serial %d: GitLab's state is the version with the highest.\n  For that it passes through this machine, in memory and not on a disk. All versions stay.\n", p.Difference.To.Version, p.Serial)
	return printDifference(w, p.Difference)
}
