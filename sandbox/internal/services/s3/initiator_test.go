package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// session makes a role with an inline policy and returns the client of a session of it.
func (w *world) session(name, statements string) *s3.Client {
	w.t.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("for-" + name)})
	w.must(err)
	role, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(document(
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sandbox.DefaultAccount + `:user/for-` + name + `"},"Action":"sts:AssumeRole"}`))})
	w.must(err)
	_, err = w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: aws.String(document(statements))})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("for-" + name)})
	w.must(err)
	user := w.config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
	out, err := sts.NewFromConfig(user).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("it")})
	w.must(err)
	return s3.NewFromConfig(w.config(sandbox.Credentials{AccessKeyID: *out.Credentials.AccessKeyId,
		SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}))
}

// Whoever began an upload may list its parts and abort it unless a policy denies it; others
// need to be allowed to. Source: S3 User Guide mpuoverview, "Multipart upload API and
// permissions"; S3 API_Initiator.
func TestTheInitiatorOfAnUpload(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b, k := aws.String("room"), aws.String("k")
	putOnly := `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::room/*"}`
	one := w.user("one", document(putOnly))
	two := w.user("two", document(putOnly))
	barred := w.user("barred", document(putOnly+`,{"Effect":"Deny","Action":["s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],"Resource":"*"}`))
	allowed := w.user("allowed", allow(`["s3:AbortMultipartUpload","s3:ListMultipartUploadParts"]`, `"*"`))
	w.policy("room", document(`{"Effect":"Allow","Principal":{"AWS":"`+development+`"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::room/*"}`))
	foreign, theirs := (&states{world: w}).terraform(development)
	_, err := theirs.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("terraform"), PolicyName: aws.String("put"), PolicyDocument: aws.String(document(putOnly))})
	w.must(err)
	begin := func(c *s3.Client) *string {
		t.Helper()
		out, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
		w.must(err)
		return out.UploadId
	}
	parts := func(c *s3.Client, id *string) error {
		_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: id})
		return err
	}
	abort := func(c *s3.Client, id *string) error {
		_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: id})
		return err
	}
	for name, tc := range map[string]struct {
		by, asks *s3.Client
		want     string
	}{
		"the initiator":                          {one, one, ""},
		"another user":                           {one, two, "AccessDenied"},
		"another user who is allowed to":         {one, allowed, ""},
		"the initiator whose policy denies it":   {barred, barred, "AccessDenied"},
		"the account's root":                     {one, w.root, ""},
		"another account's user":                 {foreign, foreign, ""},
		"another account's user, one of here":    {foreign, one, "AccessDenied"},
		"another account's user, and its root":   {foreign, w.account(development), ""},
		"the root of an account that is not its": {one, w.account(development), "AccessDenied"},
	} {
		id := begin(tc.by)
		for what, err := range map[string]error{"parts": parts(tc.asks, id), "abort": abort(tc.asks, id)} {
			if code(err) != tc.want {
				t.Errorf("%s: %s: got %v, want %q", name, what, err, tc.want)
			}
		}
	}
	// The bucket's owner can take the default back.
	id := begin(one)
	w.policy("room", document(`{"Effect":"Deny","Principal":"*","Action":"s3:AbortMultipartUpload","Resource":"arn:aws:s3:::room/*"}`))
	w.wantCode(abort(one, id), "AccessDenied")
	w.must(parts(one, id))

	begin(w.root)
	begin(w.session("uploads", putOnly))
	list, err := w.root.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b})
	w.must(err)
	var users, sessions, accounts int
	for _, u := range list.Uploads {
		switch who := *u.Initiator.ID; {
		case strings.HasPrefix(who, "arn:aws:iam::") && strings.Contains(who, ":user/"):
			users++
		case who == "arn:aws:sts::"+sandbox.DefaultAccount+":assumed-role/uploads/it":
			sessions++
		case who == *u.Owner.ID:
			accounts++
		default:
			t.Errorf("an upload by %q", who)
		}
	}
	if users == 0 || sessions != 1 || accounts != 1 {
		t.Errorf("got %d uploads of users, %d of sessions and %d of accounts, want some, one and one", users, sessions, accounts)
	}
}
