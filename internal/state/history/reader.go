package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Unknown stands for what no record tells.
const Unknown = "unknown"

// Encrypted is why a version cannot be read that OpenTofu encrypted.
const Encrypted = "OpenTofu encrypted it: serial and lineage are all that can be read"

// Reader lists versions of one room's states. It is safe for concurrent use.
type Reader struct {
	Places *state.Places
	// Trail tells who wrote versions; nil: NoTrail says why nobody does.
	Trail   *trail.Log
	NoTrail string
	// Limit is how many versions are read, the newest first; 0: all.
	Limit int
}

// History is what is kept of one state.
type History struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	Where       string `json:"where"`
	// Versions are the newest first; never nil.
	Versions []*Version `json:"versions"`
	// Older is how many more are kept than Limit let through.
	Older int `json:"older"`
}

// Version is one state that is kept.
type Version struct {
	// ID is S3's version ID, GitLab's serial, "backup" for the file beside a local
	// state; "" where the place does not name it.
	ID      string `json:"id"`
	Current bool   `json:"current"`
	// Deleted is a delete marker: from then on there was no state.
	Deleted bool `json:"deleted"`
	// Written is when; nil if the place does not tell.
	Written *time.Time `json:"written"`
	// Who wrote it, by the audit trail; Unknown, and then WhoUnknown says why.
	Who        string `json:"who"`
	WhoUnknown string `json:"who_unknown"`
	// Event is how it was written, as the trail has it: "PutObject", "CopyObject"; "" if
	// Who is Unknown.
	Event string `json:"event"`
	// Size is in bytes; -1 when the place does not tell.
	Size       int64                 `json:"size"`
	Encryption statestore.Encryption `json:"encryption"`
	// Serial, Lineage, Resources and Engine are the state's; nil or "" if it cannot be
	// read, or is none.
	Serial    *uint64 `json:"serial"`
	Lineage   string  `json:"lineage"`
	Resources *int    `json:"resources"`
	Engine    string  `json:"engine"`
	// Changes are counted from the version before; nil if there is none, or if one of
	// the two cannot be read.
	Changes *Changes `json:"changes"`
	// Unreadable says why the state cannot be read; "" if it can.
	Unreadable string `json:"unreadable"`

	raw     []byte
	damaged bool // is no state
}

// Changes counts resource instances.
type Changes struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
}

// atOnce is how many versions are read at the same time, and bytesAtOnce how large they
// may be together: fewer are, if they are larger.
const (
	atOnce      = 8
	bytesAtOnce = 128 << 20
)

// States lists the versions of a state. The error is that of the list: what is wrong
// with one version is said there.
func (r *Reader) States(ctx context.Context, t state.Target) (*History, error) {
	store, err := r.Places.Store(t)
	if err != nil {
		return nil, err
	}
	h := &History{Environment: t.Environment, Stack: t.Stack.Name, Workspace: t.Workspace, Where: store.Where(), Versions: []*Version{}}
	list, err := store.Versions(ctx)
	if err != nil {
		return nil, refused(err, "list the versions of "+h.Where, "s3:ListBucketVersions on the bucket")
	}
	read := len(list)
	if r.Limit > 0 && read > r.Limit {
		// One more than is shown, for what the oldest one changed.
		h.Older, read = read-r.Limit, r.Limit+1
	}
	for _, v := range list[:read] {
		h.Versions = append(h.Versions, newVersion(v))
	}
	// From the oldest on, so that no more of them are held than are read at once, and one.
	for end := len(h.Versions); end > 0; {
		from := max(end-batch(h.Versions[:end]), 0)
		if err := r.each(ctx, store, h.Versions[from:end]); err != nil {
			return nil, err
		}
		for i := end - 1; i >= from; i-- {
			v := h.Versions[i]
			if i+1 < len(h.Versions) {
				v.since(h.Versions[i+1])
				h.Versions[i+1].raw = nil
			} else if h.Older == 0 && v.Unreadable == "" && !v.Deleted {
				v.since(nil)
			}
		}
		end = from
	}
	if len(h.Versions) > 0 {
		h.Versions[0].raw = nil
	}
	if h.Older > 0 {
		h.Versions = h.Versions[:r.Limit]
	}
	r.who(ctx, t, h)
	return h, nil
}

// batch is how many of the last versions of a list are read at once.
func batch(list []*Version) int {
	n, size := 0, int64(0)
	for n < min(atOnce, len(list)) {
		size += max(list[len(list)-1-n].Size, 0)
		if n > 0 && size > bytesAtOnce {
			break
		}
		n++
	}
	return n
}

func newVersion(v statestore.Version) *Version {
	out := &Version{ID: v.ID, Current: v.Current, Deleted: v.Deleted, Size: v.Size, Who: Unknown}
	if !v.Written.IsZero() {
		at := v.Written.UTC()
		out.Written = &at
	}
	return out
}

