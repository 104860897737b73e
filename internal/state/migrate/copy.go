package migrate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// overrideFile holds the backend block that the engine works with during a move. It
// is JSON so that nothing that reads the stack's .tf files takes it for theirs.
// Source: "Override Files": a backend block in one replaces the stack's.
const overrideFile = "strongroom_migrate_override.tf.json"

// bare is a place's backend block without its lock, which this program holds. GitLab
// takes a state that is locked only from who names the lock.
// Source: GitLab's source, lib/api/terraform/state.rb: the parameter ID; the engines'
// http backend keeps the query of its address.
func (m *move) bare(p place) map[string]any {
	switch b := p.block; {
	case b.S3 != nil:
		c := map[string]any{"bucket": b.S3.Bucket, "key": b.S3.Key, "region": b.S3.Region}
		if b.S3.KMSKeyARN != "" {
			c["encrypt"], c["kms_key_id"] = true, b.S3.KMSKeyARN
		}
		return c
	case b.HTTP != nil:
		return map[string]any{"address": b.HTTP.Address + "?ID=" + m.holds(p, "default")}
	case b.Local != nil && b.Local.Path != "":
		return map[string]any{"path": b.Local.Path}
	}
	return map[string]any{}
}

func (m *move) override(p place) error {
	text, err := json.MarshalIndent(map[string]any{
		"//":        "Written by strongroom state migrate for the time of the move. If it is still here, the move was killed: run the command again.",
		"terraform": map[string]any{"backend": map[string]any{p.kind(): m.bare(p)}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return m.write(m.file(overrideFile), append(text, '\n'))
}

// adopt initialises the engine for a place and copies nothing. What it was initialised
// for before goes first: an engine that was killed may have left half of that, and
// reads it even to replace it. A local backend is taken over by the engine from the
// files themselves: its own copy of them onto themselves is none.
func (m *move) adopt(ctx context.Context, p place) error {
	if err := m.Engine.Forget(); err != nil {
		return err
	}
	if p.kind() != "local" {
		return m.Engine.ReconfigureApart(ctx)
	}
	return m.Engine.Migrate(ctx)
}

// copyStep has the engine copy all workspaces.
func (m *move) copyStep(ctx context.Context) error {
	if m.arrived() && !m.sealed() {
		return nil
	}
	m.result.Changed = true
	if err := m.Engine.WorkspaceDefault(); err != nil {
		return err
	}
	if err := m.override(m.from); err != nil {
		return err
	}
	if err := m.adopt(ctx, m.from); err != nil {
		return err
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	if err := m.override(m.to); err != nil {
		return err
	}
	if err := m.Engine.Migrate(ctx); err != nil {
		return err
	}
	return m.look(ctx, false)
}

// renumberStep gives a copy the lineage of its source and a serial that is not lower,
// where the engine did not.
func (m *move) renumberStep(ctx context.Context) error {
	pushed := false
	for _, s := range m.states {
		if s.arrived() {
			continue
		}
		if empty(s.before) || empty(s.there) || s.there.Digest != s.before.Digest && !s.there.Encrypted {
			return m.unproven(s, "the engine did not copy it")
		}
		text := s.raw
		if opened := m.opened[s.name]; opened != nil {
			text = opened
		}
		if err := m.push(ctx, s.name, text); err != nil {
			return err
		}
		pushed = true
	}
	if !pushed {
		return nil
	}
	if err := m.selectWorkspace(ctx, "default"); err != nil {
		return err
	}
	return m.look(ctx, false)
}

func (m *move) selectWorkspace(ctx context.Context, name string) error {
	if m.Engine.Workspace() == name {
		return nil
	}
	return m.Engine.WorkspaceSelect(ctx, name)
}

// open has the engine decrypt what OpenTofu encrypted at the source, to compare and to
// push it. It stays in memory.
func (m *move) open(ctx context.Context) error {
	if !slices.ContainsFunc(m.states, func(s *state) bool { return s.before != nil && s.before.Encrypted }) {
		return nil
	}
	var err error
	m.opened, err = m.pull(ctx, func(s *state) bool { return s.before != nil })
	return err
}

// pull reads states through the engine.
func (m *move) pull(ctx context.Context, which func(*state) bool) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, s := range m.states {
		if !which(s) {
			continue
		}
		if err := m.selectWorkspace(ctx, s.name); err != nil {
			return nil, err
		}
		raw, err := m.Engine.StatePull(ctx)
		if err != nil {
			return nil, err
		}
		all[s.name] = raw
	}
	return all, m.selectWorkspace(ctx, "default")
}

// content is what a state holds, decrypted by the engine where OpenTofu encrypted it.
func content(s *tfstate.Snapshot, opened []byte) (*tfstate.Snapshot, error) {
	if s == nil || !s.Encrypted {
		return s, nil
	}
	c, err := tfstate.Read(opened)
	if err != nil {
		return nil, fmt.Errorf("what the engine decrypted is no state: %w", err)
	}
	return c, nil
}

// settleStep writes the block of the destination into the stack's files, and
// initialises the engine for it.
func (m *move) settleStep(ctx context.Context) error {
	path, text, err := backend.Change(m.Dir, m.to.plain(), nil)
	if err != nil {
		return err
	}
	if err := m.write(path, text); err != nil {
		return err
	}
	if err := m.remove(m.file(overrideFile)); err != nil {
		return err
	}
	if err := m.Engine.WorkspaceDefault(); err != nil {
		return err
	}
	return m.adopt(ctx, m.to)
}
