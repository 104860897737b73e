package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/room"
)

func trailStays() *Lock {
	return &Lock{
		ID:       "trail-stays",
		Claim:    "The automation role cannot stop, redirect or blind the trail, nor empty or delete its bucket.",
		Enforced: "modules/automation-iam/main.baseline.tf: NAME-baseline-guard, which src/main.guard.tf attaches; modules/baseline/audit-logging/main.policy.tf",
		Without:  withoutGuard(room.AuditLogging),
		Controls: []Attack{asApply("GetTrailStatus", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			out, err := cloudtrail.NewFromConfig(cfg).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String(w.Room.TrailARN())})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nil, nil
		})},
		Attacks: append(append(onTrail(), onTrailBucket()...), onTrailLogs()...),
		TakeOff: detachGuard,
	}
}

func onTrail() []Attack {
	operator := func(w *World) *cloudtrail.Client { return cloudtrail.NewFromConfig(w.Config(&w.Operator)) }
	return []Attack{
		asApply("StopLogging of the trail", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := aws.String(w.Room.TrailARN())
			out, err := cloudtrail.NewFromConfig(cfg).StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: name})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := operator(w).StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: name})
				return err
			}, nil
		}),
		asApply("UpdateTrail: no log file validation", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := aws.String(w.Room.TrailARN())
			out, err := cloudtrail.NewFromConfig(cfg).UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: name, EnableLogFileValidation: aws.Bool(false)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := operator(w).UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: name, EnableLogFileValidation: aws.Bool(true)})
				return err
			}, nil
		}),
		asApply("PutEventSelectors: record nothing that writes", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := aws.String(w.Room.TrailARN())
			was, err := operator(w).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: name})
			if err != nil {
				return nil, nil, err
			}
			out, err := cloudtrail.NewFromConfig(cfg).PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: []types.EventSelector{{
				IncludeManagementEvents: aws.Bool(true), ReadWriteType: types.ReadWriteTypeReadOnly,
			}}})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := operator(w).PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: was.EventSelectors, AdvancedEventSelectors: was.AdvancedEventSelectors})
				return err
			}, nil
		}),
	}
}

func onTrailBucket() []Attack {
	bucket := func(w *World) *string { return &w.Room.Baseline.Audit.Bucket }
	return []Attack{
		asApply("PutBucketPolicy of the trail's bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			was, err := w.operator().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket(w)})
			if err != nil {
				return nil, nil, err
			}
			out, err := s3.NewFromConfig(cfg).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket(w), Policy: was.Policy})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil // it is the same policy
		}),
		asApply("DeleteObjectVersion in the trail's bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			out, err := s3.NewFromConfig(cfg).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket(w), Key: aws.String("AWSLogs/no-such-object"), VersionId: aws.String("null")})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil
		}),
		asApply("PutBucketLifecycleConfiguration: log files expire tomorrow", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			client := s3.NewFromConfig(cfg)
			out, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket(w), LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
				ID: aws.String("rehearsal"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("AWSLogs/")},
				Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(1)},
			}}}})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := w.operator().DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: bucket(w)})
				return err
			}, nil
		}),
		asApply("DeleteBucket of the trail's bucket", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			out, err := s3.NewFromConfig(cfg).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket(w)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil
		}),
		asApply("DisableKey of the trail's key", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			key, err := w.operatorKMS().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/" + w.Room.TrailName())})
			if err != nil {
				return nil, nil, err
			}
			out, err := kms.NewFromConfig(cfg).DisableKey(ctx, &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := w.operatorKMS().EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId})
				return err
			}, nil
		}),
		asApply("UpdateAlias: the guard's name for that key, on another", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			alias := aws.String("alias/" + w.Room.TrailName())
			key, err := w.operatorKMS().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: alias})
			if err != nil {
				return nil, nil, err
			}
			out, err := kms.NewFromConfig(cfg).UpdateAlias(ctx, &kms.UpdateAliasInput{AliasName: alias, TargetKeyId: &w.KeyARN})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := w.operatorKMS().UpdateAlias(ctx, &kms.UpdateAliasInput{AliasName: alias, TargetKeyId: key.KeyMetadata.KeyId})
				return err
			}, nil
		}),
	}
}

// onTrailLogs blind the tripwires, which read the log group.
func onTrailLogs() []Attack {
	return []Attack{
		asApply("PutRetentionPolicy: the log group forgets after a day", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			group := aws.String(w.Room.LogGroup())
			out, err := cloudwatchlogs.NewFromConfig(cfg).PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: aws.Int32(1)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := cloudwatchlogs.NewFromConfig(w.Config(&w.Operator)).PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
					LogGroupName: group, RetentionInDays: aws.Int32(int32(w.Room.Baseline.Audit.RetentionDays)),
				})
				return err
			}, nil
		}),
	}
}