// each reads the versions.
func (r *Reader) each(ctx context.Context, store statestore.Store, list []*Version) error {
	var group sync.WaitGroup
	for _, v := range list {
		if v.Deleted {
			continue
		}
		group.Add(1)
		go func() {
			defer group.Done()
			v.read(ctx, store)
		}()
	}
	group.Wait()
	return ctx.Err()
}

func (v *Version) read(ctx context.Context, store statestore.Store) {
	if s3, ok := store.(*statestore.S3); ok {
		if info, err := s3.HeadVersion(ctx, v.ID); err == nil && info != nil {
			v.Encryption = info.Encryption
		}
	}
	raw, err := store.Read(ctx, v.ID)
	if err != nil {
		v.Unreadable = why(err, v.Encryption)
		return
	}
	s, err := tfstate.Read(raw)
	switch {
	case errors.Is(err, tfstate.ErrEmpty):
		v.Unreadable, v.damaged = "it is empty", true
		return
	case err != nil:
		v.Unreadable, v.damaged = err.Error(), true
		return
	}
	v.Serial, v.Lineage, v.Engine = &s.Serial, s.Lineage, s.Engine
	if s.Encrypted {
		v.Unreadable = Encrypted
		return
	}
	v.Resources = &s.Resources
	v.raw = raw
}

// since counts what changed from the version before; nil: there was none.
func (v *Version) since(before *Version) {
	if v.Deleted || v.Unreadable != "" || before != nil && before.Unreadable != "" {
		return
	}
	var from *tfstate.Contents
	if before != nil && !before.Deleted {
		var err error
		if from, err = tfstate.Open(before.raw); err != nil {
			return
		}
	}
	to, err := tfstate.Open(v.raw)
	if err != nil {
		return
	}
	d, err := tfstate.Diff(from, to, tfstate.Show{})
	if err != nil {
		v.Unreadable = err.Error()
		return
	}
	v.Changes = &Changes{}
	v.Changes.Added, v.Changes.Changed, v.Changes.Removed = d.Count()
}

// why says in a few words why a version cannot be read.
func why(err error, e statestore.Encryption) string {
	code := statestore.Code(err)
	switch {
	case errors.Is(err, statestore.ErrNone):
		return "it is gone"
	case code == "":
		return err.Error()
	case e.KeyARN != "" && code == "AccessDenied":
		return "these credentials may not read it: s3:GetObjectVersion on it, or kms:Decrypt with " + e.KeyARN + ", is missing"
	case e.KeyARN != "":
		return fmt.Sprintf("%s: %s", code, e.KeyARN)
	case code == "AccessDenied":
		return "these credentials may not read it: s3:GetObjectVersion is missing"
	}
	return code
}

// who asks the trail.
func (r *Reader) who(ctx context.Context, t state.Target, h *History) {
	reason := r.NoTrail
	switch {
	case r.Places.Room.State.Backend == "local":
		reason = "a file does not tell"
	case r.Places.Room.State.Backend == "http":
		reason = "the backend's API does not tell"
	case r.Trail != nil:
		writes, err := r.Trail.Writes(ctx, oldest(h.Versions).Add(-time.Hour), t.Key())
		switch {
		case errors.Is(err, trail.ErrNone):
			reason = err.Error()
		case statestore.Code(err) != "":
			reason = "the trail's log group cannot be read: " + statestore.Code(err)
		case err != nil:
			reason = "the trail's log group cannot be read: " + err.Error()
		default:
			match(h.Versions, writes)
			return
		}
	}
	for _, v := range h.Versions {
		v.WhoUnknown = reason
	}
}

func oldest(list []*Version) time.Time {
	at := time.Now()
	for _, v := range list {
		if v.Written != nil && v.Written.Before(at) {
			at = *v.Written
		}
	}
	return at
}

// makes reports whether a request makes versions, or delete markers: who tags a
// version, or re-encrypts it in place, did not write it.
// Source: S3 User Guide "Amazon S3 CloudTrail events".
func makes(event string, marker bool) bool {
	switch event {
	case "PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject":
		return !marker
	case "DeleteObject", "DeleteObjects":
		return marker
	}
	return false
}

// match finds the record of each version, by its ID alone: times are not exact, and
// one of them would be somebody's.
func match(list []*Version, writes []trail.Write) {
	for _, v := range list {
		v.WhoUnknown = "the trail has no record of it: it was written before the trail recorded the bucket's objects, by something that it does not record, or a few minutes ago"
		for _, w := range writes {
			if v.ID != "" && v.ID != "null" && w.Version == v.ID && makes(w.Event, v.Deleted) {
				v.Who, v.WhoUnknown, v.Event = w.Who, "", w.Event
				break
			}
		}
		if v.Who == Unknown && v.Deleted {
			v.WhoUnknown = "the trail has no record of this deletion: S3 does not record which objects a request deletes that names several, such as the console's, and lifecycle rules are not recorded either"
		}
		if v.Who == Unknown && v.ID == "null" {
			v.WhoUnknown = "it has no version ID, which the trail's records are found by: versioning was off"
		}
	}
}
