package migrate

import (
	"context"
	"errors"
	"syscall"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// explain turns what ended a step into a diagnostic. Diagnostics stay as they are.
func (o *Options) explain(ctx context.Context, step string, err error) error {
	const safe = "the source is as it was, and no state is lost"
	var d *diag.Diagnostic
	var failed *engine.Error
	var refused *statestore.RefusedError
	var held *statestore.LockedError
	switch {
	case err == nil, errors.As(err, &d):
		return err
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		return &diag.Diagnostic{Rule: "state-migrate-interrupted", Summary: "interrupted during " + step, Err: err, Why: safe, Fix: again}
	case errors.As(err, &failed):
		return &diag.Diagnostic{Rule: "state-migrate-engine", Summary: step + " failed: " + failed.Error(), Err: err, Why: safe, Fix: "mend that, and " + again}
	case errors.As(err, &refused):
		return &diag.Diagnostic{Rule: "state-migrate-refused", Summary: step + " failed: " + refused.Error(), Err: err, Why: safe, Fix: "mend that, and " + again}
	case errors.As(err, &held):
		return &diag.Diagnostic{Rule: "state-migrate-locked", Summary: held.Error(), Err: err, Why: safe, Fix: "wait for them; or: strongroom state unlock --env " + o.Environment + " --stack " + o.Stack}
	case errors.Is(err, syscall.ENOSPC):
		return &diag.Diagnostic{Rule: "state-migrate-write", Summary: "the disk is full: " + step + " could not be done", Err: err, Why: safe, Fix: "free some space, and " + again}
	}
	return &diag.Diagnostic{Rule: "state-migrate-" + step, Summary: step + " failed: " + err.Error(), Err: err, Why: safe, Fix: "mend that, and " + again}
}
