package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"syscall"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

const again = "run it again: it goes on from here"

// explain turns what ended a step into a diagnostic. Diagnostics stay as they are.
func (b *run) explain(ctx context.Context, step string, err error) error {
	var d *diag.Diagnostic
	var failed *engine.Error
	switch {
	case errors.As(err, &d):
		return err
	case asError(err, &failed) && len(failed.Emergency) > 0:
		return b.engineFailed(step, failed)
	case errors.Is(err, errSilent):
		return unreachable(step, err)
	case ctx.Err() == nil && asked(err):
		return unreachable(step, err)
	case errors.Is(err, context.Canceled):
		return &diag.Diagnostic{
			Rule: "bootstrap-interrupted", Summary: "interrupted during " + step + "; nothing is lost", Err: err,
			Why: "the engine was let finish what it had begun, and what it had made is recorded", Fix: again,
		}
	case asError(err, &failed):
		// The engine's own text says at length how often it asked.
		if b.cloud != nil && failed.Err == nil && b.cloud.answers(ctx, answerTime) != nil {
			return unreachable(step, err)
		}
		return b.engineFailed(step, failed)
	case errors.Is(err, syscall.ENOSPC):
		return &diag.Diagnostic{Rule: "bootstrap-write", Summary: "the disk is full: " + step + " could not be done", Err: err, Fix: "free some space and " + again}
	}
	return &diag.Diagnostic{Rule: "bootstrap-" + step, Summary: err.Error(), Err: err, Fix: again}
}

func (b *run) engineFailed(step string, failed *engine.Error) error {
	d := &diag.Diagnostic{Rule: "bootstrap-" + step, Summary: step + " failed: " + failed.Error(), Err: failed, Fix: "mend that, and " + again}
	if failed.Signal == syscall.SIGKILL || failed.Signal == syscall.SIGTERM {
		d.Fix = again
		d.Why = "something killed the engine; what it made and could not record is found and adopted"
	}
	if len(failed.Emergency) > 0 {
		d.Why = "the engine could write its state nowhere; " + b.rescue(failed.Emergency)
		d.Fix = "free some space and " + again
	}
	return d
}

// rescue keeps a state that an engine could not write, where the next run
// looks for it, or else in the directory for temporary files.
func (b *run) rescue(state []byte) string {
	if path := b.stack(erroredFile); b.Write(path, state) == nil {
		return "it is kept in " + path + ", where the next run finds it"
	}
	path := filepath.Join(os.TempDir(), "strongroom-"+filepath.Base(b.Dir)+"-"+erroredFile)
	if b.Write(path, state) == nil {
		return "it is kept in " + path + "; move it to " + b.stack(erroredFile) + " before the next run"
	}
	return "and neither could this program; what it made will be found and adopted"
}

// asError is errors.As for an engine that failed.
func asError(err error, target **engine.Error) bool { return errors.As(err, target) }

// holder is how both engines name who takes a lock.
// Source: "State Locking"; OpenTofu's statemgr.NewLockInfo, user@host.
func holder() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname() // engines leave it empty as well
	return fmt.Sprintf("%s@%s", name, host)
}
