package ssm_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account = sandbox.DefaultAccount
	region  = sandbox.DefaultRegion
	prefix  = "arn:aws:ssm:" + region + ":" + account + ":parameter"
)

var ctx = context.Background()

type world struct {
	*testing.T
	sb  *sandbox.Sandbox
	ssm *ssm.Client
	iam *iam.Client
	kms *kms.Client
}

func open(t *testing.T) *world { return openAt(t, "") }

func openAt(t *testing.T, dir string) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	return &world{t, sb, ssm.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code, words string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		w.Errorf("got %v, want %s with %q", err, code, words)
	}
}

// user makes an IAM user with an inline policy.
func (w *world) user(name, statements string) *ssm.Client {
	w.Helper()
	policy := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return ssm.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

// key makes a key that the account's policies decide on, with an alias.
func (w *world) key(alias string) (arn string) {
	w.Helper()
	out, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	_, err = w.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/" + alias), TargetKeyId: out.KeyMetadata.KeyId})
	w.must(err)
	return *out.KeyMetadata.Arn
}

func (w *world) put(name, value string, kind types.ParameterType, change func(*ssm.PutParameterInput)) *ssm.PutParameterOutput {
	w.Helper()
	in := &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind}
	if change != nil {
		change(in)
	}
	out, err := w.ssm.PutParameter(ctx, in)
	w.must(err)
	return out
}

func over(in *ssm.PutParameterInput) { in.Overwrite = aws.Bool(true) }

func get(client *ssm.Client, name string, decrypt bool) (*types.Parameter, error) {
	out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
	if err != nil {
		return nil, err
	}
	return out.Parameter, nil
}

func (w *world) value(name string) string {
	w.Helper()
	p, err := get(w.ssm, name, true)
	w.must(err)
	return *p.Value
}

func (w *world) disable(key string) {
	w.Helper()
	_, err := w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
}

func symmetricContext(name string) map[string]string {
	return map[string]string{"PARAMETER_ARN": prefix + name}
}

var signing = kmstypes.KeySpecEccNistP256
