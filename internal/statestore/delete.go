package statestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Delete puts a delete marker on the state; in a bucket with versioning all versions
// stay. It does not ask for the lock.
func (s *S3) Delete(ctx context.Context) error {
	if _, err := s.Client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &s.Key, ExpectedBucketOwner: s.owner()}); err != nil {
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
	case http.StatusNotFound:
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
