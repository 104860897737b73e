package rekey

import (
	"context"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// store is the place of the state at an object key, whose lock file is encrypted like
// the state.
func (w *work) store(key string, like statestore.Encryption) *statestore.S3 {
	return &statestore.S3{
		Client: w.Bucket.S3, Bucket: w.Bucket.Room.State.Bucket, Owner: w.Bucket.Room.Account, Key: key,
		LockKeyARN: like.KeyARN, LockSSES3: like.Algorithm == SSES3,
	}
}

// unlockTime is how long a lock may take to be given back by a run that was
// interrupted.
const unlockTime = 30 * time.Second

// locked does something with the engines' lock of a state held.
func (w *work) locked(ctx context.Context, j *journal, s *State, do func() error) (err error) {
	l := j.locks[s.Key]
	store := w.store(s.Key, s.Then)
	err = store.Lock(ctx, l)
	var held *statestore.LockedError
	switch {
	case errors.As(err, &held) && held.Holder.ID == l.ID: // an answer was lost, and the request sent again
	case errors.As(err, &held):
		return &diag.Diagnostic{
			Rule: "state-rekey-locked", Summary: held.Error(), Err: err,
			Why: "whoever holds it is about to write the state, or was killed; nothing was done to this one",
			Fix: "wait, or find out whether the holder still runs: strongroom state unlock " + s.flags(),
		}
	case err != nil:
		// The lock may have been taken all the same.
		return errors.Join(w.explain(ctx, "s3:PutObject", lockKey(s.target), s.Then, err), w.unlock(ctx, j, s))
	}
	defer func() { err = errors.Join(err, w.unlock(ctx, j, s)) }()
	return do()
}

// unlock gives the lock back, also in a run that was interrupted. What cannot be given
// back stays in the journal.
func (w *work) unlock(ctx context.Context, j *journal, s *State) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	err := w.store(s.Key, s.Then).Unlock(ctx, j.locks[s.Key].ID)
	var held *statestore.LockedError
	if err == nil || errors.As(err, &held) { // somebody else's by now: ours was broken
		return nil
	}
	j.mu.Lock()
	j.left = true
	j.mu.Unlock()
	return &diag.Diagnostic{
		Rule: "state-rekey-unlock", Summary: "the lock of " + w.where(s.Key, "") + " could not be given back: " + cause(err), Err: err,
		Why: "no engine can write the state until it is", Fix: "run this again, which releases it first; or: strongroom state unlock " + s.flags(),
	}
}
