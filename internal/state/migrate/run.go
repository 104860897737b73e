package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

const again = "run it again: it goes on from here"

// move is one call of Run or Look.
type move struct {
	*Options
	journal  *journal
	from, to place
	states   []*state
	held     []holding
	result   Result
	// opened are the source's states that the engine decrypted, by workspace.
	opened map[string][]byte
	// was is what the destination had at the begin, by workspace; encryption is how it
	// encrypts what it has now.
	was        map[string]*tfstate.Snapshot
	encryption map[string]statestore.Encryption
	// leaving is what the journal says is left, from the move's end on.
	leaving []Left
}

// Look says what Run would do. It changes nothing, takes no locks, and runs no engine.
// Errors are as Run's.
func Look(ctx context.Context, o Options) (Result, error) {
	m, err := begin(&o)
	if err != nil {
		return Result{Workspaces: []Workspace{}, Left: []LeftCopy{}, Steps: []Step{}}, err
	}
	if m.result.Home {
		return m.result, nil
	}
	err = m.look(ctx, false)
	if err == nil {
		err = m.free(ctx)
	}
	m.tell()
	return m.result, m.explain(ctx, "look", err)
}

// free refuses states that somebody has locked, without taking a lock. GitLab does not
// tell.
func (m *move) free(ctx context.Context) error {
	for _, p := range []place{m.from, m.to} {
		for _, n := range m.names(p) {
			store, err := p.store(n)
			if err != nil {
				return err
			}
			holder, err := store.Locked(ctx)
			switch {
			case errors.Is(err, statestore.ErrCannotTell), !p.locks() && statestore.Code(err) == "AccessDenied":
			case err != nil:
				return err
			case holder != nil && !m.journal.ours(holder.ID):
				return m.locked(&statestore.LockedError{Where: store.Where(), Holder: holder})
			}
		}
	}
	return nil
}

// Run moves the stack's states, from wherever an earlier run left that. A second run
// of a finished move changes nothing.
//
// Errors are diagnostics; a diag.ExitError with diag.No is a decision ("the
// destination holds another state"). Whatever the error, and however the process
// ends, Run can be called again, and the source is as it was. Cancelling ctx lets the
// engine end what it does.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.Engine == nil {
		return Result{}, errors.New("migrate: Options.Engine is nil")
	}
	if err := o.check(); err != nil {
		return Result{}, err
	}
	release, err := o.takeTurn()
	if err != nil {
		return Result{}, err
	}
	defer release()
	if err := o.tidy(); err != nil {
		return Result{}, err
	}
	m, err := begin(&o)
	if err != nil {
		return Result{}, err
	}
	if m.result.Home {
		return m.result, nil
	}
	failed := ""
	for _, s := range []struct {
		name string
		do   func(*move, context.Context) error
	}{
		{"look", (*move).lookStep}, {"lock", (*move).lockStep}, {"copy", (*move).copyStep}, {"renumber", (*move).renumberStep},
		{"verify", (*move).verifyStep}, {"settle", (*move).settleStep}, {"mark", (*move).markStep}, {"end", (*move).endStep},
	} {
		if err = m.take(ctx, s.name, s.do); err != nil {
			failed = s.name
			break
		}
	}
	m.tell()
	if err != nil {
		err = both(m.explain(ctx, failed, err), m.giveUp(ctx, failed))
	}
	return m.result, err
}

// both are two errors, of which the first may be a decision: what comes after it is
// told with it.
func both(err, more error) error {
	var exit *diag.ExitError
	if more != nil && errors.As(err, &exit) {
		return &diag.ExitError{Code: exit.Code, Err: errors.Join(exit.Err, more)}
	}
	return errors.Join(err, more)
}

