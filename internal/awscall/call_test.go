package awscall_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/sandbox"
)

func start(t *testing.T) (*sandbox.Sandbox, aws.Config) {
	t.Helper()
	sb, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	return sb, sb.Config(sb.Credentials())
}

// refused expects AWS's code, a status and the ID that a decision is found by.
func refused(t *testing.T, sb *sandbox.Sandbox, err error, status int, code string) {
	t.Helper()
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || api.ErrorCode() != code || !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Fatalf("got %v, want %d %s", err, status, code)
	}
	if code != "NoSuchPublicAccessBlockConfiguration" && sb.Decided(response.ServiceRequestID()) == "" {
		t.Errorf("request %q is not known", response.ServiceRequestID())
	}
}

func TestEC2(t *testing.T) {
	sb, cfg := start(t)
	var got struct {
		On bool `xml:"ebsEncryptionByDefault"`
	}
	for _, on := range []bool{true, false} {
		operation := map[bool]string{true: "EnableEbsEncryptionByDefault", false: "DisableEbsEncryptionByDefault"}[on]
		if err := awscall.EC2(t.Context(), cfg, operation, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := awscall.EC2(t.Context(), cfg, "GetEbsEncryptionByDefault", url.Values{}, &got); err != nil || got.On != on {
			t.Errorf("after %s: %v %v", operation, got.On, err)
		}
	}
	refused(t, sb, awscall.EC2(t.Context(), nobody(t, sb, cfg), "GetEbsEncryptionByDefault", nil, &got), 403, "UnauthorizedOperation")
}

func TestPublicAccessBlock(t *testing.T) {
	sb, cfg := start(t)
	_, err := awscall.PublicAccessBlock(t.Context(), cfg, sandbox.DefaultAccount)
	refused(t, sb, err, 404, "NoSuchPublicAccessBlockConfiguration")
	want := awscall.PublicAccess{BlockPublicPolicy: true, RestrictPublicBuckets: true}
	if err := awscall.SetPublicAccessBlock(t.Context(), cfg, sandbox.DefaultAccount, &want); err != nil {
		t.Fatal(err)
	}
	if got, err := awscall.PublicAccessBlock(t.Context(), cfg, sandbox.DefaultAccount); err != nil || *got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = awscall.PublicAccessBlock(t.Context(), nobody(t, sb, cfg), sandbox.DefaultAccount)
	refused(t, sb, err, 403, "AccessDenied")
	if err := awscall.SetPublicAccessBlock(t.Context(), cfg, sandbox.DefaultAccount, nil); err != nil {
		t.Fatal(err)
	}
	_, err = awscall.PublicAccessBlock(t.Context(), cfg, sandbox.DefaultAccount)
	refused(t, sb, err, 404, "NoSuchPublicAccessBlockConfiguration")
}

// nobody is a user without rights.
func nobody(t *testing.T, sb *sandbox.Sandbox, cfg aws.Config) aws.Config {
	t.Helper()
	client, name := iam.NewFromConfig(cfg), aws.String("nobody")
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	return sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
}
