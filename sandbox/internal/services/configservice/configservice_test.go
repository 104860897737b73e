package configservice_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

const role = "arn:aws:iam::" + sandbox.DefaultAccount + ":role/config"

type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
	cfg *sdk.Client
	s3  *s3.Client
	iam *iam.Client
}

func start(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	c := sb.Config(sb.Credentials())
	w := &world{t, sb, sdk.NewFromConfig(c), s3.NewFromConfig(c), iam.NewFromConfig(c)}
	_, err = w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("config"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
	_, err = w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("config-logs"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion}})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, code string) {
	w.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

func (w *world) record(group *types.RecordingGroup) error {
	_, err := w.cfg.PutConfigurationRecorder(ctx, &sdk.PutConfigurationRecorderInput{
		ConfigurationRecorder: &types.ConfigurationRecorder{Name: aws.String("main"), RoleARN: aws.String(role), RecordingGroup: group},
		Tags:                  []types.Tag{{Key: aws.String("team"), Value: aws.String("security")}},
	})
	return err
}

func (w *world) deliver(bucket string) error {
	_, err := w.cfg.PutDeliveryChannel(ctx, &sdk.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{
		Name: aws.String("main"), S3BucketName: &bucket, ConfigSnapshotDeliveryProperties: &types.ConfigSnapshotDeliveryProperties{DeliveryFrequency: types.MaximumExecutionFrequencySixHours},
	}})
	return err
}

