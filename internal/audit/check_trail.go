package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/internal/logintegrity"
	"github.com/strongroom-dev/strongroom/internal/room"
)

const auditLogging = "modules/baseline/audit-logging"

// theTrail reads the room's trail; nil: there is none, which f was told.
func theTrail(ctx context.Context, a *Account, f *Finder) (*types.Trail, error) {
	arn := a.Room.TrailARN()
	out, err := cloudtrail.NewFromConfig(a.cfg).GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &arn})
	if isCode(err, "TrailNotFoundException") {
		f.Short(arn, "there is no such trail", "apply "+auditLogging)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Trail, nil
}

// trailStays checks the trail itself, and what keeps the automation role from it.
func trailStays() *Check {
	return &Check{
		Lock:    "trail-stays",
		Claim:   "The trail records all regions, validates, encrypts and reaches the log group; the automation role cannot stop, redirect or blind it, nor empty its bucket.",
		Without: lacks(room.AuditLogging),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			t, err := theTrail(ctx, a, f)
			if err != nil || t == nil {
				return err
			}
			arn := a.Room.TrailARN()
			short := func(is bool, found string) {
				if is {
					f.Short(arn, found, auditLogging+": the trail as the module writes it; apply it again")
				}
			}
			short(!aws.ToBool(t.IsMultiRegionTrail), "it records one region only")
			short(!aws.ToBool(t.IncludeGlobalServiceEvents), "it leaves out services without a region")
			short(!aws.ToBool(t.LogFileValidationEnabled), "log file validation is off")
			short(aws.ToString(t.KmsKeyId) == "", "its log files are not under a customer-managed key")
			short(aws.ToString(t.S3BucketName) != a.Room.Baseline.Audit.Bucket, "it delivers to the bucket "+aws.ToString(t.S3BucketName))
			short(!strings.Contains(aws.ToString(t.CloudWatchLogsLogGroupArn), ":log-group:"+a.Room.LogGroup()+":"), "it does not send to the log group "+a.Room.LogGroup())
			client := cloudtrail.NewFromConfig(a.cfg)
			status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn})
			if err != nil {
				return err
			}
			short(!aws.ToBool(status.IsLogging), "it is stopped")
			short(aws.ToString(status.LatestDeliveryError) != "", "it cannot deliver: "+aws.ToString(status.LatestDeliveryError))
			short(aws.ToString(status.LatestCloudWatchLogsDeliveryError) != "", "it cannot send to its log group: "+aws.ToString(status.LatestCloudWatchLogsDeliveryError))
			selectors, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &arn})
			if err != nil {
				return err
			}
			short(!management(selectors), "it does not record all management events")
			if err := a.bucketStays(ctx, f, a.Room.Baseline.Audit.Bucket, auditLogging); err != nil {
				return err
			}
			return a.guarded(ctx, f, []string{
				"cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
			}, arn)
		},
	}
}

// management tells whether a trail records every management event.
func management(s *cloudtrail.GetEventSelectorsOutput) bool {
	for _, e := range s.EventSelectors {
		if aws.ToBool(e.IncludeManagementEvents) && e.ReadWriteType == types.ReadWriteTypeAll && len(e.ExcludeManagementEventSources) == 0 {
			return true
		}
	}
	for _, e := range s.AdvancedEventSelectors {
		if len(e.FieldSelectors) == 1 && aws.ToString(e.FieldSelectors[0].Field) == "eventCategory" && len(e.FieldSelectors[0].Equals) == 1 && e.FieldSelectors[0].Equals[0] == "Management" {
			return true
		}
	}
	return false
}

// bucketStays checks that nobody deletes a log file, and that the automation role
// cannot change that.
func (a *Account) bucketStays(ctx context.Context, f *Finder, bucket, module string) error {
	p, err := a.bucketPolicy(ctx, bucket)
	if isCode(err, "NoSuchBucket") {
		f.Short(a.bucketARN(bucket), "there is no such bucket", "apply "+module)
		return nil
	}
	if err != nil {
		return err
	}
	for _, action := range []string{"s3:DeleteObject", "s3:DeleteObjectVersion"} {
		if p == nil || !a.denied(p, action, a.bucketARN(bucket+"/AWSLogs/file"), secure, "true") {
			f.Short(a.bucketARN(bucket), "the bucket policy lets an administrator "+action, module+": its bucket policy as the module writes it; apply it again")
		}
	}
	return a.guarded(ctx, f, []string{"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration", "s3:PutBucketVersioning"}, a.bucketARN(bucket))
}

// lookBack is how far the log files are validated.
const lookBack = 24 * time.Hour

// logTampering validates the log files of the last day by their digests.
func logTampering() *Check {
	return &Check{
		Lock:    "log-tampering",
		Claim:   fmt.Sprintf("The log files of the last %d hours are what CloudTrail delivered.", int(lookBack.Hours())),
		Without: lacks(room.AuditLogging),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			t, err := theTrail(ctx, a, f)
			if err != nil || t == nil {
				return err
			}
			if !aws.ToBool(t.LogFileValidationEnabled) {
				f.Short(a.Room.TrailARN(), "log file validation is off: nothing can be said of new log files", auditLogging+": enable_log_file_validation as the module writes it; apply it again")
			}
			report, err := logintegrity.Validate(ctx, a.cfg, logintegrity.Trail{
				Name: aws.ToString(t.Name), HomeRegion: aws.ToString(t.HomeRegion), Account: a.Room.Account,
				Bucket: aws.ToString(t.S3BucketName), Prefix: aws.ToString(t.S3KeyPrefix),
			}, logintegrity.Window{From: a.Now.Add(-lookBack), To: a.Now})
			if err != nil {
				return err
			}
			for _, x := range report.Findings {
				f.Short(a.bucketARN(aws.ToString(t.S3BucketName)+"/"+x.Object), string(x.Problem)+": "+x.Why,
					"find out who did it in the events after it; the bucket's old versions may still have the file")
			}
			return nil
		},
	}
}
