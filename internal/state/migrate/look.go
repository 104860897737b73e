package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// state is a workspace at both places.
type state struct {
	name string
	// before is the source's, there the destination's; nil: none.
	before, there *tfstate.Snapshot
	// raw is the source's text. It is secret.
	raw []byte
}

// look reads both places and refuses what must not be done. It changes nothing, but
// a damaged file that a killed engine left at the destination is put aside when mend
// is set.
func (m *move) look(ctx context.Context, mend bool) error {
	names, err := m.from.workspaces(ctx)
	if err != nil {
		return err
	}
	theirs, err := m.to.workspaces(ctx)
	if err != nil {
		return err
	}
	for _, n := range theirs {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names[1:])
	states := []*state{}
	for _, n := range names {
		s := &state{name: n}
		if m.from.workspaced() || n == "default" {
			if s.raw, s.before, err = m.from.read(ctx, n); err != nil {
				return m.damaged(m.from, err)
			}
		}
		if m.to.workspaced() || n == "default" {
			if _, s.there, err = m.to.read(ctx, n); errors.Is(err, errDamaged) && m.journal.Moving && m.to.kind() == "local" {
				err = m.halfWritten(n, mend)
			}
			if err != nil {
				return m.damaged(m.to, err)
			}
		}
		if n == "default" || s.before != nil || s.there != nil {
			states = append(states, s)
		}
	}
	m.states = states
	return m.agree()
}

// halfWritten puts a file aside that an engine left which was killed while it wrote:
// it writes files in place.
func (m *move) halfWritten(workspace string, mend bool) error {
	path := m.to.where(workspace)
	if !mend {
		return nil
	}
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		m.Note("an engine was killed while it wrote " + path + "; what it left is kept as " + to)
		m.At("put aside " + path)
		return os.Rename(path, to)
	}
}

func (m *move) damaged(p place, err error) error {
	if !errors.Is(err, errDamaged) {
		return err
	}
	return &diag.Diagnostic{
		Rule: "state-migrate-damaged", Summary: err.Error(), Err: err,
		Why: "going on would build on nothing, or lose what can still be saved", Fix: "look for an earlier version that is whole: strongroom state history --env " + m.Environment + " --stack " + m.Stack,
	}
}

// agree refuses a move that would lose something.
func (m *move) agree() error {
	for _, s := range m.states {
		if s.name != "default" && !empty(s.before) && !m.to.workspaced() {
			return diag.Refuse(&diag.Diagnostic{
				Rule: "state-migrate-workspaces", Summary: fmt.Sprintf("the stack has a workspace %q, and the http backend has none", s.name), Found: m.from.where(s.name),
				Why: "the engine would copy one workspace and leave the others behind: workspaces not supported",
				Fix: "make the workspace a stack of its own, with a state key of its own in the spec; or delete it, if it is not needed any more:\n  " + m.engineName() + " workspace delete " + s.name,
			})
		}
		if why := m.conflict(s); why != "" {
			return diag.Refuse(&diag.Diagnostic{
				Rule: "state-migrate-occupied", Summary: fmt.Sprintf("the destination already holds another state: %s", m.to.where(s.name)),
				Found: fmt.Sprintf("%s: %s\n%s: %s", m.from.where(s.name), s.before.Summary(), m.to.where(s.name), s.there.Summary()),
				Why:   why + "; nothing was overwritten",
				Fix:   "find out which of the two describes what there is, and move the other one away; or choose another destination",
			})
		}
	}
	return nil
}

// conflict says why the destination's state must not be replaced; "" if it may.
func (m *move) conflict(s *state) string {
	switch {
	case empty(s.there):
		return ""
	case empty(s.before):
		return "the source has nothing in this workspace, so that it cannot be an older copy of it"
	case s.there.Lineage != s.before.Lineage:
		// An engine that was killed has copied it under a lineage of its own.
		if m.journal.Moving && (s.there.Digest == s.before.Digest || s.there.Encrypted) && slices.Contains(m.journal.Bare, s.name) {
			return ""
		}
		return "it is of another lineage, so that neither is a copy of the other"
	case s.there.Serial > s.before.Serial && m.journal.Moving && s.there.Digest == s.before.Digest:
		return "" // the engine counts on
	case s.there.Serial > s.before.Serial && m.journal.Moving && s.there.Encrypted:
		return ""
	case s.there.Serial > s.before.Serial:
		return "it has a higher serial, so that it is the younger one"
	case s.there.Serial == s.before.Serial && s.there.Digest != s.before.Digest && !s.there.Encrypted && !s.before.Encrypted:
		return "both have the same serial and hold different things, so that both were written after they parted"
	}
	return ""
}

// arrived reports whether the destination has a workspace's state, as far as can be
// told without the engine: contents that OpenTofu encrypted cannot be compared.
func (s *state) arrived() bool {
	if empty(s.before) {
		return empty(s.there)
	}
	return !empty(s.there) && s.there.Lineage == s.before.Lineage && s.there.Serial >= s.before.Serial &&
		(s.there.Digest == s.before.Digest || s.there.Encrypted || s.before.Encrypted)
}

func (m *move) arrived() bool {
	return !slices.ContainsFunc(m.states, func(s *state) bool { return !s.arrived() })
}

// sealed reports whether OpenTofu encrypts one of the states.
func (m *move) sealed() bool {
	return slices.ContainsFunc(m.states, func(s *state) bool {
		return s.before != nil && s.before.Encrypted || s.there != nil && s.there.Encrypted
	})
}
