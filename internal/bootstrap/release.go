package bootstrap

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// skew is how much earlier than its announcement a lock may seem to be made.
const skew = 5 * time.Second

// releaseLock removes the lock of an engine that an earlier run started and
// that died. It is that one's if an earlier run announced it, nobody but this
// run runs here (see takeTurn), and who and when agree. Any other lock is
// somebody's who may be at work.
func (b *run) releaseLock(ctx context.Context) error {
	if b.reality.bucket != bucketOurs {
		return nil
	}
	l, err := b.cloud.lock(ctx)
	if err != nil || l == nil {
		return err
	}
	if !b.ours(l) || engine.RunsIn(b.Stack) {
		return &diag.Diagnostic{
			Rule: "bootstrap-locked", Summary: fmt.Sprintf("the state is locked by %s", l.Who),
			Found: fmt.Sprintf("lock %s, taken %s for %s", l.ID, l.Created.Format(time.RFC3339), l.Operation),
			Why:   "somebody may be changing the room right now, and this run did not take that lock",
			Fix:   "wait for them. If you know that whoever took it is gone:\n  " + filepath.Base(b.Engine.Path) + " -chdir=" + b.Stack + " force-unlock " + l.ID,
		}
	}
	if err := b.cloud.unlock(ctx, l.ID); err != nil {
		return err
	}
	b.Note(fmt.Sprintf("released the lock %s that an earlier run left (%s)", l.ID, l.Operation))
	return nil
}

// ours reports whether a lock is that of an engine that an earlier run started.
func (b *run) ours(l *tfstate.LockInfo) bool {
	j := b.journal
	return l.ID != "" && !j.Locking.IsZero() && l.Who == j.Holder && l.Who == holder() &&
		!l.Created.Before(j.Locking.Add(-skew)) && (j.LockEnded.IsZero() || !l.Created.After(j.LockEnded.Add(skew)))
}
