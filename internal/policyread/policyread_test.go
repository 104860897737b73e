package policyread_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const anything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}}`

func names(list []policyread.Document) (names []string) {
	for _, d := range list {
		names = append(names, d.Type.String()+": "+d.Name)
	}
	return names
}

// What binds a user or a role is read in full and as it was written; what may not be
// read is a gap that says why, and the rest is read all the same.
func TestWhatBindsAnIdentity(t *testing.T) {
	t.Parallel()
	s := must(sandbox.Start(t.Context(), sandbox.Options{}))
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	ctx, client := t.Context(), iam.NewFromConfig(s.Config(s.Credentials()))
	managed := func(name string) *string {
		return must(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(anything)})).Policy.Arn
	}
	own, shared, fence := managed("own"), managed("shared"), managed("fence")
	user := must(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ann"), PermissionsBoundary: fence, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("core")}}})).User
	must(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user.UserName, PolicyName: aws.String("in"), PolicyDocument: aws.String(anything)}))
	must(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user.UserName, PolicyArn: own}))
	must(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("g")}))
	must(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("g"), UserName: user.UserName}))
	must(client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("g"), PolicyName: aws.String("in"), PolicyDocument: aws.String(anything)}))
	must(client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: shared}))

	got := policyread.User(ctx, client, "ann")
	want := []string{"permissions boundary: " + *fence, "identity-based policy: user/ann/in", "identity-based policy: " + *own, "identity-based policy: group/g/in", "identity-based policy: " + *shared}
	if list := names(got.Documents); !slices.Equal(list, want) || got.Gaps != nil || got.ARN != *user.Arn || got.ID != *user.UserId || got.Tags["team"] != "core" {
		t.Errorf("read %q of %s, tags %v, gaps %v; want %q", list, got.ARN, got.Tags, got.Gaps, want)
	}
	for _, d := range got.Documents {
		if string(d.Text) != anything {
			t.Errorf("%s reads %s", d.Name, d.Text)
		}
	}

	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`
	role := must(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("ci"), Path: aws.String("/p/"), AssumeRolePolicyDocument: &trust, PermissionsBoundary: fence})).Role
	must(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role.RoleName, PolicyName: aws.String("in"), PolicyDocument: aws.String(anything)}))
	must(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role.RoleName, PolicyArn: shared}))
	got = policyread.Role(ctx, client, "ci")
	want = []string{"permissions boundary: " + *fence, "identity-based policy: role/ci/in", "identity-based policy: " + *shared}
	if list := names(got.Documents); !slices.Equal(list, want) || got.Gaps != nil || got.ARN != *role.Arn || got.Tags != nil {
		t.Errorf("read %q of %s, gaps %v; want %q", list, got.ARN, got.Gaps, want)
	}
	if got := policyread.Trust(ctx, client, "ci"); len(got.Documents) != 1 || string(got.Documents[0].Text) != trust || got.ARN != *role.Arn {
		t.Errorf("trust: %+v", got)
	}

	// With rights that lack one call at a time.
	weak := must(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("weak")})).User
	must(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: weak.UserName, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	key := must(client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: weak.UserName})).AccessKey
	as := iam.NewFromConfig(s.Config(sandbox.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}))
	for _, action := range []string{"GetUser", "ListUserPolicies", "GetUserPolicy", "ListAttachedUserPolicies", "GetPolicy", "GetPolicyVersion", "ListGroupsForUser", "ListGroupPolicies", "GetGroupPolicy", "ListAttachedGroupPolicies",
		"GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"} {
		must(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: weak.UserName, PolicyName: aws.String("deny"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:` + action + `","Resource":"*"}}`)}))
		got, whole := policyread.User(ctx, as, "ann"), 5
		if strings.Contains(action, "Role") {
			got, whole = policyread.Role(ctx, as, "ci"), 3
		}
		if len(got.Gaps) == 0 || len(got.Documents) >= whole || !strings.Contains(got.Gaps[0].Why, "AccessDenied") {
			t.Errorf("without iam:%s: gaps %+v, %d policies", action, got.Gaps, len(got.Documents))
		}
		if gone := strings.HasPrefix(action, "GetUser") && action == "GetUser" || action == "GetRole"; gone != (got.ARN == "") {
			t.Errorf("without iam:%s: it is %q", action, got.ARN)
		}
	}
}

// A bucket without a policy has none; a key has one, and its grants. What cannot be
// read is a gap.
func TestWhatAResourceSays(t *testing.T) {
	t.Parallel()
	s := must(sandbox.Start(t.Context(), sandbox.Options{Region: "us-east-1"}))
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	ctx, cfg := t.Context(), s.Config(s.Credentials())
	buckets, keys := s3.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	must(buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("read-me")}))
	if r := policyread.Bucket(ctx, buckets, "read-me"); r.Documents != nil || r.Gaps != nil {
		t.Errorf("a bucket without a policy: %+v", r)
	}
	doc := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::read-me"}}`
	must(buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("read-me"), Policy: &doc}))
	if r := policyread.Bucket(ctx, buckets, "read-me"); len(r.Documents) != 1 || string(r.Documents[0].Text) != doc || r.Documents[0].Name != "policy of bucket read-me" {
		t.Errorf("its policy: %+v", r)
	}
	if r := policyread.Bucket(ctx, buckets, "no-such-bucket"); len(r.Gaps) != 1 || !strings.Contains(r.Gaps[0].Why, "NoSuchBucket") {
		t.Errorf("no bucket: %+v", r)
	}
	if yes, why := policyread.RestrictsPublic(ctx, buckets, "read-me"); !yes || why != "" {
		t.Errorf("a new bucket's block: %t, %s", yes, why)
	}
	must(buckets.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String("read-me")}))
	if yes, why := policyread.RestrictsPublic(ctx, buckets, "read-me"); yes || why == "" {
		t.Errorf("without one: %t, %s", yes, why)
	}
	key := must(keys.CreateKey(ctx, &kms.CreateKeyInput{})).KeyMetadata
	must(keys.CreateGrant(ctx, &kms.CreateGrantInput{KeyId: key.Arn, GranteePrincipal: aws.String("arn:aws:iam::111122223333:root"), Operations: []kmstypes.GrantOperation{"Decrypt"}}))
	r := policyread.Key(ctx, keys, *key.Arn, "k")
	if len(r.Documents) != 1 || r.Documents[0].Name != "policy of key k" || !strings.Contains(string(r.Documents[0].Text), "kms:*") || len(r.Grants) != 1 || r.Gaps != nil {
		t.Errorf("a key: %+v", r)
	}
	r = policyread.Key(ctx, kms.NewFromConfig(s.Config(must(s.RootCredentials("999988887777")))), *key.Arn, "k")
	if len(r.Gaps) != 2 || r.Gaps[0].Type != policy.ReasonResource || r.Gaps[1].Type != policy.ReasonGrant {
		t.Errorf("to others: %+v", r)
	}
}
