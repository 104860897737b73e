package audit

import (
	"context"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// bucket is one that the room guards, with the module that makes it.
type bucket struct {
	name, alias, module string
	// object is the name of an object that lives there.
	object string
}

// buckets are those of the room: the states, and what the baseline writes down.
func (a *Account) buckets() []bucket {
	r := a.Room
	list := []bucket{{r.State.Bucket, r.State.KeyAlias, "modules/state-backend", r.StateKey(room.StackBootstrap)}}
	if r.Baseline.Has(room.AuditLogging) {
		list = append(list, bucket{r.Baseline.Audit.Bucket, "alias/" + r.Name + "-audit", "modules/baseline/audit-logging", "AWSLogs/" + r.Account + "/audit"})
	}
	if r.Baseline.Has(room.AWSConfig) {
		list = append(list, bucket{r.Baseline.ConfigBucket, "alias/" + r.Name + "-config", "modules/baseline/aws-config", "AWSLogs/" + r.Account + "/audit"})
	}
	return list
}

// The condition keys of an upload.
const (
	sse    = "s3:x-amz-server-side-encryption"
	sseKey = "s3:x-amz-server-side-encryption-aws-kms-key-id"
	secure = "aws:SecureTransport"
)

// eachBucket asks of every bucket's policy that it refuses what try tries.
func eachBucket(try func(ctx context.Context, a *Account, b bucket, refused func(what, action, object string, keys ...string)) error) func(context.Context, *Account, *Finder) error {
	return func(ctx context.Context, a *Account, f *Finder) error {
		for _, b := range a.buckets() {
			p, err := a.bucketPolicy(ctx, b.name)
			if isCode(err, "NoSuchBucket") {
				f.Short(a.bucketARN(b.name), "there is no such bucket", "apply "+b.module)
				continue
			}
			if err != nil {
				return err
			}
			mend := b.module + ": its bucket policy as the module writes it; apply it again"
			err = try(ctx, a, b, func(what, action, object string, keys ...string) {
				if p == nil || !a.denied(p, action, a.bucketARN(b.name+object), keys...) {
					f.Short(a.bucketARN(b.name), "the bucket policy lets an administrator "+what, mend)
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func plainHTTP() *Check {
	return &Check{
		Lock:  "plain-http",
		Claim: "The bucket policies refuse every request that does not come over TLS.",
		Do: eachBucket(func(_ context.Context, _ *Account, b bucket, refused func(string, string, string, ...string)) error {
			refused("read over plain HTTP", "s3:GetObject", "/"+b.object, secure, "false")
			refused("list over plain HTTP", "s3:ListBucket", "", secure, "false")
			return nil
		}),
	}
}

func uploadWithoutSSEKMS() *Check {
	return &Check{
		Lock:  "upload-without-sse-kms",
		Claim: "The bucket policies refuse an upload that is not encrypted with SSE-KMS.",
		Do: eachBucket(func(_ context.Context, _ *Account, b bucket, refused func(string, string, string, ...string)) error {
			refused("upload without an encryption header", "s3:PutObject", "/"+b.object, secure, "true")
			refused("upload with AES256", "s3:PutObject", "/"+b.object, secure, "true", sse, "AES256")
			return nil
		}),
	}
}

func uploadUnderAnotherKey() *Check {
	return &Check{
		Lock:  "upload-under-another-key",
		Claim: "The bucket policies refuse an upload under a key that is not the room's.",
		Do: eachBucket(func(_ context.Context, a *Account, b bucket, refused func(string, string, string, ...string)) error {
			other := a.arn("kms", a.Room.Region, "key/00000000-0000-0000-0000-000000000000")
			refused("upload under another key", "s3:PutObject", "/"+b.object, secure, "true", sse, "aws:kms", sseKey, other)
			return nil
		}),
	}
}

func uploadThatNamesNoKey() *Check {
	return &Check{
		Lock:  "upload-that-names-no-key",
		Claim: "The bucket policies refuse an upload with SSE-KMS that names no key.",
		Do: eachBucket(func(_ context.Context, _ *Account, b bucket, refused func(string, string, string, ...string)) error {
			refused("upload with SSE-KMS and no key", "s3:PutObject", "/"+b.object, secure, "true", sse, "aws:kms")
			return nil
		}),
	}
}
