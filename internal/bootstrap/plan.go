package bootstrap

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

// planFile is where a plan waits for its apply. It may hold secret values, so
// it is removed as soon as it was used, or at the next run.
func (b *run) planFile() string {
	path := filepath.Join(b.house(), "bootstrap.plan")
	if abs, err := filepath.Abs(path); err == nil { // the engine runs elsewhere
		return abs
	}
	return path
}

// planDone: a stack that is applied and on its way to the bucket is finished
// first; its next run plans again.
func (b *run) planDone(context.Context) (bool, error) {
	return b.journal.Applied && !b.journal.Finished && b.reality.backend == "s3", nil
}

// planStep makes a plan, adopts what is already there, and asks.
func (b *run) planStep(ctx context.Context) error {
	plan := func() (text string, changes bool, err error) {
		err = b.locking(ctx, func(ctx context.Context) error {
			text, changes, err = b.Engine.Plan(ctx, b.planFile())
			return err
		})
		return text, changes, err
	}
	shown, changes, err := plan()
	if err != nil {
		return err
	}
	if !changes {
		return b.nothingToApply()
	}
	planned, err := b.Engine.PlannedChanges(ctx, b.planFile())
	if err != nil {
		return err
	}
	ids, intents, err := b.adoptable(ctx, planned)
	if err != nil {
		return errors.Join(err, remove(b.planFile()))
	}
	adopted := make([]string, 0, len(ids))
	if len(ids) > 0 {
		for a := range ids {
			adopted = append(adopted, a)
		}
		slices.Sort(adopted)
		if err := b.write(b.stack(adoptFile), adoption(adopted, ids)); err != nil {
			return err
		}
		if shown, changes, err = plan(); err != nil {
			return err
		}
		if !changes {
			return b.nothingToApply()
		}
	}
	yes, err := b.Confirm(ctx, Proposal{Text: shown, Adopted: adopted})
	if err == nil && !yes {
		err = diag.Refuse(&diag.Diagnostic{Rule: "bootstrap-declined", Summary: "the plan was declined; nothing was changed"})
	}
	if err != nil {
		return errors.Join(err, remove(b.planFile()), remove(b.stack(adoptFile)))
	}
	b.result.Adopted = adopted
	if b.journal.Began.IsZero() {
		b.journal.Began = b.Clock().UTC()
	}
	for _, i := range intents {
		if !b.journal.intends(i) {
			b.journal.Intent = append(b.journal.Intent, i)
		}
	}
	b.journal.Applied, b.journal.Finished = false, false
	b.planned = b.planFile()
	return b.journal.save(b.Options)
}

// nothingToApply notes that the stack is applied as a whole.
func (b *run) nothingToApply() error {
	if err := errors.Join(remove(b.planFile()), remove(b.stack(adoptFile))); err != nil {
		return err
	}
	if b.journal.Applied {
		return nil
	}
	b.journal.Applied = true
	return b.journal.save(b.Options)
}

func (b *run) applyDone(context.Context) (bool, error) { return b.planned == "", nil }

// applyStep applies the plan that was confirmed, and nothing else.
func (b *run) applyStep(ctx context.Context) error {
	err := b.locking(ctx, func(ctx context.Context) error { return b.Engine.ApplyPlan(ctx, b.planned) })
	if removed := remove(b.planned); removed != nil && err == nil {
		err = removed
	}
	var failed *engine.Error
	if err != nil {
		if asError(err, &failed) || ctx.Err() != nil {
			b.result.Changed = true
		}
		return err
	}
	b.planned, b.result.Changed = "", true
	if err := remove(b.stack(adoptFile)); err != nil {
		return err
	}
	b.journal.Applied = true
	if err := b.journal.save(b.Options); err != nil {
		return err
	}
	return b.look(ctx)
}
