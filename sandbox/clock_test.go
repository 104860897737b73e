package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// The sandbox's time moves on and the clients' does not: signatures stay good,
// sessions run out.
func TestAdvance(t *testing.T) {
	ctx := context.Background()
	s := start(t, sandbox.Options{})
	root := s.Credentials()
	user := sts.NewFromConfig(s.Config(root))
	out, err := sts.NewFromConfig(s.Config(root)).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	session := sandbox.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
	before := s.Now()
	if err := s.Advance(15*time.Minute - 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(s.Config(session)).GetCallerIdentity(ctx, nil); err != nil {
		t.Errorf("the session ended early: %v", err)
	}
	if err := s.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if d := s.Now().Sub(before); d < 74*time.Minute {
		t.Errorf("the time moved on by %s", d)
	}
	if _, err := user.GetCallerIdentity(ctx, nil); err != nil {
		t.Errorf("a long-term key after the time moved on: %v", err)
	}
	var api smithy.APIError
	if _, err := sts.NewFromConfig(s.Config(session)).GetCallerIdentity(ctx, nil); !errors.As(err, &api) || api.ErrorCode() != "ExpiredToken" {
		t.Errorf("an expired session: %v", err)
	}
	if err := s.Advance(-time.Second); err == nil {
		t.Error("the time was turned back")
	}
}
