package statestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// S3 is a state in a bucket.
type S3 struct {
	// Client has the region of the bucket.
	Client *s3.Client
	Bucket string
	// Owner is the account that the bucket must belong to, 12 digits; "" does not
	// ask. A bucket of the same name that somebody else made is then refused.
	Owner string
	// Key is the object key, of a workspace's state that of WorkspaceKey.
	Key string
	// LockKeyARN is the KMS key that lock files are encrypted under; "" asks for no
	// encryption, and the bucket's default is used.
	LockKeyARN string
	// LockSSES3 asks for SSE-S3 for lock files, whatever the bucket's default is. It is
	// ignored with LockKeyARN.
	LockSSES3 bool
}

// WorkspaceKey returns the object key of a workspace's state; "default" and "" are
// the key itself. Source: "Backend Type: s3", workspace_key_prefix.
func WorkspaceKey(key, workspace string) string {
	if workspace == "" || workspace == "default" {
		return key
	}
	return WorkspacePrefix + workspace + "/" + key
}

// WorkspacePrefix is what the object keys of all other workspaces begin with.
const WorkspacePrefix = "env:/"

// LockSuffix is what the engines add to the key for the lock file.
const LockSuffix = ".tflock"

// Kind is "s3".
func (s *S3) Kind() string { return "s3" }

// Where is "s3://BUCKET/KEY".
func (s *S3) Where() string { return "s3://" + s.Bucket + "/" + s.Key }

func (s *S3) owner() *string {
	if s.Owner == "" {
		return nil
	}
	return &s.Owner
}

// Head asks HeadObject for the current state.
func (s *S3) Head(ctx context.Context) (*Info, error) { return s.HeadVersion(ctx, "") }

// HeadVersion asks HeadObject for a version; "" is the current one. It is nil if
// there is none.
func (s *S3) HeadVersion(ctx context.Context, version string) (*Info, error) {
	out, err := s.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.Bucket, Key: &s.Key, VersionId: optional(version), ExpectedBucketOwner: s.owner()})
	// A delete marker that is asked for by its ID is a 405.
	if code := Status(err); code == http.StatusNotFound || code == http.StatusMethodNotAllowed {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", s.Where(), err)
	}
	return &Info{
		Version: aws.ToString(out.VersionId), Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified), ETag: aws.ToString(out.ETag),
		Encryption: Encryption{string(out.ServerSideEncryption), aws.ToString(out.SSEKMSKeyId), aws.ToBool(out.BucketKeyEnabled)},
	}, nil
}

// Read gets the object, or a version of it.
func (s *S3) Read(ctx context.Context, version string) ([]byte, error) {
	o, err := s.get(ctx, s.Key, version)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, fmt.Errorf("%s: %w", s.Where(), ErrNone)
	}
	return o.raw, nil
}

// object is what was read of one.
type object struct {
	raw  []byte
	etag string
}

// get reads an object; it is nil if there is none.
func (s *S3) get(ctx context.Context, key, version string) (*object, error) {
	out, err := s.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key, VersionId: optional(version), ExpectedBucketOwner: s.owner()})
	switch {
	case Code(err) == "NoSuchKey" || Code(err) == "NoSuchVersion" || Code(err) == "MethodNotAllowed":
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read s3://%s/%s: %w", s.Bucket, key, err)
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", s.Bucket, key, err)
	}
	return &object{raw, aws.ToString(out.ETag)}, nil
}

// Versions lists the versions of exactly this key, delete markers included.
func (s *S3) Versions(ctx context.Context) ([]Version, error) {
	list := []Version{}
	pages := s3.NewListObjectVersionsPaginator(s.Client, &s3.ListObjectVersionsInput{Bucket: &s.Bucket, Prefix: &s.Key, ExpectedBucketOwner: s.owner()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the versions of %s: %w", s.Where(), err)
		}
		past := false
		for _, v := range page.Versions {
			if k := aws.ToString(v.Key); k == s.Key {
				list = append(list, Version{ID: aws.ToString(v.VersionId), Current: aws.ToBool(v.IsLatest), Written: aws.ToTime(v.LastModified), Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag)})
			} else {
				past = past || k > s.Key
			}
		}
		for _, v := range page.DeleteMarkers {
			if aws.ToString(v.Key) == s.Key {
				list = append(list, Version{ID: aws.ToString(v.VersionId), Current: aws.ToBool(v.IsLatest), Deleted: true, Written: aws.ToTime(v.LastModified)})
			}
		}
		if past { // keys come sorted: the lock files and other states that begin so come after
			break
		}
	}
	// S3 lists the versions of a key newest first, but markers apart.
	slices.SortStableFunc(list, func(a, b Version) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return b.Written.Compare(a.Written)
	})
	return list, nil
}

