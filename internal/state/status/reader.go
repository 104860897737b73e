package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// Reader asks about states. It is safe for concurrent use, and must not be copied.
type Reader struct {
	// Places are where the room's states are.
	Places *state.Places
	// Checker answers what verify would.
	Checker *verify.Checker
	// Trail is the audit trail's log group; nil: the room has none, for the reason NoTrail.
	Trail   *trail.Log
	NoTrail string
	// Since is how far back the trail is searched.
	Since time.Time
	// KeysOfVersions asks of every version how it is encrypted: a request each.
	KeysOfVersions bool

	once   sync.Once
	writes map[string]trail.Write
	failed error
}

// Row asks about one state. w is how it has to be; the error is that of ctx.
func (r *Reader) Row(ctx context.Context, e state.Environment, t state.Target, w verify.Want) (*Row, error) {
	row := &Row{
		Environment: t.Environment, Stack: t.Stack.Name, Workspace: t.Workspace, Backend: r.Places.Room.State.Backend,
		Versions: Versions{Under: []Under{}}, Drift: []string{}, Doubts: []string{}, Exists: "unknown",
	}
	place, err := r.Places.Store(t)
	if err != nil {
		row.Where, row.Why = t.Key(), cause(err)
		row.Contents.Unknown, row.Writer.Unknown, row.Versions.Unknown = row.Why, row.Why, row.Why
		row.Lock = Lock{Held: "unknown", Unknown: row.Why}
		row.Principal = Principal{Reads: verify.Unknown, Detail: row.Why}
		return row, ctx.Err()
	}
	row.Where = place.Where()
	checked, err := r.Checker.Check(ctx, e, t, w)
	if err != nil {
		return nil, err
	}
	row.fill(checked)
	r.lock(ctx, row, place)
	r.versions(ctx, row, place)
	r.writer(ctx, row, t)
	return row, ctx.Err()
}

// fill takes over what the checks found.
func (row *Row) fill(checked *verify.Result) {
	if exists := checked.Finding(verify.Exists); exists.Status != verify.OK {
		row.Exists, row.Why = "unknown", exists.Detail
		if exists.Status == verify.Failed {
			// A stack that was never applied is no drift: see Guard.
			row.Exists = "no"
		}
		row.Contents.Unknown = exists.Detail
		row.Principal = Principal{Reads: verify.Skipped, Detail: exists.Detail}
		return
	}
	row.Exists = "yes"
	if i := checked.Info; i != nil {
		row.Encryption = i.Encryption
		if i.Size >= 0 {
			row.Size = &i.Size
		}
		if !i.Modified.IsZero() {
			at := i.Modified.UTC()
			row.Modified = &at
		}
	}
	if s := checked.Snapshot; s != nil {
		row.Contents = Contents{Serial: &s.Serial, Lineage: s.Lineage, Resources: &s.Resources, Engine: s.Engine}
		if row.Client = s.Encrypted; s.Encrypted {
			row.Contents.Resources, row.Contents.Unknown = nil, "OpenTofu encrypted it"
		}
	} else if f := checked.Finding(verify.Contents); f != nil {
		row.Contents.Unknown = f.Detail
	}
	row.Principal = Principal{Reads: verify.Skipped, Detail: "the " + row.Backend + " backend does not know principals"}
	if f := checked.Finding(verify.PrincipalReads); f != nil {
		row.Principal = Principal{f.Status, f.Decided, f.Detail}
	}
	for _, f := range checked.Findings {
		switch f.Status {
		case verify.Failed:
			row.Drift = append(row.Drift, f.Detail)
		case verify.Unknown:
			doubt := f.Check + ": " + f.Detail
			if f.Fix != "" {
				doubt += "; " + f.Fix
			}
			row.Doubts = append(row.Doubts, doubt)
		}
	}
}

func (r *Reader) lock(ctx context.Context, row *Row, place statestore.Store) {
	l, err := place.Locked(ctx)
	switch {
	case errors.Is(err, statestore.ErrCannotTell):
		row.Lock = Lock{Held: "unknown", Unknown: "the " + row.Backend + " backend tells who has the lock only to those who try to take it"}
	case err != nil:
		row.Lock = Lock{Held: "unknown", Unknown: cause(err)}
	case l != nil:
		row.lock(l, "yes")
	default:
		row.Lock = Lock{Held: "no"}
		if local, ok := place.(*statestore.Local); ok {
			if left, err := local.Left(); err == nil && left != nil {
				row.lock(left, "left")
			}
		}
	}
}

func (r *Reader) versions(ctx context.Context, row *Row, place statestore.Store) {
	if place.Kind() == "http" && !r.KeysOfVersions {
		row.Versions.Unknown = "not counted: GitLab is asked for each; add --versions"
		return
	}
	list, err := place.Versions(ctx)
	if err != nil {
		row.Versions.Unknown = cause(err)
		return
	}
	kept, deleted := 0, 0
	under := map[string]int{}
	s3, _ := place.(*statestore.S3)
	for _, v := range list {
		if v.Deleted {
			deleted++
			continue
		}
		kept++
		if !r.KeysOfVersions || s3 == nil {
			continue
		}
		info, err := s3.HeadVersion(ctx, v.ID)
		switch {
		case err != nil:
			under["unknown: "+cause(err)]++
		case info != nil:
			under[verify.Words(info.Encryption)]++
		}
	}
	row.Versions.Kept, row.Versions.Deleted = &kept, &deleted
	for how, count := range under {
		row.Versions.Under = append(row.Versions.Under, Under{how, count})
	}
	slices.SortFunc(row.Versions.Under, func(a, b Under) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Encryption, b.Encryption)
	})
}

// writer looks for the last write in the trail, which is read once for all states.
func (r *Reader) writer(ctx context.Context, row *Row, t state.Target) {
	if row.Backend != "s3" {
		row.Writer.Unknown = "the " + row.Backend + " backend does not tell"
		return
	}
	if r.Trail == nil {
		row.Writer.Unknown = r.NoTrail
		return
	}
	r.once.Do(func() {
		list, err := r.Trail.Writes(ctx, r.Since, "")
		r.failed = err
		r.writes = map[string]trail.Write{}
		for _, w := range list {
			r.writes[w.Key] = w
		}
	})
	w, ok := r.writes[t.Key()]
	switch {
	case errors.Is(r.failed, trail.ErrNone):
		row.Writer.Unknown = "there is no log group " + r.Trail.Group
	case r.failed != nil:
		row.Writer.Unknown = "the log group " + r.Trail.Group + " cannot be read: " + cause(r.failed)
	case !ok:
		row.Writer.Unknown = fmt.Sprintf("the log group %s has no write of it since %s", r.Trail.Group, r.Since.UTC().Format(time.DateOnly))
	default:
		at := w.When.UTC()
		row.Writer = Writer{Who: w.Who, When: &at, Event: w.Event}
	}
}

// cause is an error in few words.
func cause(err error) string { return policyread.Cause(err) }

// Age is how long ago something was, for a person: "5 m", "3 h", "12 d".
func Age(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(int(d.Seconds()), 0))
	case d < time.Hour:
		return fmt.Sprintf("%d m", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
}
