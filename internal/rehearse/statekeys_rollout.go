package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/modules"
)

// makeKeys applies modules/state-key once for each environment, as the owner of the
// state account. Nothing uses a key yet.
func (r *Rehearsal) makeKeys(ctx context.Context) error {
	dir := filepath.Join(r.work, "keys")
	if err := copyModule("state-key", filepath.Join(dir, "state-key")); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "provider \"aws\" {\n  region = %q\n}\n", r.World.Region)
	for _, e := range r.World.Environments {
		fmt.Fprintf(&b, `
module %[1]q {
  source = "./state-key"

  environment = %[1]q
  key_alias   = %[2]q
  principals  = [%[3]q]
}

output %[1]q {
  value = module.%[1]s.key_arn
}
`, e.Name, r.Room.State.KeyAlias, e.Principal)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	e, err := r.engine(dir)
	if err != nil {
		return err
	}
	if err := e.Init(ctx); err != nil {
		return err
	}
	if err := e.Apply(ctx); err != nil {
		return err
	}
	outputs, err := e.Outputs(ctx)
	if err != nil {
		return err
	}
	for i := range r.World.Environments {
		e := &r.World.Environments[i]
		if err := json.Unmarshal(outputs[e.Name], &e.KeyARN); err != nil || e.KeyARN == "" {
			return fmt.Errorf("modules/state-key gave %s no key", e.Name)
		}
	}
	return r.specKeys()
}

// specKeys writes the keys' ARNs into the copy of the spec, as people do once they
// have them.
func (r *Rehearsal) specKeys() error {
	file := filepath.Join(r.Room.Dir, room.SpecFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	f, err := environmentBlocks(text, func(name string, body *hclwrite.Body) error {
		e, err := r.environmentNamed(name)
		if err == nil {
			body.SetAttributeValue("kms_key_arn", cty.StringVal(e.KeyARN))
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, f, 0o644); err != nil {
		return err
	}
	r.Room, err = room.Load(r.Room.Dir)
	r.World.Room = r.Room
	return err
}

// copyModule writes a module to a directory, without its tests.
func copyModule(name, to string) error {
	files, err := fs.Sub(modules.FS, name)
	if err != nil {
		return err
	}
	return os.CopyFS(to, files)
}

// grant adds to the policy of an environment's principal what the command prints for
// it: the half of the grant that the key policy cannot give.
func (r *Rehearsal) grant(ctx context.Context, environment string) error {
	e, err := r.environmentNamed(environment)
	if err != nil {
		return err
	}
	ran, err := r.World.Commands.Strongroom(ctx, &r.World.Operator, nil, "state", "grants", "--env", e.Name, "--format", "json")
	if err != nil {
		return err
	}
	statements, err := principalHalf(ran, e)
	if err != nil {
		return err
	}
	return r.putHandPolicy(ctx, e, append(r.principalStatements(e), statements...))
}

// principalHalf reads what "state grants --format json" prints for a principal's own
// policy: of keys, since its half of the bucket was there before.
func principalHalf(ran lock.Ran, e *lock.Environment) (statements []any, err error) {
	var answer struct {
		Environments []struct {
			Principals []struct {
				ARN    string
				Policy []struct {
					Sid, Effect      string
					Action, Resource []string
					Condition        map[string]map[string][]string `json:",omitempty"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(ran.Stdout), &answer); err != nil {
		return nil, fmt.Errorf("strongroom state grants --env %s: exit status %d: %s", e.Name, ran.Exit, ran.Stderr)
	}
	for _, found := range answer.Environments {
		for _, p := range found.Principals {
			for _, s := range p.Policy {
				if p.ARN == e.Principal && slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasPrefix(a, "kms:") }) {
					statements = append(statements, s)
				}
			}
		}
	}
	if len(statements) == 0 {
		return nil, fmt.Errorf("strongroom state grants --env %s prints no statement on a key for %s", e.Name, e.Principal)
	}
	return statements, nil
}

// rekey turns an environment's knob on and puts its states under the key.
func (r *Rehearsal) rekey(ctx context.Context, environment string) error {
	if err := r.World.Commands.Knob(ctx, environment, true); err != nil {
		return err
	}
	ran, err := r.World.Commands.Strongroom(ctx, &r.World.Operator, nil, "state", "rekey", "--env", environment, "--all-versions", "--yes")
	return said(ran, err)
}

// said is the error of a command that has to succeed.
func said(ran lock.Ran, err error) error {
	if err == nil && ran.Exit != 0 {
		err = fmt.Errorf("exit status %d: %s%s", ran.Exit, ran.Stdout, ran.Stderr)
	}
	return err
}