func (m *move) take(ctx context.Context, name string, do func(*move, context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.At("step " + name)
	m.Report(Step{Name: name})
	began := time.Now()
	if err := do(m, ctx); err != nil {
		return err
	}
	ended := Step{Name: name, Ended: true, Seconds: time.Since(began).Seconds()}
	m.result.Steps = append(m.result.Steps, ended)
	m.Report(ended)
	return nil
}

// tidy ends what a killed run had begun in the stack's directory.
func (o *Options) tidy() error {
	if engine.RunsIn(o.Dir) {
		return &diag.Diagnostic{
			Rule: "state-migrate-engine", Summary: "an engine runs in " + o.Dir,
			Why: "it may be writing the state, or be left of a run that was killed", Fix: "wait for it to end",
		}
	}
	if err := engine.BringBack(o.Dir); err != nil {
		return err
	}
	for _, name := range []string{overrideFile, pipeFile} {
		if err := o.remove(o.file(name)); err != nil {
			return err
		}
	}
	return nil
}

// begin finds out from where to where.
func begin(o *Options) (*move, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	j, err := o.loadJournal()
	if err != nil {
		return nil, err
	}
	m := &move{Options: o, journal: j, to: place{o, o.To}, was: map[string]*tfstate.Snapshot{}, encryption: map[string]statestore.Encryption{}, result: Result{
		Environment: o.Environment, Stack: o.Stack, Dir: o.Dir, To: o.To.Type(), Workspaces: []Workspace{}, Left: copies(j.Left), Steps: []Step{},
	}}
	if j.Moving {
		if !same(j.To, o.To) {
			return nil, &diag.Diagnostic{
				Rule: "state-migrate-unfinished", Summary: fmt.Sprintf("a move of this stack to %s was begun and not finished", place{o, j.To}.name()),
				Why: "the copy may be half done", Fix: "finish it first: strongroom state migrate --to " + j.To.Type() + " --env " + o.Environment + " --stack " + o.Stack,
			}
		}
		m.from, m.result.From, m.result.Unfinished = place{o, j.From}, j.From.Type(), true
		return m, m.strangeFile()
	}
	block, err := o.current()
	if err != nil {
		return nil, err
	}
	m.from, m.result.From = place{o, block}, block.Type()
	m.result.Home = same(block, o.To)
	if !m.result.Home && o.To.Encryption != nil && !o.sealing() {
		return nil, &diag.Diagnostic{
			Rule: "state-migrate-encryption", Summary: "the stack has no encryption block, and the spec has client_encryption = true",
			Why: "a move changes where a state is, and not how OpenTofu writes it: what is compared before and after would not be the same",
			Fix: "write the block where the state is now, apply once, and then move it: strongroom state backend --env " + o.Environment + " --stack " + o.Stack,
		}
	}
	return m, m.strangeFile()
}

// sealing reports whether the stack's files have an encryption block.
func (o *Options) sealing() bool {
	found, err := backend.Find(o.Dir)
	return err == nil && found.Encrypts()
}

// strangeFile refuses a state file of the default name beside a local backend with
// another one: an engine would take it for the state that was left behind.
func (m *move) strangeFile() error {
	for _, p := range []place{m.from, m.to} {
		if p.kind() != "local" || localPath(p.block) == statestore.LocalFile {
			continue
		}
		if _, err := os.Stat(m.file(statestore.LocalFile)); err == nil {
			return &diag.Diagnostic{
				Rule: "state-migrate-two-files", Summary: "there is a state file beside the one that the backend block names", Found: m.file(statestore.LocalFile),
				Why: "the engine would copy it over the other one", Fix: "move it away",
			}
		}
	}
	return nil
}

func (m *move) lookStep(ctx context.Context) error {
	err := m.look(ctx, true)
	for _, s := range m.states {
		m.was[s.name] = s.there
	}
	return err
}

// lockStep announces the move, locks both places, and looks again under the locks.
func (m *move) lockStep(ctx context.Context) error {
	j := m.journal
	fresh := !j.Moving
	if fresh {
		j.Moving, j.From, j.To, j.Lock = true, m.from.block, m.to.block, newLockID(m.to.kind())
		j.Selected, j.Bare = m.Engine.Workspace(), []string{}
		for _, s := range m.states {
			if empty(s.there) {
				j.Bare = append(j.Bare, s.name)
			}
		}
	}
	j.To = m.to.block // its key may be another by now
	if err := m.save(j); err != nil {
		j.Moving = !fresh
		return err
	}
	if err := m.hold(ctx); err != nil {
		var held *statestore.LockedError
		if fresh && errors.As(err, &held) { // nothing was begun
			if released := errors.Join(m.release(ctx, m.from), m.release(ctx, m.to)); released != nil {
				return errors.Join(err, released)
			}
			j.Moving = false
			return errors.Join(err, m.save(j))
		}
		return err
	}
	before := len(m.states)
	if err := m.look(ctx, true); err != nil {
		return err
	}
	if len(m.states) != before { // a workspace was added meanwhile
		if err := m.hold(ctx); err != nil {
			return err
		}
	}
	return m.unmarkFiles()
}

// endStep calls the move done. The locks of the source stay: they are its marks.
func (m *move) endStep(ctx context.Context) error {
	if err := m.release(ctx, m.to); err != nil {
		return err
	}
	if err := m.removeMarks(); err != nil {
		return err
	}
	selected := m.journal.Selected
	m.journal.Moving, m.journal.Left, m.journal.Selected = false, m.leaving, ""
	if err := m.save(m.journal); err != nil {
		return err
	}
	m.result.Changed, m.result.Left = true, copies(m.leaving)
	if selected != "" && selected != "default" && slices.ContainsFunc(m.states, func(s *state) bool { return s.name == selected }) {
		return m.selectWorkspace(ctx, selected)
	}
	return nil
}

// giveUp ends a run that failed so that the stack is as it was, and nobody is locked
// out. The journal knows that the move was begun.
func (m *move) giveUp(ctx context.Context, step string) error {
	if step == "end" && !m.journal.Moving {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	var failed error
	if exists(m.file(overrideFile)) {
		failed = errors.Join(m.remove(m.file(overrideFile)), m.Engine.Forget())
	}
	return errors.Join(failed, m.release(ctx, m.from), m.release(ctx, m.to))
}

// copies are the states that were left at all places.
func copies(list []Left) []LeftCopy {
	all := []LeftCopy{}
	for _, l := range list {
		all = append(all, l.Workspaces...)
	}
	return all
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// tell fills in the result's workspaces.
func (m *move) tell() {
	m.result.Workspaces = []Workspace{}
	for _, s := range m.states {
		w := Workspace{Name: s.name, From: m.from.where(s.name), To: m.to.where(s.name), Before: s.before, There: s.there, Encryption: m.encryption[s.name]}
		if len(m.result.Steps) > 0 {
			w.There, w.After = m.was[s.name], s.there
		}
		m.result.Workspaces = append(m.result.Workspaces, w)
	}
}
