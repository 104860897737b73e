package trail_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
)

const group = "states-audit"

// newTrail makes a trail with the data events of the state bucket, as
// modules/baseline/audit-logging does.
func newTrail(t *testing.T, w *statetest.World) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	logs := "acme-audit-logs"
	_, err := w.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &logs})
	check(err)
	arn := "arn:aws:cloudtrail:" + statetest.Region + ":" + statetest.Account + ":trail/main"
	_, err = w.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &logs, Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::` + logs + `","Condition":{"StringEquals":{"aws:SourceArn":"` + arn + `"}}},
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + logs + `/AWSLogs/` + statetest.Account + `/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":"` + arn + `"}}}]}`)})
	check(err)
	_, err = cloudwatchlogs.NewFromConfig(w.Owner).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
	check(err)
	identity := iam.NewFromConfig(w.Owner)
	role, err := identity.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("trail-logs"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	check(err)
	_, err = identity.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("trail-logs"), PolicyName: aws.String("logs"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`)})
	check(err)
	client := cloudtrail.NewFromConfig(w.Owner)
	_, err = client.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
		Name: aws.String("main"), S3BucketName: &logs, IsMultiRegionTrail: aws.Bool(true),
		CloudWatchLogsLogGroupArn: aws.String("arn:aws:logs:" + statetest.Region + ":" + statetest.Account + ":log-group:" + group + ":*"), CloudWatchLogsRoleArn: role.Role.Arn,
	})
	check(err)
	_, err = client.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: []types.EventSelector{{
		ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true),
		DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::" + statetest.Bucket + "/"}}}}}})
	check(err)
	_, err = client.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("main")})
	check(err)
}

func TestWrites(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	l := &trail.Log{Client: cloudwatchlogs.NewFromConfig(w.Owner), Group: group, Bucket: statetest.Bucket}
	since := w.Sandbox.Now().Add(-time.Hour)
	if _, err := l.Writes(t.Context(), since, ""); !errors.Is(err, trail.ErrNone) {
		t.Errorf("without a trail: %v", err)
	}
	newTrail(t, w)
	w.Put("development", statetest.State(1, 1), w.Keys["development"])
	w.Put("development*", statetest.State(1, 1), "")
	put, err := s3.NewFromConfig(w.Principals["development"]).CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String(statetest.Bucket), Key: aws.String("development"), CopySource: aws.String(statetest.Bucket + "/development"),
		ServerSideEncryption: "aws:kms", SSEKMSKeyId: aws.String(w.Keys["development"]),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.S3.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development"), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}); err != nil {
		t.Fatal(err)
	}
	// Reads, changes of tags, and writes that are refused, are none.
	if _, err := w.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s3.NewFromConfig(w.Principals["production"]).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development")}); err == nil {
		t.Fatal("a stranger deleted a state")
	}
	for range 2 {
		if err := w.Sandbox.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Sandbox.Advance(6 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sandbox.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := l.Writes(t.Context(), since, "development")
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	first, last := list[0], list[1]
	if first.Event != "PutObject" || first.Who != "arn:aws:iam::"+statetest.Account+":root" || first.When.IsZero() || first.Version == "" || first.Version == last.Version || first.Key != "development" || first.From == "" || first.Agent == "" {
		t.Errorf("the first: %+v", first)
	}
	if last.Event != "CopyObject" || last.Version != *put.VersionId || last.Who == "" || last.Who == first.Who {
		t.Errorf("the last: %+v", last)
	}
	if all, err := l.Writes(t.Context(), since, ""); err != nil || len(all) != 3 {
		t.Errorf("of all objects: %+v, %v", all, err)
	}
	if star, err := l.Writes(t.Context(), since, "development*"); err != nil || len(star) != 1 {
		t.Errorf("a key with a star: %+v, %v", star, err)
	}
	if none, err := l.Writes(t.Context(), w.Sandbox.Now().Add(time.Hour), ""); err != nil || none == nil || len(none) != 0 {
		t.Errorf("in the future: %+v, %v", none, err)
	}
}
