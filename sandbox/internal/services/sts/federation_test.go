package sts_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sts"
)

func TestGetSessionTokenNeedsNoPermission(t *testing.T) {
	w := iamtest.Start(t)
	if _, err := w.User("alice", "").STS.GetSessionToken(ctx, nil); err != nil {
		t.Errorf("no permission is needed: %v", err)
	}
	_, err := w.User("bob", strings.Replace(allow("sts:GetSessionToken", "*"), "Allow", "Deny", 1)).STS.GetSessionToken(ctx, nil)
	wantCode(t, err, "AccessDenied")
	_, err = w.Root().STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{DurationSeconds: aws.Int32(3601)})
	wantCode(t, err, "ValidationError")
	out, err := w.Root().STS.GetSessionToken(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := w.Session(out.Credentials).STS.GetCallerIdentity(ctx, nil); err != nil || *who.Arn != "arn:aws:iam::111122223333:root" {
		t.Errorf("got %v, %v", who, err)
	}
}

func TestGetFederationToken(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:GetFederationToken","sts:GetAccessKeyInfo"],"Resource":"*"}]}`)
	_, err := w.User("bob", "").STS.GetFederationToken(ctx, &awssts.GetFederationTokenInput{Name: aws.String("guest")})
	wantCode(t, err, "AccessDenied")
	out, err := alice.STS.GetFederationToken(ctx, &awssts.GetFederationTokenInput{Name: aws.String("guest"), Policy: aws.String(allow("*", "*"))})
	if err != nil {
		t.Fatal(err)
	}
	guest := w.Session(out.Credentials)
	who, err := guest.STS.GetCallerIdentity(ctx, nil)
	if err != nil || *who.Arn != "arn:aws:sts::111122223333:federated-user/guest" || *who.UserId != "111122223333:guest" {
		t.Errorf("got %v, %v", who, err)
	}
	_, err = guest.IAM.ListUsers(ctx, nil)
	wantCode(t, err, "InvalidClientTokenId")
	role := w.Role("target", trust(`{"AWS":"111122223333"}`, ""), "")
	_, err = guest.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("x1")})
	wantCode(t, err, "AccessDenied")
}

func TestGetAccessKeyInfo(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", allow("sts:GetAccessKeyInfo", "*"))
	key, err := w.Root().IAM.CreateAccessKey(ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Root().IAM.DeleteAccessKey(ctx, &awsiam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: key.AccessKey.AccessKeyId}); err != nil {
		t.Fatal(err)
	}
	out, err := alice.STS.GetAccessKeyInfo(ctx, &awssts.GetAccessKeyInfoInput{AccessKeyId: key.AccessKey.AccessKeyId})
	if err != nil || *out.Account != iamtest.Account {
		t.Errorf("a deleted key still tells its account: got %v, %v", out, err)
	}
}

func TestDecodeAuthorizationMessage(t *testing.T) {
	w := iamtest.Start(t)
	message, err := w.STS.EncodeMessage(rand.Reader, sts.Denial{Account: iamtest.Account, ExplicitDeny: true, PrincipalID: "AIDAX", PrincipalARN: "arn:aws:iam::111122223333:user/x",
		Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Conditions: []op.Key{op.Single("aws:SecureTransport", "false")}, Matched: []json.RawMessage{json.RawMessage(`{"Effect":"Deny"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	decode := func(c iamtest.Caller, message string) (string, error) {
		out, err := c.STS.DecodeAuthorizationMessage(ctx, &awssts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
		if err != nil {
			return "", err
		}
		return *out.DecodedMessage, nil
	}
	text, err := decode(w.Root(), message)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Allowed, ExplicitDeny bool
		Context               struct {
			Principal        struct{ ID, ARN string }
			Action, Resource string
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Allowed || !got.ExplicitDeny || got.Context.Action != "s3:GetObject" || got.Context.Principal.ID != "AIDAX" {
		t.Errorf("got %s", text)
	}
	for _, bad := range []string{message[:len(message)-1], "x", strings.ToUpper(message)} {
		_, err := decode(w.Root(), bad)
		wantCode(t, err, "InvalidAuthorizationMessageException")
	}
	_, err = decode(w.OtherRoot(), message)
	wantCode(t, err, "InvalidAuthorizationMessageException")
	_, err = decode(w.User("alice", ""), message)
	wantCode(t, err, "AccessDenied")
}

func TestRefusedByName(t *testing.T) {
	w := iamtest.Start(t)
	_, err := w.Root().STS.AssumeRoot(ctx, &awssts.AssumeRootInput{TargetPrincipal: aws.String("444455556666")})
	if err == nil || !strings.Contains(err.Error(), "AssumeRoot") {
		t.Errorf("got %v", err)
	}
}
