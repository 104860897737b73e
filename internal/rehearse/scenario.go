package rehearse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// The scenarios: worlds that are not a room's, with locks of their own.
const (
	// StateKeys takes the states of several accounts' environments from SSE-S3 to a
	// key each.
	StateKeys = "state-keys"
	// Portability takes a state from a local file to S3, to GitLab, and back to S3,
	// with each engine.
	Portability = "portability"
)

// Scenarios are the names that Options.Scenario takes.
func Scenarios() []string { return []string{StateKeys, Portability} }

// stage is one step of a scenario.
type stage struct {
	name string
	do   func(context.Context) error
}

// scenario builds the world that Options.Scenario names.
func (r *Rehearsal) scenario(ctx context.Context) error {
	if r.options.Command == nil {
		return fmt.Errorf("rehearse: Options.Command is nil, and scenario %s is made of commands", r.options.Scenario)
	}
	r.Report.Scenario = r.options.Scenario
	stages := map[string]func() []stage{StateKeys: r.stateKeys, Portability: r.portability}[r.options.Scenario]
	if stages == nil {
		return &diag.Diagnostic{
			Rule: "rehearse-scenario", Summary: fmt.Sprintf("there is no scenario %q", r.options.Scenario),
			Why: "a scenario is a world and what is claimed of it", Fix: "name one of " + strings.Join(Scenarios(), ", "),
		}
	}
	if r.options.AsFound && r.options.Scenario != StateKeys {
		return fmt.Errorf("rehearse: Options.AsFound is about scenario %s, not %s", StateKeys, r.options.Scenario)
	}
	if err := r.stages(ctx, stage{"init", r.prepareScenario}); err != nil {
		return err
	}
	return r.stages(ctx, stages()...)
}

// stages does one stage after the other.
func (r *Rehearsal) stages(ctx context.Context, list ...stage) error {
	for _, s := range list {
		r.begin(s.name)
		if err := s.do(ctx); err != nil {
			return err
		}
		r.end()
	}
	return nil
}

// prepareScenario copies the spec, without what cannot be in the sandbox: keys are
// made anew there, with other ARNs, and are found by their aliases.
func (r *Rehearsal) prepareScenario(context.Context) (err error) {
	if r.work, err = os.MkdirTemp("", "strongroom-rehearsal-"); err != nil {
		return err
	}
	dir := filepath.Join(r.work, "room")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	var text []byte
	if r.options.Dir == "" {
		text, err = examples.FS.ReadFile(r.options.Scenario + "/" + room.SpecFile)
	} else {
		text, err = os.ReadFile(filepath.Join(r.options.Dir, room.SpecFile))
	}
	if err != nil {
		return err
	}
	if text, err = withoutKeys(text); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, room.SpecFile), text, 0o644); err != nil {
		return err
	}
	r.Room, err = room.Load(dir)
	return err
}

// withoutKeys removes kms_key_arn from a spec's environments.
func withoutKeys(spec []byte) ([]byte, error) {
	return environmentBlocks(spec, func(_ string, body *hclwrite.Body) error {
		body.RemoveAttribute("kms_key_arn")
		return nil
	})
}

// environmentBlocks edits the blocks of a spec's environments.
func environmentBlocks(spec []byte, edit func(name string, body *hclwrite.Body) error) ([]byte, error) {
	f, found := hclwrite.ParseConfig(spec, room.SpecFile, hcl.InitialPos)
	if found.HasErrors() {
		return nil, found
	}
	for _, state := range f.Body().Blocks() {
		if state.Type() != "state" {
			continue
		}
		for _, e := range state.Body().Blocks() {
			if e.Type() != "environment" || len(e.Labels()) != 1 {
				continue
			}
			if err := edit(e.Labels()[0], e.Body()); err != nil {
				return nil, err
			}
		}
	}
	return f.Bytes(), nil
}

// environmentNamed returns an environment of the world.
func (r *Rehearsal) environmentNamed(name string) (*lock.Environment, error) {
	at := slices.IndexFunc(r.World.Environments, func(e lock.Environment) bool { return e.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("the scenario has no environment %q", name)
	}
	return &r.World.Environments[at], nil
}
