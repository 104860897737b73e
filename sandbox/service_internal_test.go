package sandbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// An AWS service calls another as itself: the bucket's policy decides, for whose
// sake it calls counts, and the event says so.
func TestServicesCallEachOther(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	root := s.Credentials()
	owner := s3.NewFromConfig(s.Config(root))
	if _, err := owner.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("trail-logs"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: DefaultRegion}}); err != nil {
		t.Fatal(err)
	}
	trail := "arn:aws:cloudtrail:eu-west-2:" + DefaultAccount + ":trail/main"
	put := func(arn string) error {
		client := s3.New(s3.Options{
			Region: DefaultRegion, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
			HTTPClient: &http.Client{Transport: s.parts.dispatch.As(op.ServiceCaller("cloudtrail.amazonaws.com", arn, DefaultAccount))},
		})
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("trail-logs"), Key: aws.String("AWSLogs/a"), Body: strings.NewReader("{}")})
		return err
	}
	var api smithy.APIError
	if err := put(trail); !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" {
		t.Errorf("without a policy: %v", err)
	}
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject",
		"Resource":"arn:aws:s3:::trail-logs/AWSLogs/*","Condition":{"StringEquals":{"aws:SourceArn":"` + trail + `","aws:SourceAccount":"` + DefaultAccount + `"},"Bool":{"aws:SecureTransport":"true"}}}]}`
	if _, err := owner.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("trail-logs"), Policy: &doc}); err != nil {
		t.Fatal(err)
	}
	if err := put(trail); err != nil {
		t.Errorf("with the policy: %v", err)
	}
	if err := put(trail + "-other"); !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" {
		t.Errorf("for another trail: %v", err)
	}
	events := s.Events()
	i := slices.IndexFunc(events, func(e audit.Event) bool { return e.EventName == "PutObject" && e.ErrorCode == "" })
	if i < 0 || events[i].UserIdentity.Type != "AWSService" || events[i].UserIdentity.InvokedBy != "cloudtrail.amazonaws.com" || events[i].SourceIPAddress != "cloudtrail.amazonaws.com" {
		t.Errorf("event %+v", events)
	}
}
