package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account = sandbox.DefaultAccount
	region  = sandbox.DefaultRegion
	roleARN = "arn:aws:iam::" + account + ":role/function"
	fARN    = "arn:aws:lambda:" + region + ":" + account + ":function:f"
)

var ctx = context.Background()

type world struct {
	*testing.T
	sb  *sandbox.Sandbox
	fn  *lambda.Client
	iam *iam.Client
	kms *kms.Client
	s3  *s3.Client
}

// open starts a sandbox with a role that Lambda may assume.
func open(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	cfg := sb.Config(sb.Credentials())
	w := &world{t, sb, lambda.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg), s3.NewFromConfig(cfg)}
	w.role("function", "lambda.amazonaws.com")
	return w
}

func (w *world) role(name, service string) {
	w.Helper()
	_, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
}

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

// user makes a user with a policy's statements, and returns its client.
func (w *world) user(name, statements string) *lambda.Client {
	w.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return lambda.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

// zipped is a zip file with one file.
func zipped(t testing.TB, name string, content []byte, mode os.FileMode) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(mode)
	f, err := z.CreateHeader(h)
	if err == nil {
		_, err = f.Write(content)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func script(t testing.TB) []byte { return zipped(t, "bootstrap", []byte("#!/bin/sh\nexit 7\n"), 0o755) }

var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "function-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-o", name, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(out))
	}
	return os.ReadFile(name)
})

// built is the zip file of testdata/function.
func built(t testing.TB) []byte {
	t.Helper()
	content, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, "bootstrap", content, 0o755)
}

// here is this machine's architecture.
func here() []types.Architecture {
	if runtime.GOARCH == "arm64" {
		return []types.Architecture{types.ArchitectureArm64}
	}
	return []types.Architecture{types.ArchitectureX8664}
}

// input is a function that has the time that a busy machine needs.
func input(zip []byte) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), Role: aws.String(roleARN), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Timeout: aws.Int32(60), Architectures: here(), Code: &types.FunctionCode{ZipFile: zip},
	}
}

func (w *world) create(in *lambda.CreateFunctionInput) *lambda.CreateFunctionOutput {
	w.Helper()
	out, err := w.fn.CreateFunction(ctx, in)
	w.must(err)
	return out
}

// call invokes the function and waits.
func (w *world) call(payload string) (*lambda.InvokeOutput, map[string]any) {
	w.Helper()
	out, err := w.fn.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(payload), LogType: types.LogTypeTail})
	w.must(err)
	var m map[string]any
	if err := json.Unmarshal(out.Payload, &m); err != nil {
		w.Fatalf("payload %q: %v", out.Payload, err)
	}
	return out, m
}

func (w *world) settle() {
	w.Helper()
	w.must(w.sb.Settle(ctx))
}

// gaveUp are the deliveries that were given up, but for logs.
func (w *world) gaveUp() (list []sandbox.Undelivered) {
	for _, f := range w.sb.Undelivered() {
		if f.To != "/aws/lambda/f" {
			list = append(list, f)
		}
	}
	return list
}
