package history

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Difference is what changed between two versions of one state.
type Difference struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	Where       string `json:"where"`
	// From is nil when there is no version before To: everything was added.
	From *Version `json:"from"`
	// To is nil when there is no state.
	To *Version `json:"to"`
	*tfstate.Difference
}

// Diff compares two versions of a state. from and to are versions' IDs or serials; ""
// is the version before to, and the current one. The error is a *diag.Diagnostic if
// there is no such version, or if it cannot be read.
func (r *Reader) Diff(ctx context.Context, t state.Target, from, to string, show tfstate.Show) (*Difference, error) {
	store, err := r.Places.Store(t)
	if err != nil {
		return nil, err
	}
	d := &Difference{Environment: t.Environment, Stack: t.Stack.Name, Workspace: t.Workspace, Where: store.Where(), Difference: &tfstate.Difference{Resources: []tfstate.Change{}, Outputs: []tfstate.Change{}}}
	kept, err := store.Versions(ctx)
	if err != nil {
		return nil, refused(err, "list the versions of "+d.Where, "s3:ListBucketVersions on the bucket")
	}
	list := []*Version{}
	for _, v := range kept {
		list = append(list, newVersion(v))
	}
	k := &chooser{ctx: ctx, store: store, where: d.Where, list: list}
	newer, older := -1, -1
	if to == "" {
		for i, v := range list {
			if v.Current {
				newer = i
			}
		}
		if newer < 0 && len(list) == 0 && from == "" {
			return d, nil // never written
		}
		if newer < 0 {
			return nil, k.none("current")
		}
	} else if newer, err = k.find(to); err != nil {
		return nil, err
	}
	if from != "" {
		if older, err = k.find(from); err != nil {
			return nil, err
		}
	} else if newer+1 < len(list) {
		older = newer + 1
	}
	d.To = list[newer]
	b, err := k.open(d.To)
	if err != nil {
		return nil, err
	}
	var a *tfstate.Contents
	if older >= 0 {
		d.From = list[older]
		if a, err = k.open(d.From); err != nil {
			return nil, err
		}
	}
	d.Difference, err = tfstate.Diff(a, b, show)
	return d, err
}

type chooser struct {
	ctx   context.Context
	store statestore.Store
	where string
	list  []*Version
}

// find returns the version of that ID, or else the newest of that serial.
func (k *chooser) find(name string) (int, error) {
	for i, v := range k.list {
		if v.ID == name && name != "" || name == "current" && v.Current {
			return i, nil
		}
	}
	serial, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		return 0, k.none(name)
	}
	unread := 0
	for i, v := range k.list {
		if v.Deleted {
			continue
		}
		if v.Serial == nil && v.Unreadable == "" {
			v.read(k.ctx, k.store)
		}
		switch {
		case v.Serial != nil && *v.Serial == serial:
			return i, nil
		case v.Serial == nil:
			unread++
		}
	}
	if err := k.ctx.Err(); err != nil {
		return 0, err
	}
	missing := k.none("with serial " + name)
	if unread > 0 {
		missing.Why = fmt.Sprintf("%d of its %d versions cannot be read, and have no serial", unread, len(k.list))
	}
	return 0, missing
}

func (k *chooser) none(name string) *diag.Diagnostic {
	return &diag.Diagnostic{
		Rule: "state-version", Summary: fmt.Sprintf("%s has no version %s", k.where, name),
		Why: "only versions that are kept can be compared", Fix: "choose one of: strongroom state history",
	}
}

// open reads a version; nil for a delete marker.
func (k *chooser) open(v *Version) (*tfstate.Contents, error) {
	if v.Deleted {
		return nil, nil
	}
	if v.raw == nil && v.Unreadable == "" {
		v.read(k.ctx, k.store)
	}
	if err := k.ctx.Err(); err != nil {
		return nil, err
	}
	if v.Unreadable != "" {
		name := v.ID
		if name == "" {
			name = "current"
		}
		d := &diag.Diagnostic{
			Rule: "state-version-unreadable", Summary: fmt.Sprintf("version %s of %s cannot be read: %s", name, k.where, v.Unreadable),
			Why: "what cannot be read cannot be compared", Fix: "use credentials that may read it (--profile PROFILE), or choose another version",
		}
		switch {
		case v.Unreadable == Encrypted:
			d.Fix = "only OpenTofu can, with the stack's encryption block: tofu state pull"
		case v.damaged:
			d.Fix = "choose another version: strongroom state history"
		}
		return nil, d
	}
	c, err := tfstate.Open(v.raw)
	v.raw = nil
	return c, err
}

// refused makes a diagnostic of AWS's refusal.
func refused(err error, what, permission string) error {
	var d *diag.Diagnostic
	code := statestore.Code(err)
	if errors.As(err, &d) || code == "" {
		return err
	}
	return &diag.Diagnostic{
		Rule: "state-history-refused", Summary: fmt.Sprintf("cannot %s: %s", what, code), Err: err,
		Why: "the versions are the history", Fix: "use credentials that have " + permission + ": --profile PROFILE",
	}
}
