package statestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// Delete puts a delete marker on the state, if the current version still has that ETag;
// in a bucket with versioning all versions stay. It does not ask for the lock. The error
// is ErrChanged when somebody has written to the state since, or when etag is empty.
func (s *S3) Delete(ctx context.Context, etag string) error {
	if etag == "" {
		return fmt.Errorf("delete %s: %w", s.Where(), ErrChanged)
	}
	err := s.remove(ctx, s.Key, etag)
	switch {
	case changed(err):
		return fmt.Errorf("delete %s: %w", s.Where(), ErrChanged)
	case err != nil:
		return fmt.Errorf("delete %s: %w", s.Where(), err)
	}
	return nil
}

// Delete removes the state and all its versions. GitLab does not do that to a state
// that is locked, and says so to nobody; a state that is not there is removed already.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state", remove a state file.
func (h *HTTP) Delete(ctx context.Context) error {
	a, err := h.do(ctx, http.MethodDelete, "", nil)
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusNotFound, http.StatusUnprocessableEntity: // it is being deleted, as after an answer that was lost
		if raw, err := h.fetch(ctx, ""); raw == nil && err == nil {
			return nil
		}
	}
	return h.refusal(a)
}

// Delete removes the file. It does not ask for the lock.
func (l *Local) Delete(ctx context.Context) error {
	if err := os.Remove(l.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", l.Path, err)
	}
	return ctx.Err()
}
