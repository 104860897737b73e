package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Retired is a state that was removed from where it was left.
type Retired struct {
	Where string `json:"where"`
	// How it went, for people.
	How string `json:"how"`
}

// Leftovers are the places that moves of the stack have left, and what would be done
// to them. It refuses what Retire refuses, and changes nothing.
func Leftovers(ctx context.Context, o Options) ([]Retired, error) { return retire(ctx, o, false) }

// Retire removes what moves of the stack have left, once it is proven that the home of
// the states has all of it: the same lineage, and no lower serial. It can be killed and
// run again.
func Retire(ctx context.Context, o Options) ([]Retired, error) { return retire(ctx, o, true) }

func retire(ctx context.Context, o Options, really bool) ([]Retired, error) {
	done := []Retired{}
	if err := o.check(); err != nil {
		return done, err
	}
	if really {
		release, err := o.takeTurn()
		if err != nil {
			return done, err
		}
		defer release()
	}
	j, err := o.loadJournal()
	if err != nil {
		return done, err
	}
	if j.Moving {
		return done, &diag.Diagnostic{
			Rule: "state-migrate-unfinished", Summary: "a move of this stack was begun and not finished",
			Why: "what it leaves is known at its end", Fix: "finish it: strongroom state migrate --to " + j.To.Type() + " --env " + o.Environment + " --stack " + o.Stack,
		}
	}
	block, err := o.current()
	if err != nil {
		return done, err
	}
	home := place{&o, block}
	for len(j.Left) > 0 {
		l := j.Left[0]
		for _, c := range l.Workspaces {
			how, err := o.retireOne(ctx, home, l, c, really)
			if err != nil {
				return done, o.explain(ctx, "retire", err)
			}
			done = append(done, Retired{c.Where, how})
		}
		j.Left = j.Left[1:]
		if really {
			if err := o.save(j); err != nil {
				return done, err
			}
		}
	}
	if really {
		return done, o.remove(o.journalPath())
	}
	return done, nil
}

func (o *Options) retireOne(ctx context.Context, home place, l Left, c LeftCopy, really bool) (how string, err error) {
	p := place{o, l.Place}
	if same(l.Place, home.block) {
		return "", diag.Refuse(&diag.Diagnostic{
			Rule: "state-migrate-home", Summary: "the stack's backend block names the place that was left: " + c.Where,
			Why: "removing the state would leave the stack without one", Fix: "bring back the block of the destination: strongroom state backend --env " + o.Environment + " --stack " + o.Stack,
		})
	}
	etag := ""
	if l.Place.S3 != nil { // before it is read, so that what is deleted is what was read
		info, err := p.bucket(c.Name).Head(ctx)
		if err != nil {
			return "", err
		}
		if info != nil {
			etag = info.ETag
		}
	}
	_, now, err := p.read(ctx, c.Name)
	if err != nil {
		return "", err
	}
	_, there, err := home.read(ctx, c.Name)
	if err != nil {
		return "", err
	}
	if why := retirable(c.State, now, there); why != "" {
		return "", diag.Refuse(&diag.Diagnostic{
			Rule: "state-migrate-retire", Summary: fmt.Sprintf("%s cannot be retired: %s", c.Where, why),
			Found: fmt.Sprintf("left: %s\nthere now: %s\n%s: %s", c.State.Summary(), now.Summary(), home.where(c.Name), there.Summary()),
			Why:   "something would be lost that is nowhere else; nothing was removed",
			Fix:   "compare the two; if the one that was left is the right one, move it again",
		})
	}
	store, err := p.store(c.Name)
	if err != nil {
		return "", err
	}
	if s, ok := store.(*statestore.S3); ok && !p.locks() {
		if holder, err := s.Locked(ctx); holder != nil && err == nil {
			return "", &statestore.LockedError{Where: s.Where(), Holder: holder}
		}
	}
	switch s := store.(type) {
	case *statestore.S3:
		how = "delete marker; its versions stay"
		if really {
			o.At("delete " + c.Where)
			if now != nil {
				if err := s.Delete(ctx, etag); err != nil {
					return "", err
				}
			}
			return how, o.giveBack(ctx, s, l.Lock)
		}
	case *statestore.HTTP:
		how = "deleted, with all its versions"
		if really {
			// GitLab does not delete a state that is locked.
			if err := o.giveBack(ctx, s, l.Lock); err != nil {
				return "", err
			}
			o.At("delete " + c.Where)
			if now == nil {
				return how, nil
			}
			if err := s.Delete(ctx); err != nil {
				return "", err
			}
			return how, o.gone(ctx, s)
		}
	case *statestore.Local:
		how = "removed, with its backup"
		if really {
			return how, o.removeFile(ctx, s, there)
		}
	}
	return how, nil
}

// retirable says why a state that was left must stay; "" if it may go.
func retirable(was, now, there *tfstate.Snapshot) string {
	switch {
	case now == nil:
		return "" // a run that was killed has removed it
	case !now.Same(was):
		return "somebody has written to it since it was left"
	case empty(now):
		return ""
	case there == nil:
		return "there is no state at its destination"
	case there.Lineage != now.Lineage:
		return "the state at its destination is of another lineage"
	case there.Serial < now.Serial:
		return "the state at its destination has a lower serial"
	}
	return ""
}

func (o *Options) giveBack(ctx context.Context, s statestore.Store, id string) error {
	if id == "" {
		return nil
	}
	o.At("unlock " + s.Where())
	return s.Unlock(ctx, id)
}

// gone makes sure that GitLab did what it said: it answers the same when somebody has
// taken the lock in between, and keeps the state.
func (o *Options) gone(ctx context.Context, s *statestore.HTTP) error {
	if _, err := s.Read(ctx, ""); !errors.Is(err, statestore.ErrNone) {
		if err != nil {
			return err
		}
		return fmt.Errorf("GitLab keeps %s: somebody has locked it, or it is still being deleted", s.Address)
	}
	return nil
}

// removeFile removes a state file, its backup as far as the home holds what it holds,
// and the mark, which goes last.
func (o *Options) removeFile(ctx context.Context, s *statestore.Local, home *tfstate.Snapshot) error {
	if holder, err := s.Locked(ctx); err != nil || holder != nil {
		return errors.Join(err, lockedBy(s, holder))
	}
	if err := o.remove(s.Path); err != nil {
		return err
	}
	backup := s.Path + statestore.BackupSuffix
	if raw, err := os.ReadFile(backup); err == nil {
		old, err := tfstate.Read(raw)
		if err == nil && home != nil && home.Covers(old) || errors.Is(err, tfstate.ErrEmpty) {
			if err := o.remove(backup); err != nil {
				return err
			}
		} else {
			o.Note("kept " + backup + ": it describes something that the state does not")
		}
	}
	if err := o.remove(s.Path + markSuffix); err != nil {
		return err
	}
	if dir := filepath.Dir(s.Path); filepath.Base(filepath.Dir(dir)) == statestore.LocalWorkspaceDir {
		_ = os.Remove(dir) // only if nothing else is in it
		_ = os.Remove(filepath.Dir(dir))
	}
	return nil
}

func lockedBy(s statestore.Store, holder *tfstate.LockInfo) error {
	if holder == nil {
		return nil
	}
	return &statestore.LockedError{Where: s.Where(), Holder: holder}
}
