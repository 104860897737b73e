package lock

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// withBucket makes a bucket that asks for no protection of its own, tries
// something, and removes it.
func withBucket(try func(ctx context.Context, client *s3.Client, bucket *string) (*middleware.Metadata, error)) func(context.Context, *World) (Outcome, error) {
	return func(ctx context.Context, w *World) (o Outcome, err error) {
		client, bucket := w.operator(), aws.String(w.Room.Name+"-rehearsal-"+w.Account)
		in := &s3.CreateBucketInput{Bucket: bucket, ObjectOwnership: types.ObjectOwnershipObjectWriter}
		if w.Region != "us-east-1" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(w.Region)}
		}
		if _, err := client.CreateBucket(ctx, in); err != nil {
			return Outcome{}, err
		}
		defer func() {
			_, e := client.DeleteBucket(context.WithoutCancel(ctx), &s3.DeleteBucketInput{Bucket: bucket})
			err = errors.Join(err, e)
		}()
		if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
			return Outcome{}, err
		}
		meta, err := try(ctx, client, bucket)
		return w.judge(err, meta, accessDenied...)
	}
}

func publicBucket() *Lock {
	return &Lock{
		ID:       "public-bucket",
		Claim:    "No bucket of the account becomes public, whatever it says of itself.",
		Enforced: "modules/baseline/account-hardening/main.account.tf: aws_s3_account_public_access_block",
		Without:  without(room.AccountHardening),
		Controls: []Attack{{
			By: "the operator", Request: "a bucket whose policy lets in the account",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return withBucket(func(ctx context.Context, client *s3.Client, bucket *string) (*middleware.Metadata, error) {
					return putPolicy(ctx, client, bucket, `{"AWS":"arn:aws:iam::`+w.Account+`:root"}`, "")
				})(ctx, w)
			},
		}},
		Attacks: []Attack{{
			By: "the operator", Request: "PutBucketPolicy that lets in everybody, on a bucket without a block of its own",
			Do: withBucket(func(ctx context.Context, client *s3.Client, bucket *string) (*middleware.Metadata, error) {
				return putPolicy(ctx, client, bucket, `"*"`, "")
			}),
		}, {
			By: "the operator", Request: "the same behind a condition that every address meets",
			Do: withBucket(func(ctx context.Context, client *s3.Client, bucket *string) (*middleware.Metadata, error) {
				return putPolicy(ctx, client, bucket, `{"AWS":"*"}`, `,"Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`)
			}),
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			was, err := awscall.PublicAccessBlock(ctx, w.Config(&w.Operator), w.Account)
			if err != nil {
				return nil, err
			}
			return func() error { return awscall.SetPublicAccessBlock(ctx, w.Config(&w.Operator), w.Account, was) },
				awscall.SetPublicAccessBlock(ctx, w.Config(&w.Operator), w.Account, nil)
		},
	}
}

func putPolicy(ctx context.Context, client *s3.Client, bucket *string, principal, more string) (*middleware.Metadata, error) {
	out, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + *bucket + `/*"` + more + `}}`)})
	return meta(out, err, func(o *s3.PutBucketPolicyOutput) *middleware.Metadata { return &o.ResultMetadata })
}
