package rekey

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// state does one state: copies it until its current version is as wanted, and proves
// it. What is right already is proven without a lock.
func (w *work) state(ctx context.Context, j *journal, s *State) error {
	if s.Action == Keep {
		done, err := w.settled(ctx, s)
		if err != nil || done {
			return err
		}
		s.Action = Copy // somebody wrote it since
	}
	if s.Action == Absent {
		s.Done = true
		return nil
	}
	return w.locked(ctx, j, s, func() error { return w.change(ctx, j, s) })
}

// settled proves a state that needs no copy; false: it does need one.
func (w *work) settled(ctx context.Context, s *State) (bool, error) {
	o, err := w.head(ctx, s.Key, "")
	if err != nil {
		return false, err
	}
	if o == nil {
		s.Action, s.Done = Absent, true
		return true, nil
	}
	if !o.meets(s.Then) {
		return false, nil
	}
	now, err := w.content(ctx, w.store(s.Key, s.Then), s, o)
	if err != nil || now == nil {
		return false, err
	}
	if now.damage != nil {
		return false, now.damage
	}
	if err = w.finish(ctx, s, o, now); err != nil && w.moved(ctx, s, o) {
		return false, nil
	}
	return true, err
}

// moved reports that somebody wrote the state since it was looked at, so that what was
// found of it is of no use.
func (w *work) moved(ctx context.Context, s *State, o *object) bool {
	now, err := w.head(ctx, s.Key, "")
	return err == nil && (now == nil || now.mark() != o.mark())
}

// change is the loop: look, and copy what was looked at. A copy is made on the
// condition that the current version still is the one that was looked at, so whoever
// writes without a lock is never overwritten; then it is looked at again.
func (w *work) change(ctx context.Context, j *journal, s *State) error {
	store := w.store(s.Key, s.Then)
	var (
		copied string   // the mark of what we wrote last
		want   *content // what that has to hold
		source *object  // the version to bring back, and what it holds
		back   *content
		err    error
	)
	if s.Action == Restore {
		if source, back, err = w.source(ctx, store, s); err != nil {
			return err
		}
	}
	for range w.limits.Tries {
		now, err := w.head(ctx, s.Key, "")
		if err != nil {
			return err
		}
		if now == nil {
			if copied != "" {
				return w.unproven(s, "it is gone")
			}
			s.Action, s.Done = Absent, true
			return nil
		}
		held, err := w.content(ctx, store, s, now)
		if err != nil {
			return err
		}
		if held == nil {
			continue // it went between the two requests
		}
		if held.damage != nil && (source == nil || now.mark() != s.shown) {
			return held.damage
		}
		if copied == now.mark() {
			if held.sum != want.sum {
				return w.unproven(s, "its contents are not those that were copied")
			}
			if !now.meets(s.Then) {
				return w.unproven(s, "it is under "+phrase(now.encryption))
			}
		}
		from := now
		switch {
		case source == nil || held.sum == back.sum:
			if now.meets(s.Then) {
				err := w.finish(ctx, s, now, held)
				if err != nil && w.moved(ctx, s, now) {
					continue
				}
				return err
			}
			want = held
		case now.mark() != s.shown:
			return &diag.Diagnostic{
				Rule: "state-rollback-moved", Summary: w.where(s.Key, "") + " was written since its differences were shown", Found: "serial " + fmt.Sprint(held.Serial),
				Why: "you agreed to replace another state than the one that is there now; it was not touched", Fix: "run this again, and look at what would be lost",
			}
		default:
			from, want = source, back
		}
		if bad := w.refuse(s.Key, from, false); bad != nil {
			return bad
		}
		mark, err := w.copy(ctx, j, s, from, now)
		switch {
		case err == nil:
			copied, s.Written, s.Replaced = mark, true, now.version
		case !conflict(err):
			return w.explain(ctx, "s3:PutObject", s.Key, s.Then, err)
		}
	}
	return &diag.Diagnostic{
		Rule: "state-rekey-busy", Summary: fmt.Sprintf("%s was written by others %d times while it was being copied", w.where(s.Key, ""), w.limits.Tries),
		Why: "somebody writes it without taking its lock; what they wrote stands", Fix: "stop the pipelines of environment " + s.Environment + ", see that their backends lock (use_lockfile), and run this again",
	}
}

// finish proves a state, and with AllVersions does its older versions.
func (w *work) finish(ctx context.Context, s *State, o *object, c *content) error {
	s.Version, s.Serial, s.Lineage = o.version, c.Serial, c.Lineage
	if w.Prove != nil {
		err := w.Prove(ctx, Subject{Target: s.target, Version: o.version, Encryption: s.Then, Snapshot: c.Snapshot})
		if err != nil {
			return err
		}
	}
	if w.AllVersions {
		if err := w.updateVersions(ctx, s); err != nil {
			return err
		}
	}
	s.Done = true
	return nil
}

func (w *work) unproven(s *State, why string) error {
	return &diag.Diagnostic{
		Rule: "state-rekey-unverified", Summary: w.where(s.Key, "") + " is not as it was copied: " + why,
		Why: "S3 answered that the copy was made", Fix: "look at its versions before anything else is done to it: strongroom state history --env " + s.Environment + " --stack " + s.Stack,
	}
}

// conflict reports that a condition was not met: somebody wrote since, or our own copy
// was made and only its answer lost.
func conflict(err error) bool {
	switch statestore.Code(err) {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload", "NoSuchKey", "NoSuchVersion":
		return true
	}
	return false
}
