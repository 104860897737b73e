package revert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Result is what a Run did.
type Result struct {
	// Written is set as soon as the version was written, proven or not.
	Written bool
	// Serial and Lineage are the current version's, once it is proven.
	Serial  uint64
	Lineage string
	// Released is the ID of the lock that a killed run had left; "": there was none.
	Released string
}

// unlockTime is how long a run that was interrupted may take to see what it did, and to
// give the lock back.
const unlockTime = 30 * time.Second

// Run does what the plan says, under the lock, if the current version still is the one
// that differences were shown to. The result is never nil.
func (p *Plan) Run(ctx context.Context) (r *Result, err error) {
	r = &Result{}
	release, err := p.o.takeTurn()
	if err != nil {
		return r, err
	}
	defer release()
	j, left, err := p.o.openJournal()
	if err != nil {
		return r, err
	}
	l := state.NewLock("StrongroomRollback")
	l.ID, l.Path = j.Lock, p.o.Store.Address
	err = p.o.Store.Lock(ctx, l)
	var held *statestore.LockedError
	if errors.As(err, &held) {
		return r, errors.Join(&diag.Diagnostic{
			Rule: "state-rollback-locked", Summary: held.Error(), Err: err,
			Why: "whoever holds it is about to write the state, or was killed; nothing was done", Fix: "wait, or find out whether the holder still runs: strongroom state unlock " + p.o.flags(),
		}, p.o.closeJournal())
	}
	if left {
		r.Released = j.Lock
	}
	// Also when no answer came: the lock may have been taken all the same.
	defer func() { err = errors.Join(err, p.unlock(ctx, j)) }()
	if err != nil {
		return r, p.explain(err)
	}
	now, err := p.o.Store.Read(ctx, "")
	if err != nil && !errors.Is(err, statestore.ErrNone) {
		return r, p.explain(err)
	}
	if sha256.Sum256(now) != p.shown {
		return r, p.moved()
	}
	if p.Serial == 0 {
		return r, p.prove(r, now)
	}
	written := p.o.Store.Write(ctx, j.Lock, p.text)
	// Whatever was answered, and also in a run that was interrupted: what counts is what
	// is there.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	now, err = p.o.Store.Read(after, "")
	if err != nil {
		return r, p.explain(errors.Join(written, err))
	}
	if bytes.Equal(now, p.text) {
		r.Written = true
		return r, p.prove(r, now)
	}
	var refused *statestore.RefusedError
	switch {
	case written == nil:
		return r, &diag.Diagnostic{
			Rule: "state-rollback-unverified", Summary: p.o.Store.Address + " is not what was written",
			Why: "GitLab answered that it was done", Fix: "look at its versions before anything else is done to it: strongroom state history " + p.o.flags(),
		}
	case errors.As(written, &refused) && refused.Status == http.StatusUnprocessableEntity && sha256.Sum256(now) != p.shown:
		return r, p.moved() // somebody took the serial, without a lock
	}
	return r, p.explain(written)
}

// prove reads what is there as a state.
func (p *Plan) prove(r *Result, now []byte) error {
	s, err := tfstate.Read(now)
	if err == nil && p.want != nil && !s.Same(p.want) {
		err = errors.New("it is another state")
	}
	if err != nil {
		return &diag.Diagnostic{
			Rule: "state-rollback-unverified", Summary: fmt.Sprintf("%s is not proven: %v", p.o.Store.Address, err), Err: err,
			Why: "what is there has to be the earlier version, with the next serial", Fix: "look at its versions before anything else is done to it: strongroom state history " + p.o.flags(),
		}
	}
	r.Serial, r.Lineage = s.Serial, s.Lineage
	return nil
}

func (p *Plan) moved() error {
	return &diag.Diagnostic{
		Rule: "state-rollback-moved", Summary: p.o.Store.Address + " was written since its differences were shown",
		Why: "you agreed to replace another state than the one that is there now; it was not touched", Fix: "run this again, and look at what would be lost",
	}
}

// explain says what to do about an answer of GitLab's, or none.
func (p *Plan) explain(err error) error {
	return &diag.Diagnostic{
		Rule: "state-rollback-gitlab", Summary: "the rollback of " + p.o.Store.Address + " failed: " + err.Error(), Err: err,
		Why: "the state is the former version or the one that was asked for, and each is whole", Fix: "mend that, and run it again: it does the rest",
	}
}

// unlock gives the lock back, also in a run that was interrupted, and ends the journal.
// What cannot be given back stays there.
func (p *Plan) unlock(ctx context.Context, j *journal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	err := p.o.Store.Unlock(ctx, j.Lock)
	var held *statestore.LockedError
	if err == nil || errors.As(err, &held) { // somebody else's by now: ours was broken
		return p.o.closeJournal()
	}
	return &diag.Diagnostic{
		Rule: "state-rollback-unlock", Summary: "the lock of " + p.o.Store.Address + " could not be given back: " + err.Error(), Found: "lock " + j.Lock, Err: err,
		Why: "no engine can write the state until it is", Fix: "run this again, which gives it back; or: strongroom state unlock " + p.o.flags(),
	}
}
