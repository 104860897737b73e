//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package cloudtrail

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// trailLimit is how many trails a region has, of all regions that are seen there
// included.
// Source: CloudTrail User Guide "Quotas in AWS CloudTrail".
const trailLimit = 5

func (s *Service) createRows() []op.Row {
	return []op.Row{
		op.New("CreateTrail", "CloudTrail API_CreateTrail", op.Write, s.checkCreate, s.create),
		op.New("UpdateTrail", "CloudTrail API_UpdateTrail", op.Write, s.checkUpdate, s.update),
	}
}

// unsupported refuses what the sandbox has no counterpart for.
func unsupported(organization *bool) error {
	if yes(organization) {
		return refuse("organization trails (IsOrganizationTrail)")
	}
	return nil
}

func (s *Service) checkCreate(c *op.Call, in *sdk.CreateTrailInput) ([]op.Check, error) {
	if err := checkName(text(in.Name)); err != nil {
		return nil, err
	}
	asked, err := tagMap(in.TagsList)
	if err != nil {
		return nil, err
	}
	if err := unsupported(in.IsOrganizationTrail); err != nil {
		return nil, err
	}
	arn := trailARN(c.Caller.Account, c.Region, *in.Name)
	checks := []op.Check{{Action: "cloudtrail:CreateTrail", Resource: op.Resource{ARN: arn, Account: c.Caller.Account}, Context: tags.RequestKeys(asked)}}
	if role := text(in.CloudWatchLogsRoleArn); role != "" {
		pass, err := passRole(role)
		if err != nil {
			return nil, err
		}
		checks = append(checks, pass)
	}
	t, err := s.fromCreate(c, in)
	if err != nil {
		return checks, nil // the handler says why, to those who may ask
	}
	if t.LogGroup != "" {
		checks = append(checks, s.logChecks(c, t)...)
	}
	return s.withTopic(c, s.withDelivery(c, checks, t), t), nil
}

// withDelivery adds what CloudTrail itself must be allowed: bucket and key refuse a trail
// that could not deliver.
// Source: CloudTrail API_CreateTrail, Errors.
func (s *Service) withDelivery(c *op.Call, checks []op.Check, t *trail) []op.Check {
	bucket, key, err := s.delivery(c, t)
	if err != nil {
		return checks // as above
	}
	for _, check := range bucket {
		check.OnDeny = fail("InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: %s", t.Bucket)
		checks = append(checks, check)
	}
	for _, check := range key {
		check.OnDeny = fail("InsufficientEncryptionPolicyException", "Insufficient permissions to access S3 bucket %s or KMS key %s.", t.Bucket, check.Resource.ARN)
		checks = append(checks, check)
	}
	return checks
}

// delivery is what CloudTrail asks of the bucket and the key for a log file.
func (s *Service) delivery(c *op.Call, t *trail) (bucket, key []op.Check, err error) {
	bucket, key, err = s.buckets.DeliveryChecks(c, s3.Delivery{
		Service: t.service(), Bucket: t.Bucket, Key: t.path() + "CloudTrail/" + t.Region + "/", KMSKey: t.KMSKey, Context: t.context(),
	})
	if err != nil {
		err = fail("KmsKeyNotFoundException", "The KMS key %s does not exist, or it is not in the region of the S3 bucket %s.", t.KMSKey, t.Bucket)
	}
	return bucket, key, err
}

// fromCreate is the trail that a request wants.
func (s *Service) fromCreate(c *op.Call, in *sdk.CreateTrailInput) (*trail, error) {
	t := &trail{
		Name: *in.Name, Account: c.Caller.Account, Region: c.Region, Bucket: text(in.S3BucketName), Prefix: text(in.S3KeyPrefix),
		Global: in.IncludeGlobalServiceEvents == nil || *in.IncludeGlobalServiceEvents, MultiRegion: yes(in.IsMultiRegionTrail),
		LogGroup: text(in.CloudWatchLogsLogGroupArn), LogRole: text(in.CloudWatchLogsRoleArn), Topic: text(in.SnsTopicName),
	}
	t.validating(c, yes(in.EnableLogFileValidation))
	var err error
	if t.Tags, err = tagMap(in.TagsList); err != nil {
		return nil, err
	}
	count := 0
	for _, other := range s.trails.Prefix(t.Account + "/") {
		seen := other.Region == t.Region || other.MultiRegion
		if other.Name == t.Name && (seen || t.MultiRegion) {
			return nil, fail("TrailAlreadyExistsException", "Trail %s already exists for customer: %s", t.Name, t.Account)
		}
		if seen {
			count++
		}
	}
	if count >= trailLimit {
		return nil, fail("MaximumNumberOfTrailsExceededException", "User: %s already has %d trails in %s.", t.Account, count, t.Region)
	}
	if err := s.settings(c, t, in.KmsKeyId); err != nil {
		return nil, err
	}
	if err := s.knownTopic(c, t); err != nil {
		return nil, err
	}
	return t, s.checkLogs(t)
}