func (s *S3) lockKey() string { return s.Key + LockSuffix }

// lockInput is the lock file.
func (s *S3) lockInput(l *tfstate.LockInfo) *s3.PutObjectInput {
	in := &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: aws.String(s.lockKey()), Body: bytes.NewReader(l.Text()), ContentType: aws.String("application/json"), ExpectedBucketOwner: s.owner(),
	}
	switch {
	case s.LockKeyARN != "":
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &s.LockKeyARN
	case s.LockSSES3:
		in.ServerSideEncryption = types.ServerSideEncryptionAes256
	}
	return in
}

// Lock writes the lock file, if there is none, as the engines do. To find l's own ID in
// it is to have the lock: an answer was lost, and the request was sent again.
// Source: "Backend Type: s3", use_lockfile: a conditional PutObject.
func (s *S3) Lock(ctx context.Context, l *tfstate.LockInfo) error {
	in := s.lockInput(l)
	in.IfNoneMatch = aws.String("*")
	for n := 1; ; n++ {
		in.Body = bytes.NewReader(l.Text())
		_, err := s.Client.PutObject(ctx, in)
		if err == nil {
			return nil
		}
		if !changed(err) {
			return fmt.Errorf("lock %s: %w", s.Where(), err)
		}
		holder, unseen := s.Locked(ctx)
		switch {
		case holder != nil && l.ID != "" && holder.ID == l.ID:
			return nil
		case holder != nil:
			return &LockedError{s.Where(), holder}
		case unseen != nil || n == lookAgain:
			return &LockedError{s.Where(), &tfstate.LockInfo{Who: "unknown", Operation: "unknown"}} // not for our eyes, or never for long
		}
		// It was given back in between.
	}
}

// Unlock deletes the lock file if it still is the lock with that ID: on the condition
// that it is the object that was read, so that a lock that somebody else takes in
// between stays theirs.
func (s *S3) Unlock(ctx context.Context, id string) error {
	return s.withLock(ctx, id, func(etag string) error {
		if etag == "" {
			return nil
		}
		return s.remove(ctx, s.lockKey(), etag)
	})
}

// Relabel replaces what the lock file says, if it still is the lock with l's ID, or if
// there is none any more. It is a *LockedError when somebody else has the lock.
func (s *S3) Relabel(ctx context.Context, l *tfstate.LockInfo) error {
	return s.withLock(ctx, l.ID, func(etag string) error {
		if etag == "" {
			return s.Lock(ctx, l)
		}
		in := s.lockInput(l)
		in.IfMatch = &etag
		_, err := s.Client.PutObject(ctx, in)
		return err
	})
}

// lookAgain is how often a lock file is looked at that others change meanwhile.
const lookAgain = 4

// withLock does something to the lock file if it is the lock with that ID, or if there
// is none: the ETag is empty then. When it was changed in between it is looked at again.
func (s *S3) withLock(ctx context.Context, id string, do func(etag string) error) error {
	if id == "" { // what is no lock of an engine's has no ID either
		return errNoLockID
	}
	var failed error
	for range lookAgain {
		o, err := s.get(ctx, s.lockKey(), "")
		if err != nil {
			return err
		}
		etag := ""
		if o != nil {
			if held := tfstate.ReadLock(o.raw); held.ID != id {
				return &LockedError{s.Where(), held}
			}
			etag = o.etag
		}
		if failed = do(etag); failed == nil {
			return nil
		}
		if !changed(failed) {
			break
		}
	}
	var held *LockedError
	if errors.As(failed, &held) {
		return failed
	}
	return fmt.Errorf("change the lock file of %s: %w", s.Where(), failed)
}

// remove deletes an object if it still has that ETag. Where there is none any more
// nothing is to be done, as after an answer that was lost.
//
// Source: S3 User Guide, "How to perform conditional deletes": 412 for another ETag, 404
// without an object, 409 when it is written at the same time; besides s3:DeleteObject it
// needs s3:GetObject.
func (s *S3) remove(ctx context.Context, key, etag string) error {
	_, err := s.Client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key, IfMatch: &etag, ExpectedBucketOwner: s.owner()})
	if Code(err) == "NoSuchKey" {
		return nil
	}
	return err
}

// changed reports that a condition was not met: the object is another by now, or is
// being written.
func changed(err error) bool {
	switch Code(err) {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey":
		return true
	}
	return false
}

// Locked reads the lock file.
func (s *S3) Locked(ctx context.Context) (*tfstate.LockInfo, error) {
	o, err := s.get(ctx, s.lockKey(), "")
	if o == nil || err != nil {
		return nil, err
	}
	return tfstate.ReadLock(o.raw), nil
}

// Status is the HTTP status of AWS's refusal; 0 when there was no answer.
func Status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// Code is the error code of AWS's refusal; "" when there was no answer.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
