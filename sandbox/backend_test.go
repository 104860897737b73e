package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// backendBucket makes a state bucket with the refusals of modules/state-backend,
// and returns its key.
func backendBucket(t *testing.T, s *sandbox.Sandbox, name string) (keyARN string) {
	t.Helper()
	cfg := s.Config(s.Credentials())
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{})
	check(err)
	keyARN = *key.KeyMetadata.Arn
	c := s3.NewFromConfig(cfg)
	_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion}})
	check(err)
	_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	check(err)
	_, err = c.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
			SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &keyARN,
		}}},
	}})
	check(err)
	deny := func(actions, conditions string) string {
		return fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":%q,"Resource":["arn:aws:s3:::%s","arn:aws:s3:::%s/*"],"Condition":%s}`, actions, name, name, conditions)
	}
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join([]string{
		deny("s3:*", `{"Bool":{"aws:SecureTransport":"false"}}`),
		deny("s3:PutObject", `{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}`),
		deny("s3:PutObject", `{"ArnNotEqualsIfExists":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+keyARN+`"}}`),
	}, ",") + `]}`)})
	check(err)
	return keyARN
}

// stateUser makes a user who may do what an engine needs, and no more.
func stateUser(t *testing.T, s *sandbox.Sandbox, bucket, keyARN string) sandbox.Credentials {
	t.Helper()
	client := iam.NewFromConfig(s.Config(s.Credentials()))
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ci")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ci"), PolicyName: aws.String("state"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + bucket + `"},
		{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::` + bucket + `/*"},
		{"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"` + keyARN + `","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-2.amazonaws.com"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("ci")})
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
}

// The S3 backend of each engine, on a bucket that refuses everything but
// uploads under its own key: from a local state to the bucket and through
// every command that a person uses on it.
func TestS3BackendOfTheEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need some seconds")
	}
	for _, b := range engines(t) {
		t.Run(b.Name, func(t *testing.T) { useBackend(t, b) })
	}
}

func useBackend(t *testing.T, b engine.Binary) {
	const bucket, object = "backend-test-state", "room/terraform.tfstate"
	s := start(t, sandbox.Options{})
	key := backendBucket(t, s, bucket)
	c := s3.NewFromConfig(s.Config(s.Credentials()))
	w := newWorkdir(t, b, s, stateUser(t, s, bucket, key), "backend")
	apply := func(generation int) {
		t.Helper()
		w.must("apply", "-auto-approve", "-no-color", fmt.Sprintf("-var=generation=%d", generation))
	}

	// Local first, then migrated.
	w.must("init", "-no-color")
	apply(1)
	backend := `terraform {
  backend "s3" {
    bucket       = "` + bucket + `"
    key          = "` + object + `"
    region       = "eu-west-2"
    encrypt      = true
    kms_key_id   = "` + key + `"
    use_lockfile = true
  }
}
`
	w.write("backend.tf", backend)
	w.must("init", "-migrate-state", "-force-copy", "-no-color")
	if out := w.must("state", "list"); strings.Fields(out)[0] != "terraform_data.a" || len(strings.Fields(out)) != 3 {
		t.Errorf("state list:\n%s", out)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(object)})
	if err != nil || aws.ToString(head.SSEKMSKeyId) != key || head.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		t.Errorf("the state's encryption: %v, %+v", err, head)
	}
	apply(2)
	if out, status := w.run("plan", "-detailed-exitcode", "-no-color", "-var=generation=2"); status != 0 {
		t.Errorf("a second plan is not a no-op, exit status %d\n%s", status, out)
	}

	// Workspaces are objects below env:/.
	w.must("workspace", "new", "-no-color", "blue")
	apply(1)
	if out := w.must("output", "-raw", "a"); out != "generation 1 of blue" {
		t.Errorf("output in the workspace: %q", out)
	}
	w.must("workspace", "select", "-no-color", "default")
	if out := w.must("workspace", "list", "-no-color"); !slices.Equal(strings.Fields(out), []string{"*", "default", "blue"}) {
		t.Errorf("workspaces: %q", out)
	}
	w.must("workspace", "select", "-no-color", "blue")
	w.must("destroy", "-auto-approve", "-no-color")
	w.must("workspace", "select", "-no-color", "default")
	w.must("workspace", "delete", "-no-color", "blue")
	checkLock(t, w, s, bucket, object, key)

	// State moves, and goes home again.
	w.must("state", "mv", "terraform_data.a", "terraform_data.c")
	w.must("state", "mv", "terraform_data.c", "terraform_data.a")
	pulled := w.must("state", "pull")
	w.write("pulled.tfstate", pulled)
	w.must("state", "push", "pulled.tfstate")
	w.write("backend.tf", strings.ReplaceAll(backend, object, "moved/terraform.tfstate"))
	w.must("init", "-migrate-state", "-force-copy", "-no-color")
	if out := w.must("output", "-raw", "a"); out != "generation 2 of default" {
		t.Errorf("output after the second migration: %q", out)
	}
	w.must("destroy", "-auto-approve", "-no-color")
	var state struct{ Resources []any }
	if err := json.Unmarshal([]byte(w.must("state", "pull")), &state); err != nil || len(state.Resources) != 0 {
		t.Errorf("after destroy the state holds %v, %v", state.Resources, err)
	}
	locks, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range locks.Contents {
		if strings.HasSuffix(*o.Key, ".tflock") || strings.HasPrefix(*o.Key, "env:/") {
			t.Errorf("%s was left behind", *o.Key)
		}
	}
	for _, e := range s.Events() {
		if e.ErrorCode != "" && !slices.Contains(append(absent, "PreconditionFailed"), e.ErrorCode) {
			t.Errorf("%s %s: %s: %s", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage)
		}
	}
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
}

// The same without a proxy: AWS_ENDPOINT_URL alone leads to the sandbox. Over
// TLS the bucket is used; over plain HTTP it refuses, and the engine says so.
func TestS3BackendThroughAnEndpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need some seconds")
	}
	const bucket = "backend-test-state"
	for _, b := range engines(t) {
		t.Run(b.Name, func(t *testing.T) {
			s := start(t, sandbox.Options{})
			key := backendBucket(t, s, bucket)
			w := newWorkdir(t, b, s, stateUser(t, s, bucket, key), "backend")
			w.write("backend.tf", `terraform {
  backend "s3" {
    bucket       = "`+bucket+`"
    key          = "state"
    region       = "eu-west-2"
    encrypt      = true
    kms_key_id   = "`+key+`"
    use_lockfile = true
  }
}
`)
			endpoint := func(url string) {
				w.environ = slices.DeleteFunc(w.environ, func(kv string) bool {
					name, _, _ := strings.Cut(kv, "=")
					return strings.HasSuffix(strings.ToLower(name), "_proxy") || name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" || name == "AWS_ENDPOINT_URL"
				})
				w.environ = append(w.environ, "AWS_ENDPOINT_URL="+url)
			}
			endpoint(strings.Replace(s.URL(), "http://", "https://", 1))
			w.must("init", "-no-color")
			w.must("apply", "-auto-approve", "-no-color")
			if out := w.must("output", "-raw", "a"); out != "generation 1 of default" {
				t.Errorf("output: %q", out)
			}
			endpoint(s.URL())
			out, status := w.run("plan", "-no-color")
			if status != 1 || !strings.Contains(out, "AccessDenied") && !strings.Contains(out, "403") {
				t.Errorf("over plain HTTP: exit status %d\n%s", status, out)
			}
			denied := s.Denials()
			if len(denied) == 0 || !strings.Contains(s.Decided(denied[len(denied)-1].RequestID), "explicit deny") {
				t.Errorf("the sandbox refused %v", denied)
			}
		})
	}
}

var lockID = regexp.MustCompile(`Lock Info:\s+ID:\s+([0-9a-f-]{36})`)

// checkLock puts somebody else's lock in the way: a plan names its holder, a
// wrong ID does not remove it, the right one does.
func checkLock(t *testing.T, w *workdir, s *sandbox.Sandbox, bucket, object, key string) {
	t.Helper()
	const id = "01234567-89ab-cdef-0123-456789abcdef"
	c := s3.NewFromConfig(s.Config(s.Credentials()))
	info, err := json.Marshal(map[string]string{
		"ID": id, "Operation": "OperationTypeApply", "Who": "mallory@elsewhere", "Version": "1.11.4",
		"Created": "2026-11-21T10:00:00Z", "Path": bucket + "/" + object, "Info": "",
	})
	if err != nil {
		t.Fatal(err)
	}
	name := object + ".tflock"
	_, err = c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &name, Body: bytes.NewReader(info), IfNoneMatch: aws.String("*"),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &key,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, status := w.run("plan", "-no-color")
	if m := lockID.FindStringSubmatch(out); status != 1 || m == nil || m[1] != id || !strings.Contains(out, "mallory@elsewhere") {
		t.Errorf("a plan against a lock: exit status %d\n%s", status, out)
	}
	if out, status := w.run("force-unlock", "-force", "11111111-89ab-cdef-0123-456789abcdef"); status == 0 {
		t.Errorf("the wrong lock ID unlocks:\n%s", out)
	}
	got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(left, info) {
		t.Errorf("the lock after a wrong ID: %q, %v", left, err)
	}
	w.must("force-unlock", "-force", id)
	w.must("plan", "-no-color", "-var=generation=2")
}