func (t *trail) validating(c *op.Call, on bool) {
	if on && !t.Validate {
		t.Validated = c.Now
	}
	t.Validate = on
}

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// settings checks bucket, prefix and key; kmsKey nil leaves the key as it is.
func (s *Service) settings(c *op.Call, t *trail, kmsKey *string) error {
	if t.MultiRegion && !t.Global {
		return fail("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")
	}
	if !bucketForm.MatchString(t.Bucket) {
		return fail("InvalidS3BucketNameException", "Bucket name %q is not valid.", t.Bucket)
	}
	if len(t.Prefix) > 200 {
		return fail("InvalidS3PrefixException", "S3 prefix is longer than maximum length. The maximum length is 200 characters.")
	}
	region, ok := s.buckets.BucketRegion(t.Bucket)
	if !ok {
		return fail("S3BucketDoesNotExistException", "S3 bucket %s does not exist!", t.Bucket)
	}
	if kmsKey != nil {
		t.KMSKey = ""
		if *kmsKey != "" {
			arn, err := s.keys.KeyARN(t.Account, region, *kmsKey)
			if err != nil {
				return fail("KmsKeyNotFoundException", "KMS key %s does not exist, or it is not in the region of the S3 bucket %s.", *kmsKey, t.Bucket)
			}
			t.KMSKey = arn
		}
	}
	_, _, err := s.delivery(c, t)
	return err
}

func (s *Service) create(c *op.Call, in *sdk.CreateTrailInput) (*sdk.CreateTrailOutput, error) {
	t, err := s.fromCreate(c, in)
	if err != nil {
		return nil, err
	}
	s.trails.Put(t.key(), t)
	d := t.describe()
	return &sdk.CreateTrailOutput{
		IncludeGlobalServiceEvents: d.IncludeGlobalServiceEvents, IsMultiRegionTrail: d.IsMultiRegionTrail, IsOrganizationTrail: d.IsOrganizationTrail,
		CloudWatchLogsLogGroupArn: d.CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: d.CloudWatchLogsRoleArn,
		KmsKeyId: d.KmsKeyId, LogFileValidationEnabled: d.LogFileValidationEnabled, Name: d.Name, S3BucketName: d.S3BucketName, S3KeyPrefix: d.S3KeyPrefix, TrailARN: d.TrailARN,
		SnsTopicName: d.SnsTopicName, SnsTopicARN: d.SnsTopicARN,
	}, nil
}

func (s *Service) checkUpdate(c *op.Call, in *sdk.UpdateTrailInput) ([]op.Check, error) {
	p, err := s.place(c, in.Name)
	if err != nil {
		return nil, err
	}
	if err := unsupported(in.IsOrganizationTrail); err != nil {
		return nil, err
	}
	checks := []op.Check{{Action: "cloudtrail:UpdateTrail", Resource: p.resource()}}
	if role := text(in.CloudWatchLogsRoleArn); role != "" {
		pass, err := passRole(role)
		if err != nil {
			return nil, err
		}
		checks = append(checks, pass)
	}
	t, err := s.fromUpdate(c, p, in)
	if err != nil || t.Account != c.Caller.Account {
		return checks, nil
	}
	// What is left as it is is not tried again; GetTrailStatus tells if it fails.
	if t.LogGroup != "" && (in.CloudWatchLogsLogGroupArn != nil || in.CloudWatchLogsRoleArn != nil) {
		checks = append(checks, s.logChecks(c, t)...)
	}
	checks = s.withDelivery(c, checks, t)
	if in.SnsTopicName == nil {
		return checks, nil
	}
	return s.withTopic(c, checks, t), nil
}

