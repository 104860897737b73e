package cloudtrail_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
)

const (
	account = sandbox.DefaultAccount
	region  = sandbox.DefaultRegion
	logs    = "trail-logs"
	mainARN = "arn:aws:cloudtrail:" + region + ":" + account + ":trail/main"
)

var ctx = context.Background()

type world struct {
	*testing.T
	sb    *sandbox.Sandbox
	trail *cloudtrail.Client
	s3    *s3.Client
	kms   *kms.Client
	iam   *iam.Client
}

func open(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	return &world{t, sb, cloudtrail.NewFromConfig(cfg), s3.NewFromConfig(cfg), kms.NewFromConfig(cfg), iam.NewFromConfig(cfg)}
}

func s3Of(cfg aws.Config) *s3.Client { return s3.NewFromConfig(cfg) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused expects a code, and words in the message.
func (w *world) refused(err error, code string, words ...string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.Errorf("got %v, want %s", err, code)
		return
	}
	for _, word := range words {
		if !strings.Contains(api.ErrorMessage(), word) {
			w.Errorf("%s: %q does not say %q", code, api.ErrorMessage(), word)
		}
	}
}

// bucket makes a bucket with the policy that CloudTrail's guide documents.
func (w *world) bucket(name string) {
	w.Helper()
	_, err := w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	w.must(err)
	w.policy(name, documented(name))
}

func documented(name string) string {
	return `{"Version":"2012-10-17","Statement":[
		{"Sid":"AWSCloudTrailAclCheck","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::` + name + `","Condition":{"StringEquals":{"aws:SourceArn":"` + mainARN + `"}}},
		{"Sid":"AWSCloudTrailWrite","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + name + `/AWSLogs/` + account + `/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":"` + mainARN + `"}}}]}`
}

func (w *world) policy(bucket, doc string) {
	w.Helper()
	_, err := w.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &doc})
	w.must(err)
}

// key makes a key with the policy that CloudTrail's guide documents.
func (w *world) key() string {
	w.Helper()
	out, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(keyPolicy(`,{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*",
		"Condition":{"StringEquals":{"aws:SourceArn":"` + mainARN + `"},"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:` + account + `:trail/*"}}}`))})
	w.must(err)
	return *out.KeyMetadata.Arn
}

func keyPolicy(more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}` + more + `]}`
}

// create makes the trail main, which validates and logs.
func (w *world) create(change ...func(*cloudtrail.CreateTrailInput)) {
	w.Helper()
	in := &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(logs), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)}
	for _, f := range change {
		f(in)
	}
	_, err := w.trail.CreateTrail(ctx, in)
	w.must(err)
	_, err = w.trail.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: in.Name})
	w.must(err)
}

func (w *world) pass(d time.Duration) {
	w.Helper()
	w.must(w.sb.Settle(ctx))
	w.must(w.sb.Advance(d))
	w.must(w.sb.Settle(ctx))
}

func (w *world) keys(prefix string) (keys []string) {
	w.Helper()
	out, err := w.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(logs), Prefix: &prefix})
	w.must(err)
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

// records reads all log files of a region.
func (w *world) records(region string) (all []audit.Event) {
	w.Helper()
	for _, key := range w.keys("AWSLogs/" + account + "/CloudTrail/" + region + "/") {
		out, err := w.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(logs), Key: &key})
		w.must(err)
		z, err := gzip.NewReader(out.Body)
		w.must(err)
		var file struct{ Records []audit.Event }
		w.must(json.NewDecoder(z).Decode(&file))
		w.must(out.Body.Close())
		all = append(all, file.Records...)
	}
	return all
}

func names(events []audit.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.EventName)
	}
	return list
}
