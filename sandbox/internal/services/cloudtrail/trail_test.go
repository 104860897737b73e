package cloudtrail_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A trail that could not deliver is not made.
func TestBucketAndKeyMustLetItDeliver(t *testing.T) {
	w := open(t)
	create := func(key, bucket string) error {
		_, err := w.trail.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: &bucket, KmsKeyId: &key})
		return err
	}
	w.refused(create("", logs), "S3BucketDoesNotExistException", logs)
	w.bucket(logs)
	for name, doc := range map[string]string{
		"another trail":   strings.ReplaceAll(documented(logs), "trail/main", "trail/other"),
		"no ACL read":     strings.Replace(documented(logs), "s3:GetBucketAcl", "s3:GetBucketLocation", 1),
		"no objects":      strings.Replace(documented(logs), "s3:PutObject", "s3:PutObjectAcl", 1),
		"another account": strings.ReplaceAll(documented(logs), "AWSLogs/"+account, "AWSLogs/444455556666"),
		"encrypted only": strings.Replace(documented(logs), `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::`+logs+`/*",
			"Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},`, 1),
	} {
		w.policy(logs, doc)
		if err := create("", logs); err == nil {
			t.Errorf("%s: a trail is made", name)
		} else {
			w.refused(err, "InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: "+logs)
		}
	}
	w.policy(logs, documented(logs))
	w.refused(create("alias/none", logs), "KmsKeyNotFoundException", "alias/none")
	own, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	w.refused(create(*own.KeyMetadata.Arn, logs), "InsufficientEncryptionPolicyException", *own.KeyMetadata.Arn)
	w.refused(create(strings.Replace(*own.KeyMetadata.Arn, region, "us-east-1", 1), logs), "KmsKeyNotFoundException")
	w.must(create(w.key(), logs))
	w.refused(create("", logs), "TrailAlreadyExistsException")
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), S3KeyPrefix: aws.String("elsewhere")})
	w.refused(err, "InsufficientS3BucketPolicyException")
}