func (s *Service) fromUpdate(c *op.Call, p place, in *sdk.UpdateTrailInput) (*trail, error) {
	old, err := p.home(c)
	if err != nil {
		return nil, err
	}
	t := *old
	if in.S3BucketName != nil {
		t.Bucket = *in.S3BucketName
	}
	if in.S3KeyPrefix != nil {
		t.Prefix = *in.S3KeyPrefix
	}
	if in.CloudWatchLogsLogGroupArn != nil {
		t.LogGroup = *in.CloudWatchLogsLogGroupArn
	}
	if in.CloudWatchLogsRoleArn != nil {
		t.LogRole = *in.CloudWatchLogsRoleArn
	}
	if in.SnsTopicName != nil {
		t.Topic = *in.SnsTopicName
	}
	if in.IncludeGlobalServiceEvents != nil {
		t.Global = *in.IncludeGlobalServiceEvents
	}
	if in.IsMultiRegionTrail != nil {
		t.MultiRegion = *in.IsMultiRegionTrail
	}
	if in.EnableLogFileValidation != nil {
		t.validating(c, *in.EnableLogFileValidation)
	}
	if t.MultiRegion && !old.MultiRegion {
		for _, other := range s.trails.Prefix(t.Account + "/") {
			if other.Name == t.Name && other.Region != t.Region {
				return nil, fail("TrailAlreadyExistsException", "Trail %s already exists for customer: %s", t.Name, t.Account)
			}
		}
	}
	if err := s.settings(c, &t, in.KmsKeyId); err != nil {
		return nil, err
	}
	if in.SnsTopicName != nil {
		if err := s.knownTopic(c, &t); err != nil {
			return nil, err
		}
	}
	if in.CloudWatchLogsLogGroupArn == nil && in.CloudWatchLogsRoleArn == nil {
		return &t, nil
	}
	return &t, s.checkLogs(&t)
}

func (s *Service) update(c *op.Call, in *sdk.UpdateTrailInput) (*sdk.UpdateTrailOutput, error) {
	p, err := s.place(c, in.Name)
	if err != nil {
		return nil, err
	}
	t, err := s.fromUpdate(c, p, in)
	if err != nil {
		return nil, err
	}
	s.trails.Put(t.key(), t)
	d := t.describe()
	return &sdk.UpdateTrailOutput{
		IncludeGlobalServiceEvents: d.IncludeGlobalServiceEvents, IsMultiRegionTrail: d.IsMultiRegionTrail, IsOrganizationTrail: d.IsOrganizationTrail,
		CloudWatchLogsLogGroupArn: d.CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: d.CloudWatchLogsRoleArn,
		KmsKeyId: d.KmsKeyId, LogFileValidationEnabled: d.LogFileValidationEnabled, Name: d.Name, S3BucketName: d.S3BucketName, S3KeyPrefix: d.S3KeyPrefix, TrailARN: d.TrailARN,
		SnsTopicName: d.SnsTopicName, SnsTopicARN: d.SnsTopicARN,
	}, nil
}

func (t *trail) describe() types.Trail {
	return types.Trail{
		Name: &t.Name, TrailARN: aws.String(t.arn()), HomeRegion: &t.Region, S3BucketName: &t.Bucket, S3KeyPrefix: optional(t.Prefix),
		KmsKeyId: optional(t.KMSKey), IncludeGlobalServiceEvents: &t.Global, IsMultiRegionTrail: &t.MultiRegion, IsOrganizationTrail: aws.Bool(false),
		CloudWatchLogsLogGroupArn: optional(t.LogGroup), CloudWatchLogsRoleArn: optional(t.LogRole),
		SnsTopicName: optional(t.Topic), SnsTopicARN: optional(t.topicARN()),
		LogFileValidationEnabled: &t.Validate, HasCustomEventSelectors: aws.Bool(t.custom()), HasInsightSelectors: aws.Bool(len(t.Insights) > 0),
	}
}
