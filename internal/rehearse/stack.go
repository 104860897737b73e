package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// stack is a built stack, for the locks that the engine enforces.
type stack struct {
	r *Rehearsal
	// name is one of room.Stacks.
	name string
	// moved is set while the backend's configuration is edited: the engine wants
	// to be prepared again before it takes it.
	moved bool
}

func (s *stack) engine() (*engine.Engine, error) {
	return s.r.engine(s.r.Room.StackDir(s.name))
}

// refusal is what the engine said when it refused a plan; "" when it planned.
// That the engine did not run, or was interrupted, is an error.
func refusal(ctx context.Context, err error) (string, error) {
	var failed *engine.Error
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &failed) && failed.Exit == 1:
		return failed.Reason(), nil
	}
	return "", err
}

// PlanDestroy plans the destruction of everything. The plan is thrown away.
func (s *stack) PlanDestroy(ctx context.Context) (string, error) {
	e, err := s.engine()
	if err != nil {
		return "", err
	}
	return refusal(ctx, e.PlanDestroy(ctx))
}

// PlanLocked plans while somebody holds the lock.
func (s *stack) PlanLocked(ctx context.Context) (string, error) {
	e, err := s.engine()
	if err != nil {
		return "", err
	}
	if s.moved {
		if err := e.Reconfigure(ctx); err != nil {
			return "", err
		}
	}
	file := filepath.Join(s.r.work, "locked.tfplan")
	defer os.Remove(file)
	_, _, err = e.Plan(ctx, file)
	return refusal(ctx, err)
}

// Edit replaces the first old by new in a file of the copy.
func (s *stack) Edit(file, old, new string) (func() error, error) {
	path := filepath.Join(s.r.Room.Dir, filepath.FromSlash(file))
	was, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(string(was), old) {
		return nil, fmt.Errorf("%s does not contain %q", file, old)
	}
	backend := filepath.Base(file) == "backend.tf"
	s.moved = s.moved || backend
	if err := os.WriteFile(path, []byte(strings.Replace(string(was), old, new, 1)), 0o644); err != nil {
		return nil, err
	}
	return func() error {
		if err := os.WriteFile(path, was, 0o644); err != nil || !backend {
			return err
		}
		s.moved = false
		e, err := s.engine()
		if err != nil {
			return err
		}
		return e.Reconfigure(context.Background())
	}, nil
}
