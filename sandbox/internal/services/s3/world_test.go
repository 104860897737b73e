package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

const region = sandbox.DefaultRegion

var ctx = context.Background()

// world is a sandbox with its root's clients.
type world struct {
	t    *testing.T
	sb   *sandbox.Sandbox
	root *s3.Client
	iam  *iam.Client
	kms  *kms.Client
}

func start(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	w := &world{t: t, sb: sb}
	w.use(w.config(sb.Credentials()))
	return w
}

// use makes the root's clients.
func (w *world) use(cfg aws.Config) {
	w.root, w.iam, w.kms = s3.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)
}

func (w *world) config(c sandbox.Credentials) aws.Config {
	cfg := w.sb.Config(c)
	cfg.Region = region
	w.t.Cleanup(cfg.HTTPClient.(*http.Client).CloseIdleConnections)
	return cfg
}

// user makes an IAM user with an inline policy, empty for none.
func (w *world) user(name, policy string) *s3.Client {
	w.t.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	if policy != "" {
		_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
		w.must(err)
	}
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return s3.NewFromConfig(w.config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

// account returns the S3 client of another account's root.
func (w *world) account(id string) *s3.Client {
	w.t.Helper()
	c, err := w.sb.RootCredentials(id)
	w.must(err)
	return s3.NewFromConfig(w.config(c))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) bucket(name string) {
	w.t.Helper()
	_, err := w.root.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}})
	w.must(err)
}

func (w *world) versioned(name string) {
	w.t.Helper()
	w.bucket(name)
	w.versioning(name, types.BucketVersioningStatusEnabled)
}

func (w *world) versioning(name string, status types.BucketVersioningStatus) {
	w.t.Helper()
	_, err := w.root.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	w.must(err)
}

func (w *world) policy(bucket, doc string) {
	w.t.Helper()
	_, err := w.root.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &doc})
	w.must(err)
}

// key makes a KMS key and returns its ARN.
func (w *world) key() string {
	w.t.Helper()
	out, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	return *out.KeyMetadata.Arn
}

// put stores a body as root and returns the answer.
func (w *world) put(bucket, key, body string) *s3.PutObjectOutput {
	w.t.Helper()
	out, err := w.root.PutObject(ctx, putInput(bucket, key, body))
	w.must(err)
	return out
}

func putInput(bucket, key, body string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}
}

// read is the body of GetObject, or its error.
func read(c *s3.Client, bucket, key string) (string, error) {
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return string(b), err
}

// code is the AWS error code of err, "" for nil.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func status(err error) int {
	var re *awshttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

func (w *world) wantCode(err error, want string) {
	w.t.Helper()
	if got := code(err); got != want {
		w.t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func allow(actions, resources string) string { return statement("Allow", actions, resources, "") }

// statement is an identity policy of one statement; lists are JSON.
func statement(effect, actions, resources, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":` + actions + `,"Resource":` + resources + condition + `}]}`
}

func reader(n int) *bytes.Reader {
	return bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef"), n/16))
}
