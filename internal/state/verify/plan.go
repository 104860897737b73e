package verify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// Plan has an engine plan a stack whose state r is about, and adds the finding
// whether there is nothing to do. The engine prepares the stack first, and takes the
// state's lock while it plans. The error is that of ctx.
func (r *Result) Plan(ctx context.Context, e *engine.Engine) error {
	const fix = "see it in the stack's directory: terraform plan, or tofu plan"
	dir, err := os.MkdirTemp("", "strongroom-plan-")
	if err != nil {
		r.add(PlanIsNoOp, Unknown, "", "%s", err)
		return ctx.Err()
	}
	defer os.RemoveAll(dir) // a plan file holds what the state holds
	if err := e.Init(ctx); err != nil {
		r.add(PlanIsNoOp, Unknown, "", "the engine cannot prepare %s: %s", e.Dir, reason(err))
		return ctx.Err()
	}
	file := filepath.Join(dir, "plan")
	_, changes, err := e.Plan(ctx, file)
	switch {
	case err != nil:
		r.add(PlanIsNoOp, Unknown, fix, "the engine cannot plan %s: %s", e.Dir, reason(err))
		return ctx.Err()
	case !changes:
		r.add(PlanIsNoOp, OK, "", "there is nothing to do")
		return ctx.Err()
	}
	plan, err := e.PlannedChanges(ctx, file)
	if err != nil {
		r.add(PlanIsNoOp, Failed, fix, "there is something to do")
		return ctx.Err()
	}
	r.add(PlanIsNoOp, Failed, fix, "there is something to do: %s", strings.Join(changed(plan), ", "))
	return nil
}

// changed names what a plan would change, without values: five at most.
func changed(plan *tfjson.Plan) []string {
	list := []string{}
	for _, c := range plan.ResourceChanges {
		if c.Change != nil && !c.Change.Actions.NoOp() && !c.Change.Actions.Read() {
			actions := []string{}
			for _, a := range c.Change.Actions {
				actions = append(actions, string(a))
			}
			list = append(list, strings.Join(actions, " and ")+" "+c.Address)
		}
	}
	for name, c := range plan.OutputChanges {
		if c != nil && !c.Actions.NoOp() {
			list = append(list, "output "+name)
		}
	}
	slices.Sort(list)
	const most = 5
	if len(list) > most {
		list = append(list[:most], "...")
	}
	return list
}

// reason is what an engine said was wrong, on one line.
func reason(err error) string {
	var failed *engine.Error
	if errors.As(err, &failed) {
		return strings.Join(strings.Fields(failed.Reason()), " ")
	}
	return err.Error()
}

// Skip adds a finding that a check was not made, and why.
func (r *Result) Skip(check, why string) { r.add(check, Skipped, "", "%s", why) }

// Doubt adds a finding that a check could not be made, and what would let it.
func (r *Result) Doubt(check, why, fix string) { r.add(check, Unknown, fix, "%s", why) }