// Names, ARNs, regions, and what is refused by name.
func TestTrails(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	for name, code := range map[string]string{"ab": "InvalidTrailNameException", "a..b": "InvalidTrailNameException", "10.0.0.1": "InvalidTrailNameException", "arn:aws:s3:::x": "InvalidTrailNameException"} {
		_, err := w.trail.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String(logs)})
		w.refused(err, code)
	}
	for want, in := range map[string]cloudtrail.CreateTrailInput{
		"IsOrganizationTrail": {IsOrganizationTrail: aws.Bool(true)},
	} {
		in.Name, in.S3BucketName = aws.String("main"), aws.String(logs)
		_, err := w.trail.CreateTrail(ctx, &in)
		w.refused(err, "UnsupportedOperationException", want)
	}
	_, err := w.trail.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(logs), IsMultiRegionTrail: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(false)})
	w.refused(err, "InvalidParameterCombinationException")
	_, err = w.trail.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("main")})
	w.refused(err, "TrailNotFoundException", "Unknown trail: "+mainARN)
	w.create(func(in *cloudtrail.CreateTrailInput) {
		in.TagsList = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
	})

	cfg := w.sb.Config(w.sb.Credentials())
	cfg.Region = "us-east-1"
	away := cloudtrail.NewFromConfig(cfg)
	for _, c := range []*cloudtrail.Client{w.trail, away} {
		got, err := c.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("main")})
		w.must(err)
		if *got.Trail.TrailARN != mainARN || *got.Trail.HomeRegion != region || !*got.Trail.LogFileValidationEnabled {
			t.Errorf("trail %+v", *got.Trail)
		}
		list, err := c.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{TrailNameList: []string{mainARN, "nothing"}})
		w.must(err)
		all, err := c.ListTrails(ctx, nil)
		w.must(err)
		if len(list.TrailList) != 1 || len(all.Trails) != 1 {
			t.Errorf("described %d, listed %d", len(list.TrailList), len(all.Trails))
		}
	}
	list, err := away.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)})
	if w.must(err); len(list.TrailList) != 0 {
		t.Errorf("shadows that were not asked for: %v", list.TrailList)
	}
	_, err = away.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String(mainARN)})
	w.refused(err, "InvalidHomeRegionException")
	_, err = away.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: aws.String("main")})
	w.refused(err, "InvalidHomeRegionException")

	_, err = w.trail.AddTags(ctx, &cloudtrail.AddTagsInput{ResourceId: aws.String(mainARN), TagsList: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}})
	w.must(err)
	_, err = w.trail.RemoveTags(ctx, &cloudtrail.RemoveTagsInput{ResourceId: aws.String(mainARN), TagsList: []types.Tag{{Key: aws.String("a")}}})
	w.must(err)
	tags, err := w.trail.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{mainARN}})
	if w.must(err); len(tags.ResourceTagList) != 1 || len(tags.ResourceTagList[0].TagsList) != 1 || *tags.ResourceTagList[0].TagsList[0].Key != "b" {
		t.Errorf("tags %+v", tags.ResourceTagList)
	}
	_, err = w.trail.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{"main"}})
	w.refused(err, "CloudTrailARNInvalidException")
	_, err = w.trail.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: aws.String("main")})
	w.refused(err, "InsightNotEnabledException")
	insights := func(kinds ...types.InsightType) error {
		in := &cloudtrail.PutInsightSelectorsInput{TrailName: aws.String("main"), InsightSelectors: []types.InsightSelector{}}
		for _, kind := range kinds {
			in.InsightSelectors = append(in.InsightSelectors, types.InsightSelector{InsightType: kind})
		}
		_, err := w.trail.PutInsightSelectors(ctx, in)
		return err
	}
	w.refused(insights("Guess"), "InvalidInsightSelectorsException")
	w.refused(insights(types.InsightTypeApiCallRateInsight, types.InsightTypeApiCallRateInsight), "InvalidInsightSelectorsException", "twice")
	w.must(insights(types.InsightTypeApiCallRateInsight))
	kept, err := w.trail.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: aws.String("main")})
	if w.must(err); len(kept.InsightSelectors) != 1 || kept.InsightSelectors[0].InsightType != types.InsightTypeApiCallRateInsight {
		t.Errorf("insights %+v", kept.InsightSelectors)
	}
	w.must(insights())
	_, err = w.trail.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: aws.String("main")})
	w.refused(err, "InsightNotEnabledException")

	clerk := w.user("clerk", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},{"Effect":"Deny","Action":["cloudtrail:StopLogging","cloudtrail:DeleteTrail"],"Resource":"`+mainARN+`"}]}`)
	_, err = clerk.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	w.refused(err, "AccessDeniedException", "cloudtrail:StopLogging", mainARN)
	found, err := clerk.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyUsername, AttributeValue: aws.String("clerk")}}})
	if w.must(err); len(found.Events) != 1 || *found.Events[0].EventName != "StopLogging" || !strings.Contains(*found.Events[0].CloudTrailEvent, `"errorCode":"AccessDenied`) {
		t.Errorf("looked up %+v", found.Events)
	}
	page, err := w.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)})
	w.must(err)
	next, err := w.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1), NextToken: page.NextToken})
	if w.must(err); *next.Events[0].EventId == *page.Events[0].EventId {
		t.Error("the second page is the first")
	}
	_, err = w.trail.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: aws.String("main")})
	w.must(err)
	_, err = w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
	w.refused(err, "TrailNotFoundException")
}

// user makes a user with a policy, and CloudTrail's client for him.
func (w *world) user(name, policy string) *cloudtrail.Client {
	w.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &policy})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return cloudtrail.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

