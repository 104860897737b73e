package migrate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	roomstate "github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// newLockID is the ID of a move's locks. Whoever finds one of them in the way is shown
// it, by GitLab nothing but it.
func newLockID(to string) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand ends the program instead
	return "strongroom-migrate-to-" + to + "-" + hex.EncodeToString(b[:])
}

// holding is a lock that is held.
type holding struct {
	p         place
	workspace string
	id        string
}

// names are the workspaces whose states a place has, or gets.
func (m *move) names(p place) []string {
	list := []string{}
	for _, s := range m.states {
		if p.workspaced() || s.name == "default" {
			list = append(list, s.name)
		}
	}
	return list
}

// hold takes the engines' locks at both places, the source's first.
func (m *move) hold(ctx context.Context) error {
	for _, p := range []place{m.from, m.to} {
		for _, n := range m.names(p) {
			if err := m.holdOne(ctx, p, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *move) holdOne(ctx context.Context, p place, workspace string) error {
	if m.holds(p, workspace) != "" {
		return nil
	}
	if p.kind() == "local" {
		return m.freeFile(ctx, p, workspace)
	}
	if !p.locks() {
		return m.freeObject(ctx, p, workspace)
	}
	store, err := p.store(workspace)
	if err != nil {
		return err
	}
	l := roomstate.NewLock("StrongroomMigrate")
	l.ID, l.Path = m.journal.Lock, p.where(workspace)
	m.At("lock " + p.where(workspace))
	err = store.Lock(ctx, l)
	var held *statestore.LockedError
	switch {
	case errors.As(err, &held) && m.journal.ours(held.Holder.ID):
		m.held = append(m.held, holding{p, workspace, held.Holder.ID}) // an earlier run's, or what a move left
		return nil
	case errors.As(err, &held):
		return m.locked(held)
	case err != nil && refusal(err):
		return err
	}
	// An answer that was lost may have been a yes.
	m.held = append(m.held, holding{p, workspace, l.ID})
	return err
}

// refusal reports that a request was refused, and so not done.
func refusal(err error) bool {
	status := statestore.Status(err)
	var refused *statestore.RefusedError
	if errors.As(err, &refused) {
		status = refused.Status
	}
	return status >= 400 && status < 500
}

// freeFile refuses a file that an engine works on. Its lock ends with the engine, so
// that it is left to the engine that copies to take it.
func (m *move) freeFile(ctx context.Context, p place, workspace string) error {
	holder, err := p.fileOf(workspace).Locked(ctx)
	if err != nil || holder == nil {
		return err
	}
	return m.locked(&statestore.LockedError{Where: p.where(workspace), Holder: holder})
}

// freeObject refuses a state in a bucket that somebody has locked, although the spec
// says that nobody can.
func (m *move) freeObject(ctx context.Context, p place, workspace string) error {
	holder, err := p.bucket(workspace).Locked(ctx)
	if statestore.Code(err) == "AccessDenied" {
		return nil // the bucket policy knows no lock files, as the spec says
	}
	if err != nil || holder == nil {
		return err
	}
	return m.locked(&statestore.LockedError{Where: p.where(workspace), Holder: holder})
}

func (m *move) locked(held *statestore.LockedError) error {
	found := fmt.Sprintf("lock %s, taken %s for %s", held.Holder.ID, held.Holder.Created.UTC().Format(time.RFC3339), held.Holder.Operation)
	if held.Holder.Info != "" {
		found += ": " + held.Holder.Info
	}
	if held.Holder.Operation == moved {
		return &diag.Diagnostic{
			Rule: "state-migrate-left", Summary: held.Where + " was left by a move, and is marked", Found: found, Err: held,
			Why: "the journal of the machine that moved it tells that mark for its own; here nobody knows what has become of the state since",
			Fix: "run this where the state was moved from; or, when you know that the state here may be replaced, take the mark away: strongroom state unlock --env " + m.Environment + " --stack " + m.Stack,
		}
	}
	return &diag.Diagnostic{
		Rule: "state-migrate-locked", Summary: fmt.Sprintf("%s is locked by %s", held.Where, held.Holder.Who), Found: found, Err: held,
		Why: "somebody may be writing the state right now, and this did not take that lock; nothing was moved",
		Fix: "wait for them; or find out whether they are still there: strongroom state unlock --env " + m.Environment + " --stack " + m.Stack,
	}
}

// holds is the ID of a lock that is held; "" if it is not.
func (m *move) holds(p place, workspace string) string {
	for _, h := range m.held {
		if same(h.p.block, p.block) && h.workspace == workspace {
			return h.id
		}
	}
	return ""
}

// unlockTime is how long locks may take to be given back by a run that was
// interrupted.
const unlockTime = 30 * time.Second

// release gives back the locks at a place. A lock that is somebody else's by now was
// broken, and is left.
func (m *move) release(ctx context.Context, p place) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	kept := []holding{}
	var failed error
	for _, h := range m.held {
		if !same(h.p.block, p.block) {
			kept = append(kept, h)
			continue
		}
		store, err := p.store(h.workspace)
		if err == nil {
			m.At("unlock " + p.where(h.workspace))
			err = store.Unlock(ctx, h.id)
		}
		var held *statestore.LockedError
		if err != nil && !errors.As(err, &held) {
			kept = append(kept, h)
			failed = errors.Join(failed, &diag.Diagnostic{
				Rule: "state-migrate-unlock", Summary: "the lock of " + p.where(h.workspace) + " could not be given back: " + err.Error(), Found: "lock " + h.id, Err: err,
				Why: "no engine can write the state until it is", Fix: again + ", with this lock; or: strongroom state unlock --env " + m.Environment + " --stack " + m.Stack,
			})
		}
	}
	m.held = kept
	return failed
}