// admit lets Config write to the bucket, if it says for which account.
func (w *world) admit(account string) {
	w.t.Helper()
	_, err := w.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("config-logs"), Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:ListBucket"],"Resource":"arn:aws:s3:::config-logs","Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}},
		{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::config-logs/AWSLogs/` + sandbox.DefaultAccount + `/Config/*",
		"Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceAccount":"` + account + `"}}}]}`)})
	w.must(err)
}

func TestRecorderAndChannelAreMadeStartedAndDeleted(t *testing.T) {
	w := start(t)
	w.admit(sandbox.DefaultAccount)
	w.refused(w.deliver("config-logs"), "NoAvailableConfigurationRecorderException")
	w.refused(w.record(&types.RecordingGroup{AllSupported: true, ResourceTypes: []types.ResourceType{types.ResourceTypeBucket}}), "InvalidRecordingGroupException")
	w.must(w.record(&types.RecordingGroup{AllSupported: true, IncludeGlobalResourceTypes: true}))
	main := aws.String("main")
	_, err := w.cfg.StartConfigurationRecorder(ctx, &sdk.StartConfigurationRecorderInput{ConfigurationRecorderName: main})
	w.refused(err, "NoAvailableDeliveryChannelException")
	w.refused(w.deliver("not-there"), "NoSuchBucketException")
	w.must(w.deliver("config-logs"))
	_, err = w.cfg.StartConfigurationRecorder(ctx, &sdk.StartConfigurationRecorderInput{ConfigurationRecorderName: main})
	w.must(err)
	status, err := w.cfg.DescribeConfigurationRecorderStatus(ctx, &sdk.DescribeConfigurationRecorderStatusInput{})
	w.must(err)
	if x := status.ConfigurationRecordersStatus[0]; !x.Recording || x.LastStartTime == nil {
		t.Errorf("status %+v", x)
	}
	_, err = w.cfg.DeleteDeliveryChannel(ctx, &sdk.DeleteDeliveryChannelInput{DeliveryChannelName: main})
	w.refused(err, "LastDeliveryChannelDeleteFailedException")
	got, err := w.cfg.DescribeConfigurationRecorders(ctx, &sdk.DescribeConfigurationRecordersInput{ConfigurationRecorderNames: []string{"main"}})
	w.must(err)
	x := got.ConfigurationRecorders[0]
	if *x.RoleARN != role || !x.RecordingGroup.IncludeGlobalResourceTypes || x.RecordingGroup.RecordingStrategy.UseOnly != types.RecordingStrategyTypeAllSupportedResourceTypes || x.RecordingMode.RecordingFrequency != types.RecordingFrequencyContinuous {
		t.Errorf("recorder %+v", x)
	}
	channels, err := w.cfg.DescribeDeliveryChannels(ctx, &sdk.DescribeDeliveryChannelsInput{})
	w.must(err)
	if d := channels.DeliveryChannels[0]; *d.S3BucketName != "config-logs" || d.ConfigSnapshotDeliveryProperties.DeliveryFrequency != types.MaximumExecutionFrequencySixHours {
		t.Errorf("channel %+v", d)
	}
	_, err = w.cfg.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: x.Arn, TagKeys: []string{"team"}})
	w.must(err)
	_, err = w.cfg.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: x.Arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	w.must(err)
	tags, err := w.cfg.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: x.Arn})
	w.must(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Key != "a" {
		t.Errorf("tags %+v", tags.Tags)
	}
	_, err = w.cfg.StopConfigurationRecorder(ctx, &sdk.StopConfigurationRecorderInput{ConfigurationRecorderName: main})
	w.must(err)
	_, err = w.cfg.DeleteDeliveryChannel(ctx, &sdk.DeleteDeliveryChannelInput{DeliveryChannelName: main})
	w.must(err)
	_, err = w.cfg.DeleteConfigurationRecorder(ctx, &sdk.DeleteConfigurationRecorderInput{ConfigurationRecorderName: main})
	w.must(err)
	_, err = w.cfg.DescribeConfigurationRecorders(ctx, &sdk.DescribeConfigurationRecordersInput{ConfigurationRecorderNames: []string{"main"}})
	w.refused(err, "NoSuchConfigurationRecorderException")
	_, err = w.cfg.DescribeDeliveryChannels(ctx, &sdk.DescribeDeliveryChannelsInput{DeliveryChannelNames: []string{"main"}})
	w.refused(err, "NoSuchDeliveryChannelException")
}

// Config writes as the recorder's role or as itself: one of them must be allowed.
func TestBucketMustAdmitConfig(t *testing.T) {
	w := start(t)
	w.must(w.record(nil))
	w.refused(w.deliver("config-logs"), "InsufficientDeliveryPolicyException")
	w.admit("999988887777")
	w.refused(w.deliver("config-logs"), "InsufficientDeliveryPolicyException")
	w.admit(sandbox.DefaultAccount)
	w.must(w.deliver("config-logs"))
	_, err := w.s3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String("config-logs")})
	w.must(err)
	w.refused(w.deliver("config-logs"), "InsufficientDeliveryPolicyException")
	_, err = w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("config"), PolicyName: aws.String("write"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:PutObject","s3:PutObjectAcl","s3:GetBucketAcl"],"Resource":["arn:aws:s3:::config-logs","arn:aws:s3:::config-logs/*"]}}`)})
	w.must(err)
	w.must(w.deliver("config-logs"))
}

// Whoever makes a recorder must be allowed to pass its role to Config.
func TestRoleMustBePassed(t *testing.T) {
	w := start(t)
	user := func(name, service string) *sdk.Client {
		_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		w.must(err)
		_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"config:PutConfigurationRecorder","Resource":"*"},
			{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}]}`)})
		w.must(err)
		key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		w.must(err)
		return sdk.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
	}
	in := &sdk.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{RoleARN: aws.String(role)}}
	_, err := user("other", "ec2.amazonaws.com").PutConfigurationRecorder(ctx, in)
	if w.refused(err, "AccessDeniedException"); err != nil && !strings.Contains(err.Error(), "iam:PassRole") {
		t.Errorf("got %v", err)
	}
	_, err = user("config", "config.amazonaws.com").PutConfigurationRecorder(ctx, in)
	w.must(err)
}

func TestRetentionIsPutAndDeleted(t *testing.T) {
	w := start(t)
	put := func(days int32) error {
		_, err := w.cfg.PutRetentionConfiguration(ctx, &sdk.PutRetentionConfigurationInput{RetentionPeriodInDays: &days})
		return err
	}
	w.refused(put(29), "InvalidParameterValueException")
	w.refused(put(2558), "InvalidParameterValueException")
	w.must(put(30))
	w.must(put(400))
	got, err := w.cfg.DescribeRetentionConfigurations(ctx, &sdk.DescribeRetentionConfigurationsInput{RetentionConfigurationNames: []string{"default"}})
	w.must(err)
	if x := got.RetentionConfigurations; len(x) != 1 || *x[0].Name != "default" || *x[0].RetentionPeriodInDays != 400 {
		t.Errorf("retention %+v", x)
	}
	remove := func() error {
		_, err := w.cfg.DeleteRetentionConfiguration(ctx, &sdk.DeleteRetentionConfigurationInput{RetentionConfigurationName: aws.String("default")})
		return err
	}
	w.must(remove())
	w.refused(remove(), "NoSuchRetentionConfigurationException")
	got, err = w.cfg.DescribeRetentionConfigurations(ctx, &sdk.DescribeRetentionConfigurationsInput{})
	w.must(err)
	if len(got.RetentionConfigurations) != 0 {
		t.Errorf("after its end: %+v", got.RetentionConfigurations)
	}
}
