package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

func stateBucketStays(w *World) *Lock {
	first := &w.Environments[0]
	l := &Lock{
		ID:       "state-bucket-stays",
		Claim:    "No environment's principal changes the bucket that all share, nor takes a version of its own states away, whatever its own account lets it do.",
		Enforced: "the bucket policy: GetObject and PutObject, and no other action than ListBucket on the bucket itself",
		Controls: []Attack{{By: "the state account's owner", Request: "PutBucketEncryption and PutBucketVersioning of the state bucket, as they are", Do: func(ctx context.Context, w *World) (o Outcome, err error) {
			for _, p := range w.settings(ctx, w.operator())[:2] {
				if o, err = p.do(); err != nil || o.Refused {
					return o, err
				}
			}
			return o, nil
		}}},
		// What many a bucket policy says: everything, for its own.
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.addToBucketPolicy(ctx, map[string]any{
				"Sid": "Owns", "Effect": "Allow", "Principal": map[string]any{"AWS": first.Principal}, "Action": "s3:*", "Resource": "arn:aws:s3:::" + w.Bucket + "/" + first.Stacks[0].Key,
			})
		},
		Open: []Opening{{By: first.Name + "'s principal", Do: func(ctx context.Context, w *World) (func() error, error) {
			return w.openTo(ctx, first.Principal, first.KeyARN)
		}}},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		l.Attacks = append(l.Attacks,
			Attack{By: e.Name + "'s principal", Request: "change the bucket's policy, encryption, versioning, lifecycle, ownership and ACL, delete it", Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, e, func() (Outcome, error) { return sum(w.settings(ctx, w.s3As(&e.Credentials))...) })
			}},
			Attack{By: e.Name + "'s principal", Request: "DeleteObject of its own states, and of their versions", Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, e, func() (Outcome, error) {
					var parts []part
					for j := range e.Stacks {
						parts = append(parts, w.removals(ctx, w.s3As(&e.Credentials), e.Stacks[j].Key)...)
					}
					return sum(parts...)
				})
			}})
	}
	return l
}

// settings are requests that change the bucket. Each asks for what is there already,
// or for what S3 refuses once the caller is allowed; the lifecycle is undone.
func (w *World) settings(ctx context.Context, as *s3.Client) []part {
	one := func(name string, do func() (*middleware.Metadata, error)) part {
		return part{name: name, do: func() (Outcome, error) { return w.judged(do()) }}
	}
	return []part{
		one("PutBucketEncryption", func() (*middleware.Metadata, error) {
			out, err := as.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &w.Bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}}},
			}})
			return meta(out, err, func(o *s3.PutBucketEncryptionOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("PutBucketVersioning", func() (*middleware.Metadata, error) {
			out, err := as.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &w.Bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
			return meta(out, err, func(o *s3.PutBucketVersioningOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("DeleteBucketEncryption", func() (*middleware.Metadata, error) {
			out, err := as.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &w.Bucket})
			return meta(out, err, func(o *s3.DeleteBucketEncryptionOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		// S3 answers 405 to the permitted of another account.
		one("PutBucketPolicy", func() (*middleware.Metadata, error) {
			now, err := w.operator().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
			if err != nil {
				return nil, err
			}
			out, err := as.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &w.Bucket, Policy: now.Policy})
			return meta(out, err, func(o *s3.PutBucketPolicyOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("DeleteBucketPolicy", func() (*middleware.Metadata, error) {
			now, err := w.operator().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
			if err != nil {
				return nil, err
			}
			out, err := as.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &w.Bucket})
			if err != nil {
				return nil, err
			}
			_, err = w.operator().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &w.Bucket, Policy: now.Policy})
			return &out.ResultMetadata, err
		}),
		one("PutBucketLifecycleConfiguration", func() (*middleware.Metadata, error) {
			out, err := as.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: &w.Bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
				Rules: []types.LifecycleRule{{
					ID: aws.String("rehearsal"), Status: types.ExpirationStatusDisabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
					NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)},
				}},
			}})
			if err != nil {
				return nil, err
			}
			_, err = w.operator().DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &w.Bucket})
			return &out.ResultMetadata, err
		}),
		one("PutPublicAccessBlock", func() (*middleware.Metadata, error) {
			all := aws.Bool(true)
			out, err := as.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &w.Bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: all, BlockPublicPolicy: all, IgnorePublicAcls: all, RestrictPublicBuckets: all,
			}})
			return meta(out, err, func(o *s3.PutPublicAccessBlockOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("PutBucketOwnershipControls", func() (*middleware.Metadata, error) {
			out, err := as.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &w.Bucket, OwnershipControls: &types.OwnershipControls{
				Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}},
			}})
			return meta(out, err, func(o *s3.PutBucketOwnershipControlsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("PutBucketAcl", func() (*middleware.Metadata, error) {
			out, err := as.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &w.Bucket, ACL: types.BucketCannedACLPublicRead})
			return meta(out, err, func(o *s3.PutBucketAclOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
		one("DeleteBucket", func() (*middleware.Metadata, error) {
			out, err := as.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &w.Bucket})
			return meta(out, err, func(o *s3.DeleteBucketOutput) *middleware.Metadata { return &o.ResultMetadata })
		}),
	}
}
