package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	roomstate "github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// markSuffix is what the mark beside a state file is called.
const markSuffix = ".migrated.json"

// Mark is the file that lies beside a state file that was left.
type Mark struct {
	FormatVersion int `json:"format_version"`
	// MovedTo names the place.
	MovedTo string `json:"moved_to"`
	// When, by this machine's clock.
	When time.Time `json:"when"`
	// State is the one that was left, without its contents.
	State *tfstate.Snapshot `json:"state"`
}

// moved is the Operation of a lock that stays at a place that was left.
const moved = "StrongroomMigrated"

// markStep marks the source, under its lock, if it still is what was copied.
func (m *move) markStep(ctx context.Context) error {
	left := Left{Place: m.from.block, To: m.to.block, When: time.Now().UTC(), Workspaces: []LeftCopy{}}
	for _, s := range m.states {
		if m.from.workspaced() || s.name == "default" {
			if s.before == nil {
				continue
			}
			if err := m.markOne(ctx, s); err != nil {
				return err
			}
			left.Workspaces = append(left.Workspaces, LeftCopy{s.name, m.from.where(s.name), s.before})
		}
	}
	if m.from.locks() {
		left.Lock = m.journal.Lock
	}
	j := m.journal
	kept := []Left{}
	for _, l := range j.Left {
		if !same(l.Place, m.from.block) && !same(l.Place, m.to.block) {
			kept = append(kept, l)
		}
	}
	m.leaving = append(kept, left)
	return nil
}

func (m *move) markOne(ctx context.Context, s *state) error {
	switch {
	case m.from.kind() == "local":
		return m.markFile(ctx, s)
	case m.from.block.S3 != nil && m.from.locks():
		if err := m.unchanged(ctx, s); err != nil {
			return err
		}
		return m.markObject(ctx, s)
	}
	if err := m.unchanged(ctx, s); err != nil || m.from.block.S3 == nil {
		return err
	}
	return m.tagObject(ctx, s)
}

// movedTag is the tag of an object that was left where nobody may write lock files.
const movedTag = "strongroom-moved-to"

// tagObject marks a state in a bucket without locks, as far as that is allowed. It does
// not keep an engine from writing; Retire notices.
func (m *move) tagObject(ctx context.Context, s *state) error {
	store := m.from.bucket(s.name)
	in := &s3.PutObjectTaggingInput{Bucket: &store.Bucket, Key: &store.Key, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String(movedTag), Value: aws.String(m.to.kind())}}}}
	if store.Owner != "" {
		in.ExpectedBucketOwner = &store.Owner
	}
	tags, err := store.Client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &store.Bucket, Key: &store.Key, ExpectedBucketOwner: in.ExpectedBucketOwner})
	if err == nil {
		for _, t := range tags.TagSet {
			if aws.ToString(t.Key) != movedTag {
				in.Tagging.TagSet = append(in.Tagging.TagSet, t)
			}
		}
		m.At("tag " + store.Where())
		_, err = store.Client.PutObjectTagging(ctx, in)
	}
	if statestore.Code(err) == "AccessDenied" {
		m.Note("nothing at " + store.Where() + " says that it has moved: the bucket policy allows neither lock files nor tags; retire it soon")
		return nil
	}
	if err != nil {
		return fmt.Errorf("mark %s: %w", store.Where(), err)
	}
	return nil
}

// unchanged refuses to call a move done when somebody has written to the source since:
// who does not lock is not kept from it.
func (m *move) unchanged(ctx context.Context, s *state) error {
	_, now, err := m.from.read(ctx, s.name)
	if err != nil {
		return err
	}
	if now != nil && now.Same(s.before) {
		return nil
	}
	return &diag.Diagnostic{
		Rule: "state-migrate-raced", Summary: "somebody wrote to the source while it was moved: " + m.from.where(s.name),
		Found: "was: " + s.before.Summary() + "\nis:  " + now.Summary(),
		Why:   "the destination is a copy of what was there before, so the move is not done",
		Fix:   "make sure that nobody applies with the old backend block; " + again,
	}
}

// markFile makes a state file read-only and lays the mark beside it, with the file's
// lock held. An engine opens the file for writing to lock it, and is refused; that does
// not hold back root.
func (m *move) markFile(ctx context.Context, s *state) (err error) {
	f := m.from.fileOf(s.name)
	l := roomstate.NewLock("StrongroomMigrate")
	l.ID = m.journal.Lock
	err = f.Lock(ctx, l)
	var held *statestore.LockedError
	if errors.As(err, &held) {
		return m.locked(held)
	}
	readOnly := errors.Is(err, os.ErrPermission) // an earlier run has marked it
	if err != nil && !readOnly {
		return err
	}
	if !readOnly {
		defer func() { err = errors.Join(err, f.Unlock(context.WithoutCancel(ctx), l.ID)) }()
	}
	if err := m.unchanged(ctx, s); err != nil {
		return err
	}
	text, err := json.MarshalIndent(Mark{1, m.to.where(s.name), time.Now().UTC(), s.before}, "", "  ")
	if err != nil {
		return err
	}
	if err := m.write(f.Path+markSuffix, append(text, '\n')); err != nil {
		return err
	}
	m.At("make " + filepath.Base(f.Path) + " read-only")
	return os.Chmod(f.Path, 0o400)
}

// markObject lets the lock file say that the state has moved, if it is still ours: its
// ID is the journal's.
func (m *move) markObject(ctx context.Context, s *state) error {
	store := m.from.bucket(s.name)
	l := roomstate.NewLock(moved)
	l.ID, l.Path = m.holds(m.from, s.name), store.Where()
	serial := ""
	if s.there != nil { // an engine copies none that has nothing in it
		serial = fmt.Sprintf(" (serial %d)", s.there.Serial)
	}
	l.Info = "the state has moved to " + m.to.where(s.name) + serial + "; pull the new backend block and run init"
	m.At("mark " + store.Where())
	err := store.Relabel(ctx, l)
	var held *statestore.LockedError
	if errors.As(err, &held) {
		return m.locked(held)
	}
	return err
}

// unmarkFiles makes files that an earlier move has marked writable again: an engine
// opens even those that it copies from for writing, to lock them. That those of a
// destination are older copies of what comes is known from looking.
func (m *move) unmarkFiles() error {
	for _, p := range []place{m.from, m.to} {
		if p.kind() != "local" {
			continue
		}
		for _, s := range m.states {
			path := p.where(s.name)
			if !exists(path+markSuffix) || !exists(path) {
				continue
			}
			m.At("make " + filepath.Base(path) + " writable")
			if err := os.Chmod(path, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeMarks takes the marks off a destination, once it is home.
func (m *move) removeMarks() error {
	if m.to.kind() != "local" {
		return nil
	}
	for _, s := range m.states {
		if err := m.remove(m.to.where(s.name) + markSuffix); err != nil {
			return err
		}
		if s.there == nil {
			continue
		}
		// An engine makes its files readable for everybody.
		if err := os.Chmod(m.to.where(s.name), 0o600); err != nil {
			return err
		}
	}
	return nil
}
