package rekey

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// object is a version of a state's object, as HeadObject shows it.
type object struct {
	*s3.HeadObjectOutput
	version, etag string
	encryption    statestore.Encryption
}

// mark tells two versions apart, also in a bucket that does not name them.
func (o *object) mark() string { return o.version + " " + o.etag }

// meets reports whether the object is encrypted as wanted.
func (o *object) meets(want statestore.Encryption) bool { return o.encryption == want }

// head looks at a version, "" being the current one. It is nil if there is none.
// An object under a key that its writer holds is refused by name.
func (w *work) head(ctx context.Context, key, version string) (*object, error) {
	out, err := w.Bucket.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &w.Bucket.Room.State.Bucket, Key: &key, VersionId: optional(version), ExpectedBucketOwner: &w.Bucket.Room.Account,
	})
	switch code := statestore.Status(err); {
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed: // 405: a delete marker, by its ID
		return nil, nil
	case code == http.StatusBadRequest:
		return nil, w.badHead(ctx, key, version, err)
	case err != nil:
		return nil, fmt.Errorf("ask for %s: %w", w.where(key, version), err)
	}
	return &object{out, aws.ToString(out.VersionId), aws.ToString(out.ETag), statestore.Encryption{
		Algorithm: string(out.ServerSideEncryption), KeyARN: aws.ToString(out.SSEKMSKeyId), BucketKey: aws.ToBool(out.BucketKeyEnabled),
	}}, nil
}

// badHead finds out what a HEAD's 400 is about: an answer to HEAD has no text. A key
// that the writer holds is a 400 whose text a GET shows.
// Source: S3 User Guide, "Server-side encryption with customer-provided keys".
func (w *work) badHead(ctx context.Context, key, version string, head error) error {
	out, err := w.Bucket.S3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &w.Bucket.Room.State.Bucket, Key: &key, VersionId: optional(version), ExpectedBucketOwner: &w.Bucket.Room.Account, Range: aws.String("bytes=0-0"),
	})
	switch {
	case err == nil:
		out.Body.Close()
		return fmt.Errorf("ask for %s: %w", w.where(key, version), head)
	case statestore.Code(err) == "InvalidRequest":
		return &diag.Diagnostic{
			Rule: "state-rekey-sse-c", Summary: w.where(key, version) + " is encrypted under a key that its writer holds (SSE-C)", Err: err,
			Why: "nobody without that key can read or copy it, and an engine's S3 backend with kms_key_id cannot either",
			Fix: "write it once more with an engine whose backend has that key, without sse_customer_key afterwards: terraform init -reconfigure, terraform apply",
		}
	}
	return fmt.Errorf("ask for %s: %w", w.where(key, version), err)
}

func (w *work) where(key, version string) string {
	s := "s3://" + w.Bucket.Room.State.Bucket + "/" + key
	if version != "" {
		s += " (version " + version + ")"
	}
	return s
}

// content is what is compared of a version.
type content struct {
	sum [sha256.Size]byte
	*tfstate.Snapshot
	// damage is why it is no whole state, and Snapshot nil; nil: it is one.
	damage error
}

// largeState is from how many bytes on states are read one at a time.
const largeState = 32 << 20

// content reads a version, for its digest. It is nil if the version is gone.
func (w *work) content(ctx context.Context, store *statestore.S3, s *State, o *object) (*content, error) {
	if aws.ToInt64(o.ContentLength) > largeState {
		w.large.Lock()
		defer w.large.Unlock()
	}
	raw, err := store.Read(ctx, o.version)
	if errors.Is(err, statestore.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &content{sum: sha256.Sum256(raw)}
	if c.Snapshot, err = tfstate.Read(raw); err != nil {
		c.damage = &diag.Diagnostic{
			Rule: "state-rekey-damaged", Summary: w.where(store.Key, o.version) + " is no whole state: " + err.Error(), Err: err,
			Why: "what becomes of it could not be proven",
			Fix: "find the last whole version and make it the current one:\n  strongroom state history " + s.flags() + "\n  strongroom state rollback " + s.flags() + " --workspace " + s.Workspace + " --to-version VERSION",
		}
	}
	return c, nil
}

// lockKey is the object key of a target's lock file.
func lockKey(t state.Target) string { return t.Key() + statestore.LockSuffix }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
