//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package cloudtrail_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const topicARN = "arn:aws:sns:" + region + ":" + account + ":files"

// A topic is told of each log file, if its policy lets CloudTrail publish.
func TestTopicIsToldOfLogFiles(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	topics := sns.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	create := func(topic string) error {
		_, err := w.trail.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(logs), SnsTopicName: &topic})
		return err
	}
	w.refused(create("in.order"), "InvalidSnsTopicNameException")
	w.refused(create("files"), "InsufficientSnsTopicPolicyException", "does not exist")
	_, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("files")})
	w.must(err)
	w.refused(create("files"), "InsufficientSnsTopicPolicyException", "policy is incorrect")
	admit := func(trail string) {
		_, err := topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: aws.String(topicARN), AttributeName: aws.String("Policy"), AttributeValue: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"SNS:Publish","Resource":"` + topicARN + `","Condition":{"StringEquals":{"aws:SourceArn":"` + trail + `"}}}]}`)})
		w.must(err)
	}
	admit(mainARN + "x")
	w.refused(create(topicARN), "InsufficientSnsTopicPolicyException")
	w.refused(create(strings.Replace(topicARN, region, "us-east-1", 1)), "InsufficientSnsTopicPolicyException")
	admit(mainARN)
	w.must(create("files"))
	got, err := w.trail.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("main")})
	w.must(err)
	if *got.Trail.SnsTopicName != "files" || *got.Trail.SnsTopicARN != topicARN {
		t.Errorf("trail %+v", *got.Trail)
	}
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(topicARN), Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	for _, m := range w.sb.Mail() {
		answer, err := w.sb.HTTPClient().Get(m.Confirm)
		w.must(err)
		w.must(answer.Body.Close())
	}
	told := func() (n int) {
		w.must(w.sb.Settle(ctx))
		for _, m := range w.sb.Mail() {
			if strings.Contains(m.Body, `{"s3Bucket":"`+logs+`","s3ObjectKey":["AWSLogs/`+account+`/CloudTrail/`+region+`/`) {
				n++
			}
		}
		return n
	}
	status := func() *cloudtrail.GetTrailStatusOutput {
		st, err := w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
		w.must(err)
		return st
	}
	_, err = w.trail.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("main")})
	w.must(err)
	w.pass(6 * time.Minute)
	if n := told(); n != 1 {
		t.Errorf("told %d times of one file", n)
	}
	if st := status(); st.LatestNotificationTime == nil || st.LatestNotificationError != nil {
		t.Errorf("status %+v", *st)
	}

	// A topic that shuts CloudTrail out is not told, and the files come all the same.
	admit(mainARN + "x")
	w.pass(6 * time.Minute)
	if st := status(); told() != 1 || aws.ToString(st.LatestNotificationError) != "AuthorizationError" || len(w.keys("AWSLogs/"+account+"/CloudTrail/"+region)) != 2 {
		t.Errorf("told %d times, status %+v", told(), *st)
	}
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), SnsTopicName: aws.String("files")})
	w.refused(err, "InsufficientSnsTopicPolicyException")
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), SnsTopicName: aws.String("")})
	w.must(err)
	if got, err = w.trail.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("main")}); err != nil || got.Trail.SnsTopicARN != nil {
		t.Errorf("without a topic: %+v %v", got, err)
	}
}

// Invocations of functions are data events of whole functions, not of prefixes.
func TestInvocationsAreDataEvents(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	w.create()
	role, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("fn"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	f, err := z.Create("bootstrap")
	w.must(err)
	_, err = f.Write([]byte("#!/bin/sh\n"))
	w.must(err)
	w.must(z.Close())
	functions := lambda.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	for _, name := range []string{"sink", "sinker"} {
		_, err := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: &name, Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()}})
		w.must(err)
	}
	const sink = "arn:aws:lambda:" + region + ":" + account + ":function:sink"
	selectors := func(kind, value string) error {
		_, err := w.trail.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: []types.EventSelector{{
			DataResources: []types.DataResource{{Type: &kind, Values: []string{value}}},
		}}})
		return err
	}
	w.refused(selectors("AWS::Lambda::Function", "arn:aws:s3"), "InvalidEventSelectorsException")
	w.refused(selectors("AWS::SNS::Topic", topicARN), "UnsupportedOperationException", "AWS::SNS::Topic")
	w.must(selectors("AWS::DynamoDB::Table", "arn:aws:dynamodb"))
	invoke := func() {
		for _, name := range []string{"sink", "sinker"} {
			_, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, InvocationType: lambdatypes.InvocationTypeDryRun})
			w.must(err)
		}
	}
	recorded := func() (list []string) {
		w.pass(6 * time.Minute)
		for _, e := range w.records(region) {
			if e.EventName == "Invoke" {
				list = append(list, e.Resources[0].ARN)
			}
		}
		return list
	}
	invoke()
	if got := recorded(); len(got) != 0 {
		t.Errorf("nobody asked for %q", got)
	}
	w.must(selectors("AWS::Lambda::Function", sink))
	invoke()
	if got := recorded(); len(got) != 1 || got[0] != sink {
		t.Errorf("recorded %q", got)
	}
	w.must(selectors("AWS::Lambda::Function", "arn:aws:lambda"))
	invoke()
	if got := recorded(); len(got) != 3 {
		t.Errorf("recorded %q", got)
	}
}
