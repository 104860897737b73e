package lock

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

// asPlan is an attempt by a session of the plan role.
func asPlan(request string, do func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error)) Attack {
	return Attack{By: "the plan role", Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
		creds, o, err := w.assume(ctx, w.PlanRole, Token{})
		if err != nil || creds == nil {
			return o, orRefused(err, o)
		}
		meta, err := do(ctx, w, w.Config(creds))
		return w.judge(err, meta, accessDenied...)
	}}
}

func planCannotWrite() *Lock {
	return &Lock{
		ID:       "plan-cannot-write",
		Claim:    "The plan role reads, and can change nothing.",
		Enforced: "modules/automation-iam/main.plan.tf and plan_reads.tf: no statement allows a write",
		Controls: []Attack{asPlan("GetBucketPolicy of the state bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := s3.NewFromConfig(cfg).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
			if err != nil {
				return nil, err
			}
			return &out.ResultMetadata, nil
		})},
		Attacks: []Attack{
			asPlan("PutObject into the state bucket, encrypted as it should be", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
				out, err := s3.NewFromConfig(cfg).PutObject(ctx, &s3.PutObjectInput{
					Bucket: &w.Bucket, Key: w.object("plan-role"), Body: strings.NewReader("rehearsal"),
					ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &w.KeyARN,
				})
				if err != nil {
					return nil, err
				}
				return &out.ResultMetadata, nil
			}),
			asPlan("DeleteObject in the state bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
				out, err := s3.NewFromConfig(cfg).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: w.object("no-such-object")})
				if err != nil {
					return nil, err
				}
				return &out.ResultMetadata, nil
			}),
			asPlan("PutBucketPolicy of the state bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
				got, err := s3.NewFromConfig(cfg).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
				if err != nil {
					return nil, err
				}
				// The same policy again: a lock that fails must leave the room as it was.
				out, err := s3.NewFromConfig(cfg).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &w.Bucket, Policy: got.Policy})
				if err != nil {
					return nil, err
				}
				return &out.ResultMetadata, nil
			}),
			asPlan("UntagRole on the apply role", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
				out, err := iam.NewFromConfig(cfg).UntagRole(ctx, &iam.UntagRoleInput{RoleName: aws.String(nameOf(w.ApplyRole)), TagKeys: []string{"rehearsal-no-such-tag"}})
				if err != nil {
					return nil, err
				}
				return &out.ResultMetadata, nil
			}),
			asPlan("UpdateKeyDescription of the state's key", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, error) {
				key, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &w.KeyARN})
				if err != nil {
					return nil, err
				}
				out, err := kms.NewFromConfig(cfg).UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{KeyId: &w.KeyARN, Description: key.KeyMetadata.Description})
				if err != nil {
					return nil, err
				}
				return &out.ResultMetadata, nil
			}),
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.giveRole(ctx, w.PlanRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","iam:*","kms:*"],"Resource":"*"}}`)
		},
	}
}
