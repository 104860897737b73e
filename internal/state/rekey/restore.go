package rekey

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Difference is what bringing an earlier version back would change.
type Difference struct {
	From Shown `json:"from"`
	To   Shown `json:"to"`
	// Unknown is true when OpenTofu encrypted one of the two, or it is no whole state:
	// the lists are empty then.
	Unknown bool `json:"unknown"`
	// Difference names addresses and attributes, and shows no value.
	*tfstate.Difference
}

// Shown is one of the two versions.
type Shown struct {
	Version string `json:"version"`
	Written string `json:"written"`
	Serial  uint64 `json:"serial"`
	Lineage string `json:"lineage"`
}

// read is a version that was read, with its bytes: secret, and dropped once compared.
type read struct {
	version statestore.Version
	raw     []byte
	sum     [sha256.Size]byte
	*tfstate.Snapshot
}

// chooseVersion finds the version that Options name, and says what it would change.
func (w *work) chooseVersion(ctx context.Context, p *Plan) error {
	states := []*State{}
	names := []string{}
	for _, e := range p.Environments {
		for _, s := range e.States {
			states = append(states, s)
			names = append(names, fmt.Sprintf("--env %s --stack %s --workspace %s", s.Environment, s.Stack, s.Workspace))
		}
	}
	if len(states) != 1 {
		return &diag.Diagnostic{
			Rule: "state-rollback-which", Summary: fmt.Sprintf("%d states were selected, and a version is one state's", len(states)),
			Why: "version IDs and serials of different states have nothing to do with each other", Fix: "choose one:\n  " + strings.Join(names, "\n  "),
		}
	}
	s := states[0]
	now, err := w.head(ctx, s.Key, "")
	if err != nil {
		return err
	}
	if now == nil {
		return w.noVersion(s, "it was deleted or never was; an older version can be brought back by removing its delete marker: aws s3api list-object-versions --bucket "+w.Bucket.Room.State.Bucket+" --prefix '"+s.Key+"'")
	}
	if now.version == "" {
		return w.noVersion(s, "bucket "+w.Bucket.Room.State.Bucket+" keeps no versions")
	}
	if bad := w.refuse(s.Key, now, false); bad != nil {
		return bad
	}
	s.shown = now.mark()
	// The current version need not be readable as a state: a damaged one is what people
	// go back from.
	current, err := w.read(ctx, s.Key, statestore.Version{ID: now.version, Written: *now.LastModified})
	if err != nil && (current == nil || current.raw == nil) {
		return err
	}
	to, err := w.find(ctx, s, now, current)
	if err != nil {
		return err
	}
	s.source, s.Action = to.version.ID, Restore
	if to.sum == current.sum {
		s.source, s.Action = "", Keep
		if !now.meets(s.Then) {
			s.Action = Copy
		}
	}
	p.Difference, err = difference(current, to)
	return err
}

func (w *work) noVersion(s *State, why string) error {
	return &diag.Diagnostic{
		Rule: "state-rollback-version", Summary: "there is no version " + strconv.Quote(w.Version) + " of " + w.where(s.Key, ""), Why: why,
		Fix: fmt.Sprintf("see which there are: strongroom state history --env %s --stack %s", s.Environment, s.Stack),
	}
}

// read reads a version. What is no whole state is returned with its bytes and an error.
func (w *work) read(ctx context.Context, key string, v statestore.Version) (*read, error) {
	raw, err := w.store(key, statestore.Encryption{}).Read(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	out := &read{v, raw, sha256.Sum256(raw), nil}
	if out.Snapshot, err = tfstate.Read(raw); err != nil {
		return out, fmt.Errorf("%s: %w", w.where(key, v.ID), err)
	}
	return out, nil
}

// find reads versions until it has the one that is meant: by its ID, or the newest one
// of a serial.
func (w *work) find(ctx context.Context, s *State, now *object, current *read) (*read, error) {
	versions, err := w.store(s.Key, statestore.Encryption{}).Versions(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		switch {
		case v.ID != w.Version:
		case v.Deleted:
			return nil, w.noVersion(s, "it is a delete marker: it says that there was no state, and holds none")
		case v.ID == now.version:
			if current.Snapshot == nil {
				return nil, w.noVersion(s, "it is the current one, and no whole state")
			}
			return current, nil
		default:
			return w.read(ctx, s.Key, v)
		}
	}
	serial, err := strconv.ParseUint(w.Version, 10, 64)
	if err != nil {
		return nil, w.noVersion(s, "it is neither the ID of a version that is kept nor a serial")
	}
	var found []*read
	for _, v := range versions {
		if v.Deleted {
			continue
		}
		r, err := w.read(ctx, s.Key, v)
		if errors.Is(err, statestore.ErrNone) || r != nil && r.Snapshot == nil {
			continue // it went meanwhile, or is not a state
		}
		if err != nil {
			return nil, err
		}
		if r.Serial == serial {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil, w.noVersion(s, "no version that is kept has that serial")
	}
	ids := []string{}
	for _, r := range found {
		if r.sum != found[0].sum || len(ids) == 0 {
			ids = append(ids, fmt.Sprintf("%s, written %s", r.version.ID, r.version.Written.UTC().Format("2006-01-02 15:04:05Z")))
		}
	}
	if len(ids) > 1 {
		return nil, &diag.Diagnostic{
			Rule: "state-rollback-serial", Summary: fmt.Sprintf("serial %d of %s is that of different states", serial, w.where(s.Key, "")),
			Why: "after a rollback serials come a second time", Fix: "name the version by its ID:\n  " + strings.Join(ids, "\n  "),
		}
	}
	return found[0], nil
}

// difference says what would change, without values.
func difference(from, to *read) (*Difference, error) {
	d := &Difference{From: shown(from), To: shown(to)}
	nothing := &tfstate.Difference{Resources: []tfstate.Change{}, Outputs: []tfstate.Change{}}
	if from.Snapshot == nil || from.Encrypted || to.Encrypted {
		d.Unknown, d.Difference = true, nothing
		return d, nil
	}
	a, err := tfstate.Open(from.raw)
	if err != nil {
		return nil, err
	}
	b, err := tfstate.Open(to.raw)
	if err != nil {
		return nil, err
	}
	if d.Difference, err = tfstate.Diff(a, b, tfstate.Show{}); err != nil {
		return nil, fmt.Errorf("compare the versions: %w", err)
	}
	return d, nil
}

func shown(r *read) Shown {
	out := Shown{Version: r.version.ID, Written: r.version.Written.UTC().Format("2006-01-02T15:04:05Z")}
	if r.Snapshot != nil {
		out.Serial, out.Lineage = r.Serial, r.Lineage
	}
	return out
}

// source looks at the version to bring back.
func (w *work) source(ctx context.Context, store *statestore.S3, s *State) (*object, *content, error) {
	o, err := w.head(ctx, s.Key, s.source)
	if err != nil {
		return nil, nil, err
	}
	if o == nil {
		return nil, nil, w.noVersion(s, "it went since the differences were shown")
	}
	c, err := w.content(ctx, store, s, o)
	if err == nil && c == nil {
		err = w.noVersion(s, "it went since the differences were shown")
	}
	if err == nil {
		err = c.damage
	}
	return o, c, err
}
