package lock

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// upload tries to put an object into the state bucket and removes it again if
// it arrived.
func (w *World) upload(ctx context.Context, path string, sse types.ServerSideEncryption, key *string) (Outcome, error) {
	client := w.operator()
	out, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: w.object(path), Body: strings.NewReader("rehearsal"),
		ServerSideEncryption: sse, SSEKMSKeyId: key,
	})
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: w.object(path), VersionId: out.VersionId})
	if err != nil {
		return Outcome{}, err
	}
	return w.judge(nil, &out.ResultMetadata)
}

// rightUpload is the control of all locks on uploads.
func rightUpload() Attack {
	return Attack{
		By: "the operator", Request: "PutObject with aws:kms and the room's key",
		Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.upload(ctx, "right", types.ServerSideEncryptionAwsKms, &w.KeyARN)
		},
	}
}

func uploadWithoutSSEKMS() *Lock {
	return &Lock{
		ID:       "upload-without-sse-kms",
		Claim:    "Nothing is stored that is not encrypted with SSE-KMS.",
		Enforced: "modules/state-backend/main.policy.tf: DenyUploadWithoutSSEKMS",
		Controls: []Attack{rightUpload()},
		Attacks: []Attack{{
			By: "the operator", Request: "PutObject without an encryption header",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.upload(ctx, "bare", "", nil) },
		}, {
			By: "the operator", Request: "PutObject with AES256",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.upload(ctx, "aes256", types.ServerSideEncryptionAes256, nil)
			},
		}, {
			By: "the operator", Request: "CreateMultipartUpload with AES256",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				client := w.operator()
				out, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
					Bucket: &w.Bucket, Key: w.object("multipart"), ServerSideEncryption: types.ServerSideEncryptionAes256,
				})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				_, err = client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.Bucket, Key: out.Key, UploadId: out.UploadId})
				if err != nil {
					return Outcome{}, err
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editBucketPolicy(ctx, dropping("DenyUploadWithoutSSEKMS"))
		},
	}
}

func uploadUnderAnotherKey() *Lock {
	return &Lock{
		ID:       "upload-under-another-key",
		Claim:    "Nothing is stored under a key that is not the room's.",
		Enforced: "modules/state-backend/main.policy.tf: DenyUploadUnderAnotherKey",
		Controls: []Attack{rightUpload()},
		Attacks: []Attack{{
			By: "the operator", Request: "PutObject with a CMK of the operator's own",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				keys := w.operatorKMS()
				made, err := keys.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("rehearsal: a key that is not the room's")})
				if err != nil {
					return Outcome{}, err
				}
				out, err := w.upload(ctx, "other-key", types.ServerSideEncryptionAwsKms, made.KeyMetadata.Arn)
				if err != nil {
					return Outcome{}, err
				}
				_, err = keys.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyMetadata.Arn, PendingWindowInDays: aws.Int32(7)})
				return out, err
			},
		}, {
			By: "the operator", Request: "PutObject with the account's aws/s3 key",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				arn := "arn:aws:kms:" + w.Region + ":" + w.Account + ":alias/aws/s3"
				return w.upload(ctx, "aws-managed-key", types.ServerSideEncryptionAwsKms, &arn)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editBucketPolicy(ctx, dropping("DenyUploadUnderAnotherKey"))
		},
	}
}

func uploadThatNamesNoKey() *Lock {
	return &Lock{
		ID:       "upload-that-names-no-key",
		Claim:    "No upload leaves the key to chance.",
		Enforced: "modules/state-backend/main.policy.tf: DenyUploadThatNamesNoKey",
		Controls: []Attack{rightUpload()},
		Attacks: []Attack{{
			By: "the operator", Request: "PutObject with aws:kms and no key",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.upload(ctx, "no-key", types.ServerSideEncryptionAwsKms, nil)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editBucketPolicy(ctx, dropping("DenyUploadThatNamesNoKey"))
		},
	}
}
