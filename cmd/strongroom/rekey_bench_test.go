package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// How many states one run re-keys, and how many of them the AWS CLI is given as well,
// one after the other as the seed's runbook has it.
const (
	benchStates = 1000
	benchSample = 12
)

// BenchmarkStateRekey runs the real program on 1,000 states of one environment, all
// checks included, and beside it, in the same sandbox, a loop of "aws s3 cp" over a
// sample. times-faster is the ratio for each state.
func BenchmarkStateRekey(b *testing.B) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		b.Skip("the AWS CLI is not installed")
	}
	program := filepath.Join(b.TempDir(), "strongroom")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	box, err := sandbox.Start(b.Context(), sandbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { box.Close() })
	environ := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(sandbox.EnvUnset(), name) || name == "STATE_KMS_KEY_ID"
	})
	environ = append(append(environ, box.Env()...), "AWS_SHARED_CREDENTIALS_FILE="+principal(b, box))
	run := func(name string, args ...string) time.Duration {
		cmd := exec.Command(name, args...)
		cmd.Env = environ
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		began := time.Now()
		if err := cmd.Run(); err != nil {
			b.Fatalf("%s %q: %v\n%s", name, args, err, &out)
		}
		return time.Since(began)
	}
	var ours, theirs time.Duration
	rounds := 0
	for b.Loop() {
		rounds++
		w := newBenchWorld(b, box, rounds)
		began := time.Now()
		for i := range benchSample {
			object := fmt.Sprintf("s3://%s/sample/%04d", w.bucket, i)
			run(cli, "s3", "cp", "--quiet", object, object, "--sse", "aws:kms", "--sse-kms-key-id", w.key, "--metadata-directive", "REPLACE")
		}
		theirs += time.Since(began)
		ours += run(program, "state", "rekey", "--dir", w.dir, "--yes", "--principal-profile", "all=terraform")
		w.check()
	}
	each := ours.Seconds() / float64(rounds*benchStates)
	one := theirs.Seconds() / float64(rounds*benchSample)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.Seconds()/float64(rounds), "s/1000-states")
	b.ReportMetric(one*1000, "ms/aws-s3-cp")
	b.ReportMetric(each*1000, "ms/state")
	b.ReportMetric(one/each, "times-faster")
}

// principal makes the environment's user in an account of its own, and returns a file
// with its profile: each state is really read by it.
func principal(b *testing.B, box *sandbox.Sandbox) (credentials string) {
	root, err := box.RootCredentials("222233334444")
	if err != nil {
		b.Fatal(err)
	}
	client, name := iam.NewFromConfig(box.Config(root)), "terraform"
	_, err = client.CreateUser(b.Context(), &iam.CreateUserInput{UserName: &name})
	if err == nil {
		_, err = client.PutUserPolicy(b.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("state"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}}`)})
	}
	if err != nil {
		b.Fatal(err)
	}
	made, err := client.CreateAccessKey(b.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		b.Fatal(err)
	}
	credentials = filepath.Join(b.TempDir(), "credentials")
	text := fmt.Sprintf("[terraform]\naws_access_key_id = %s\naws_secret_access_key = %s\n", *made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey)
	if err := os.WriteFile(credentials, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return credentials
}

type benchWorld struct {
	b                *testing.B
	s3               *s3.Client
	bucket, key, dir string
}

func newBenchWorld(b *testing.B, box *sandbox.Sandbox, round int) *benchWorld {
	cfg := box.Config(box.Credentials())
	w := &benchWorld{b: b, s3: s3.NewFromConfig(cfg), bucket: fmt.Sprintf("bench-state-%d", round), dir: b.TempDir()}
	key, err := kms.NewFromConfig(cfg).CreateKey(b.Context(), &kms.CreateKeyInput{Policy: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::222233334444:root"]},"Action":"kms:*","Resource":"*"}}`)})
	w.ok(err)
	w.key = *key.KeyMetadata.Arn
	_, err = w.s3.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: &w.bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}})
	w.ok(err)
	_, err = w.s3.PutBucketVersioning(b.Context(), &s3.PutBucketVersioningInput{Bucket: &w.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	w.ok(err)
	_, err = w.s3.PutBucketPolicy(b.Context(), &s3.PutBucketPolicyInput{Bucket: &w.bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:root"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::` + w.bucket + `/*"}}`)})
	w.ok(err)
	keys := []string{}
	for i := range benchStates {
		keys = append(keys, fmt.Sprintf("%04d/terraform.tfstate", i))
		w.put(keys[i], i)
	}
	for i := range benchSample {
		w.put(fmt.Sprintf("sample/%04d", i), i)
	}
	w.ok(os.WriteFile(filepath.Join(w.dir, "strongroom.hcl"), []byte(`
name    = "bench"
account = "111122223333"
region  = "eu-west-2"
forge "gitlab" {
  project = "acme/infra"
}
state {
  bucket = "`+w.bucket+`"
  environment "all" {
    principals  = ["arn:aws:iam::222233334444:user/terraform"]
    kms_key_arn = "`+w.key+`"
    state_keys  = ["`+strings.Join(keys, `", "`)+`"]
  }
}
`), 0o644))
	return w
}

func (w *benchWorld) ok(err error) {
	w.b.Helper()
	if err != nil {
		w.b.Fatal(err)
	}
}

// put writes a state of 20 KB: about 25 resources.
func (w *benchWorld) put(key string, serial int) {
	var text strings.Builder
	fmt.Fprintf(&text, `{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"%s","outputs":{},"resources":[`, serial, key)
	for i := range 25 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"mode":"managed","type":"aws_ssm_parameter","name":"p%d","instances":[{"attributes":{"id":"p%d","value":%q}}]}`, i, i, strings.Repeat("x", 700))
	}
	text.WriteString("]}")
	_, err := w.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &w.bucket, Key: &key, Body: strings.NewReader(text.String())})
	w.ok(err)
}

// check looks at some of the states: a run that did nothing would be fast.
func (w *benchWorld) check() {
	for i := range benchStates / 50 {
		out, err := w.s3.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &w.bucket, Key: aws.String(fmt.Sprintf("%04d/terraform.tfstate", i*50))})
		w.ok(err)
		if aws.ToString(out.SSEKMSKeyId) != w.key {
			w.b.Fatalf("state %d is under %q", i*50, aws.ToString(out.SSEKMSKeyId))
		}
	}
}
