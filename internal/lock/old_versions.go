package lock

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func oldVersions() *Lock {
	return &Lock{
		ID:       "old-versions",
		Claim:    "After a bad write the version before is still there, whole.",
		Enforced: "modules/state-backend/main.bucket.tf: aws_s3_bucket_versioning; modules/automation-iam/main.apply.tf: DenyWeakeningTheStateBucket",
		Attacks: []Attack{{
			By: "the operator", Request: "PutObject of garbage over a good object, then DeleteObject",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.overwrite(ctx) },
		}, {
			By: "the apply role", Request: "DeleteObjectVersion of the state",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				creds, o, err := w.assume(ctx, w.ApplyRole, Token{})
				if err != nil || creds == nil {
					return o, orRefused(err, o)
				}
				// A version that does not exist: S3 answers 204 to whoever may delete.
				out, err := w.s3As(creds).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: w.object("no-such-object"), VersionId: aws.String("null")})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			set := func(s types.BucketVersioningStatus) error {
				_, err := w.operator().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
					Bucket: &w.Bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: s},
				})
				return err
			}
			return func() error { return set(types.BucketVersioningStatusEnabled) }, set(types.BucketVersioningStatusSuspended)
		},
	}
}

// overwrite writes a good object, then garbage over it, deletes it, and looks
// for the good one among the old versions.
func (w *World) overwrite(ctx context.Context) (Outcome, error) {
	client, key := w.operator(), w.object("versions")
	put := func(body string) (*string, error) {
		out, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &w.Bucket, Key: key, Body: strings.NewReader(body),
			ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &w.KeyARN,
		})
		if err != nil {
			return nil, err
		}
		return out.VersionId, nil
	}
	const good = `{"serial": 7, "resources": ["good"]}`
	first, err := put(good)
	if err != nil {
		return Outcome{}, err
	}
	if _, err := put("garbage"); err != nil {
		return Outcome{}, err
	}
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: key}); err != nil {
		return Outcome{}, err
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: key, VersionId: first})
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && (api.ErrorCode() == "NoSuchVersion" || api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "MethodNotAllowed"):
		return Outcome{Answer: "lost", DecidedBy: "versioning is not enabled"}, w.removeVersions(ctx, *key)
	case err != nil:
		return Outcome{}, err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return Outcome{}, err
	}
	if err := w.removeVersions(ctx, *key); err != nil {
		return Outcome{}, err
	}
	if !bytes.Equal(body, []byte(good)) {
		return Outcome{Answer: "lost", DecidedBy: "the old version has other bytes"}, nil
	}
	return Outcome{Answer: "recovered", Refused: true, DecidedBy: "bucket versioning: the old version came back byte for byte"}, nil
}

// removeVersions leaves nothing of an object behind.
func (w *World) removeVersions(ctx context.Context, key string) error {
	client := w.operator()
	list, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &w.Bucket, Prefix: &key})
	if err != nil {
		return err
	}
	remove := func(k, version *string) error {
		_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: k, VersionId: version})
		return err
	}
	for _, v := range list.Versions {
		if err := remove(v.Key, v.VersionId); err != nil {
			return err
		}
	}
	for _, v := range list.DeleteMarkers {
		if err := remove(v.Key, v.VersionId); err != nil {
			return err
		}
	}
	return nil
}