// Log files have what the selectors say, in time, and a refused delivery is told of and
// made good.
func TestDelivery(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	w.create()
	data := "arn:aws:s3:::" + logs + "/watched/"
	_, err := w.trail.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: []types.EventSelector{{
		ReadWriteType: types.ReadWriteTypeWriteOnly, DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{data}}},
	}}})
	w.must(err)
	for _, key := range []string{"watched/a", "other/b"} {
		_, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(logs), Key: &key, Body: strings.NewReader("x")})
		w.must(err)
	}
	_, err = w.s3.ListBuckets(ctx, nil) // a read
	w.must(err)
	w.pass(4 * time.Minute)
	if got := w.keys("AWSLogs/"); len(got) != 0 {
		t.Errorf("delivered early: %q", got)
	}
	w.pass(2 * time.Minute)
	events := w.records(region)
	got := names(events)
	if !slices.Contains(got, "StartLogging") || !slices.Contains(got, "PutEventSelectors") || slices.Contains(got, "ListBuckets") || slices.Contains(got, "CreateBucket") {
		t.Errorf("recorded %q", got)
	}
	objects := 0
	for _, e := range events {
		if e.EventCategory == "Data" {
			if objects++; e.Resources[0].ARN != data+"a" {
				t.Errorf("a data event of %q", e.Resources[0].ARN)
			}
		}
	}
	if objects != 1 {
		t.Errorf("%d data events in %q", objects, got)
	}

	// Who may stop the delivery stops it, and CloudTrail says so.
	w.policy(logs, strings.Replace(documented(logs), `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::`+logs+`/*"},`, 1))
	before := len(w.keys("AWSLogs/" + account + "/CloudTrail/"))
	w.pass(6 * time.Minute)
	st, err := w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
	w.must(err)
	if !*st.IsLogging || aws.ToString(st.LatestDeliveryError) != "AccessDenied" || len(w.keys("AWSLogs/"+account+"/CloudTrail/")) != before {
		t.Errorf("after a refused delivery: %+v", *st)
	}
	w.pass(time.Hour)
	if st, err = w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")}); err != nil || aws.ToString(st.LatestDigestDeliveryError) != "AccessDenied" {
		t.Errorf("after a refused digest: %+v, %v", st, err)
	}
	w.policy(logs, documented(logs))
	_, err = w.trail.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	w.must(err)
	_, err = w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("unseen")})
	w.must(err)
	w.pass(6 * time.Minute)
	st, err = w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
	w.must(err)
	if *st.IsLogging || st.LatestDeliveryError != nil || st.LatestDigestDeliveryError != nil || st.LatestDigestDeliveryTime == nil {
		t.Errorf("after the delivery was made good: %+v", *st)
	}
	if got := names(w.records(region)); !slices.Contains(got, "StopLogging") || !slices.Contains(got, "PutBucketPolicy") {
		t.Errorf("recorded %q", got)
	}
}

// A trail that records its own deliveries makes one file each time, and comes to rest.
func TestATrailDoesNotFeedOnItself(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	w.create()
	_, err := w.trail.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), AdvancedEventSelectors: []types.AdvancedEventSelector{{FieldSelectors: []types.AdvancedFieldSelector{
		{Field: aws.String("eventCategory"), Equals: []string{"Data"}}, {Field: aws.String("resources.type"), Equals: []string{"AWS::S3::Object"}},
		{Field: aws.String("resources.ARN"), StartsWith: []string{"arn:aws:s3:::" + logs + "/"}},
	}}}})
	w.must(err)
	_, err = w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(logs), Key: aws.String("first"), Body: strings.NewReader("x")})
	w.must(err)
	w.pass(6 * time.Minute)
	for n := 1; n <= 3; n++ {
		if got := len(w.keys("AWSLogs/" + account + "/CloudTrail/" + region + "/")); got != n {
			t.Errorf("%d log files, want %d", got, n)
		}
		w.pass(6 * time.Minute)
	}
	for _, bad := range []types.AdvancedFieldSelector{
		{Field: aws.String("nonsense"), Equals: []string{"a"}}, {Field: aws.String("eventCategory"), StartsWith: []string{"Data"}}, {Field: aws.String("eventName")},
	} {
		_, err := w.trail.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), AdvancedEventSelectors: []types.AdvancedEventSelector{{FieldSelectors: []types.AdvancedFieldSelector{bad}}}})
		w.refused(err, "InvalidEventSelectorsException", *bad.Field)
	}
}
