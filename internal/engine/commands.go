package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
)

// Init prepares the stack: backend, modules, providers. The backend's
// configuration must not have changed since the last one; see Migrate.
func (e *Engine) Init(ctx context.Context) error {
	return e.do(ctx, e.options.Output, []string{"init"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.Init(ctx)
	})
}

// Migrate prepares the stack and copies the state from the backend it was
// prepared for to the one its configuration now names, without asking.
// (-force-copy includes -migrate-state. Source: "Command: init".)
func (e *Engine) Migrate(ctx context.Context) error {
	return e.do(ctx, e.options.Output, []string{"init", "-migrate-state"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.Init(ctx, tfexec.ForceCopy(true))
	})
}

// Reconfigure prepares the stack for the backend its configuration names, and
// copies nothing from the one before. What an engine that was killed has half written
// about that one goes: engines read it even to replace it, and refuse.
func (e *Engine) Reconfigure(ctx context.Context) error {
	if err := e.forgetHalf(); err != nil {
		return err
	}
	return e.do(ctx, e.options.Output, []string{"init", "-reconfigure"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.Init(ctx, tfexec.Reconfigure(true))
	})
}

// Plan makes a plan in file and returns it as the engine shows it to a person.
// changes is false when there is nothing to do. The text is not sent to
// Options.Output. A plan file holds values that may be secret.
func (e *Engine) Plan(ctx context.Context, file string) (text string, changes bool, err error) {
	var shown bytes.Buffer
	err = e.do(ctx, &shown, []string{"plan"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		var err error
		changes, err = tf.Plan(ctx, tfexec.Out(file))
		return err
	})
	return shown.String(), changes, err
}

// PlannedChanges reads a plan file's changes to resources.
func (e *Engine) PlannedChanges(ctx context.Context, file string) (*tfjson.Plan, error) {
	var plan *tfjson.Plan
	err := e.do(ctx, io.Discard, []string{"show", "-json"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		var err error
		plan, err = tf.ShowPlanFile(ctx, file)
		return err
	})
	return plan, err
}

// ApplyPlan does what a plan file says, and nothing else. Progress is told.
// Cancelling ctx interrupts the engine, which ends the operations in flight
// and saves its state; ApplyPlan then returns the context's error.
func (e *Engine) ApplyPlan(ctx context.Context, file string) error {
	return e.apply(ctx, tfexec.DirOrPlan(file))
}

// Apply plans and applies in one go, without showing the plan. For rehearsals.
func (e *Engine) Apply(ctx context.Context) error { return e.apply(ctx) }

func (e *Engine) apply(ctx context.Context, o ...tfexec.ApplyOption) error {
	return e.do(ctx, io.Discard, []string{"apply"}, func(tf *tfexec.Terraform, out io.Writer) error {
		return tf.ApplyJSON(ctx, out, o...)
	})
}

// PlanDestroy plans the destruction of everything that the stack made, and
// throws the plan away. For rehearsals, where it is expected to be refused.
func (e *Engine) PlanDestroy(ctx context.Context) error {
	return e.do(ctx, io.Discard, []string{"plan", "-destroy"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		_, err := tf.Plan(ctx, tfexec.Destroy(true), tfexec.Refresh(false))
		return err
	})
}

// Destroy destroys what the stack made, without asking. For rehearsals, where
// it is expected to be refused.
func (e *Engine) Destroy(ctx context.Context) error {
	return e.do(ctx, io.Discard, []string{"destroy"}, func(tf *tfexec.Terraform, out io.Writer) error {
		return tf.DestroyJSON(ctx, out)
	})
}

// Outputs returns the stack's root outputs as JSON values. They may be secret.
func (e *Engine) Outputs(ctx context.Context) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	err := e.do(ctx, io.Discard, []string{"output"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		outputs, err := tf.Output(ctx)
		for name, o := range outputs {
			values[name] = o.Value
		}
		return err
	})
	return values, err
}

// Untaint takes back the mark that makes the next plan replace a resource.
func (e *Engine) Untaint(ctx context.Context, address string) error {
	return e.do(ctx, io.Discard, []string{"untaint"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.Untaint(ctx, address)
	})
}

// StatePush writes a state file to the stack's backend. The engine refuses
// another lineage or an older serial.
func (e *Engine) StatePush(ctx context.Context, file string) error { return e.push(ctx, file) }

func (e *Engine) push(ctx context.Context, file string, o ...tfexec.StatePushCmdOption) error {
	if !filepath.IsAbs(file) {
		file = filepath.Join(e.Dir, file)
	}
	return e.do(ctx, io.Discard, []string{"state", "push"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.StatePush(ctx, file, append(o, tfexec.Lock(true))...)
	})
}

// StateReplace is StatePush without the engine's questions about lineage and
// serial. Whoever calls it must know that nothing is lost.
func (e *Engine) StateReplace(ctx context.Context, file string) error {
	return e.push(ctx, file, tfexec.Force(true))
}

// StatePull returns the state as the backend holds it. It is secret.
func (e *Engine) StatePull(ctx context.Context) ([]byte, error) {
	var state string
	err := e.do(ctx, io.Discard, []string{"state", "pull"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		var err error
		state, err = tf.StatePull(ctx)
		return err
	})
	return []byte(state), err
}

// ForceUnlock removes the lock with the given ID from the stack's backend.
// Whoever calls it must know that its holder is gone.
func (e *Engine) ForceUnlock(ctx context.Context, id string) error {
	return e.do(ctx, io.Discard, []string{"force-unlock"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.ForceUnlock(ctx, id)
	})
}

// WorkspaceSelect makes later commands work on another workspace, which must exist.
func (e *Engine) WorkspaceSelect(ctx context.Context, name string) error {
	return e.do(ctx, io.Discard, []string{"workspace", "select"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		return tf.WorkspaceSelect(ctx, name)
	})
}

// Schemas returns the schemas of the providers that the stack's modules use. The
// stack must have been prepared; its state is not asked for.
func (e *Engine) Schemas(ctx context.Context) (*tfjson.ProviderSchemas, error) {
	var schemas *tfjson.ProviderSchemas
	err := e.do(ctx, io.Discard, []string{"providers", "schema", "-json"}, func(tf *tfexec.Terraform, _ io.Writer) error {
		var err error
		schemas, err = tf.ProvidersSchema(ctx)
		return err
	})
	return schemas, err
}
