package sandbox_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A refusal's event holds a message that the account's own principals, and
// nobody else, can have decoded.
func TestDenialsCanBeDecoded(t *testing.T) {
	s := start(t, sandbox.Options{})
	root := s.Config(s.Credentials())
	client := iam.NewFromConfig(root)
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("reader")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("reader"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"NoKeys","Effect":"Deny","Action":"kms:*","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("reader")})
	if err != nil {
		t.Fatal(err)
	}
	reader := s.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
	if _, err := kms.NewFromConfig(reader).ListKeys(ctx, nil); err == nil {
		t.Fatal("ListKeys is allowed")
	}
	denials := s.Denials()
	message, _ := denials[len(denials)-1].AdditionalEventData["encodedAuthorizationMessage"].(string)
	out, err := sts.NewFromConfig(root).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Allowed, ExplicitDeny bool
		MatchedStatements     struct{ Items []struct{ Sid string } }
		Context               struct {
			Principal        struct{ ID, ARN string }
			Action, Resource string
			Conditions       struct {
				Items []struct {
					Key    string
					Values struct{ Items []struct{ Value string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(*out.DecodedMessage), &got); err != nil {
		t.Fatal(err)
	}
	if got.Allowed || !got.ExplicitDeny || len(got.MatchedStatements.Items) != 1 || got.MatchedStatements.Items[0].Sid != "NoKeys" ||
		got.Context.Action != "kms:ListKeys" || got.Context.Principal.ARN != "arn:aws:iam::111122223333:user/reader" || got.Context.Principal.ID == "" {
		t.Errorf("decoded: %s", *out.DecodedMessage)
	}
	region := ""
	for _, c := range got.Context.Conditions.Items {
		if c.Key == "aws:RequestedRegion" && len(c.Values.Items) == 1 {
			region = c.Values.Items[0].Value
		}
	}
	if region != root.Region {
		t.Errorf("the conditions have the region %q, want %q: %s", region, root.Region, *out.DecodedMessage)
	}
	other, err := s.RootCredentials("444455556666")
	if err != nil {
		t.Fatal(err)
	}
	_, err = sts.NewFromConfig(s.Config(other)).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidAuthorizationMessageException" {
		t.Errorf("another account: %v", err)
	}
	for _, e := range s.Events() {
		if _, ok := e.AdditionalEventData["encodedAuthorizationMessage"]; ok && e.ErrorCode == "" {
			t.Errorf("%s was allowed and has a message", e.EventName)
		}
	}
}
