package sts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

var ctx = context.Background()

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func trust(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]` + condition + `}]}`
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := iamtest.Code(err); got != want {
		t.Fatalf("got error %v, want code %q", err, want)
	}
}

func TestGetCallerIdentity(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	out, err := user.STS.GetCallerIdentity(ctx, nil)
	if err != nil {
		t.Fatalf("an explicit deny must not matter: %v", err)
	}
	if *out.Arn != "arn:aws:iam::111122223333:user/alice" || *out.Account != iamtest.Account || !strings.HasPrefix(*out.UserId, "AIDA") || len(*out.UserId) != 21 {
		t.Errorf("got %s %s %s", *out.Arn, *out.Account, *out.UserId)
	}
	root, err := w.Root().STS.GetCallerIdentity(ctx, nil)
	if err != nil || *root.Arn != "arn:aws:iam::111122223333:root" || *root.UserId != iamtest.Account {
		t.Errorf("root: got %v, %v", root, err)
	}
	_, err = w.As("", "", "").STS.GetCallerIdentity(ctx, nil)
	wantCode(t, err, "MissingAuthenticationToken")
}

// Source: IAM User Guide, reference_policies_evaluation-logic: the trust
// policy must allow, and unless it names the caller itself, so must the
// caller's own policies.
func TestAssumeRoleVerdicts(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/target"
	alice := `{"AWS":"arn:aws:iam::111122223333:user/alice"}`
	account := `{"AWS":"111122223333"}`
	for _, tc := range []struct {
		name, trust, identity string
		in                    awssts.AssumeRoleInput
		want                  string
	}{
		{name: "named in the trust policy, no identity policy", trust: trust(alice, "")},
		{name: "account trusted, identity allows", trust: trust(account, ""), identity: allow("sts:AssumeRole", role)},
		{name: "account trusted, no identity policy", trust: trust(account, ""), want: "AccessDenied"},
		{name: "account trusted, identity allows another role", trust: trust(account, ""), identity: allow("sts:AssumeRole", role+"2"), want: "AccessDenied"},
		{name: "not trusted, identity allows", trust: trust(`{"AWS":"444455556666"}`, ""), identity: allow("sts:AssumeRole", "*"), want: "AccessDenied"},
		{name: "named, explicit deny", trust: trust(alice, ""), identity: strings.Replace(allow("sts:AssumeRole", "*"), "Allow", "Deny", 1), want: "AccessDenied"},
		{name: "external ID right", trust: trust(alice, `,"Condition":{"StringEquals":{"sts:ExternalId":"blue"}}`), in: awssts.AssumeRoleInput{ExternalId: aws.String("blue")}},
		{name: "external ID wrong", trust: trust(alice, `,"Condition":{"StringEquals":{"sts:ExternalId":"blue"}}`), in: awssts.AssumeRoleInput{ExternalId: aws.String("red")}, want: "AccessDenied"},
		{name: "external ID missing", trust: trust(alice, `,"Condition":{"StringEquals":{"sts:ExternalId":"blue"}}`), want: "AccessDenied"},
		{name: "MFA wanted, none given", trust: trust(alice, `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), want: "AccessDenied"},
		{name: "session name wanted", trust: trust(alice, `,"Condition":{"StringEquals":{"sts:RoleSessionName":"session"}}`)},
		{name: "tags without sts:TagSession", trust: strings.Replace(trust(alice, ""), `,"sts:TagSession"`, "", 1),
			in: awssts.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}, want: "AccessDenied"},
		{name: "tags with sts:TagSession", trust: trust(alice, ""),
			in: awssts.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}},
		{name: "request tag wanted", trust: trust(alice, `,"Condition":{"StringEquals":{"aws:RequestTag/team":"red"}}`),
			in: awssts.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}},
		{name: "source identity without sts:SetSourceIdentity", trust: strings.Replace(trust(alice, ""), `,"sts:SetSourceIdentity"`, "", 1),
			in: awssts.AssumeRoleInput{SourceIdentity: aws.String("alice")}, want: "AccessDenied"},
		{name: "source identity", trust: trust(alice, ""), in: awssts.AssumeRoleInput{SourceIdentity: aws.String("alice")}},
		{name: "longer than the role allows", trust: trust(alice, ""), in: awssts.AssumeRoleInput{DurationSeconds: aws.Int32(3601)}, want: "ValidationError"},
		{name: "shorter than STS allows", trust: trust(alice, ""), in: awssts.AssumeRoleInput{DurationSeconds: aws.Int32(899)}, want: "ValidationError"},
		{name: "session name with a space", trust: trust(alice, ""), in: awssts.AssumeRoleInput{RoleSessionName: aws.String("a b")}, want: "ValidationError"},
		{name: "unparsable session policy", trust: trust(alice, ""), in: awssts.AssumeRoleInput{Policy: aws.String(`{"Version":"2012-10-17"}`)}, want: "MalformedPolicyDocument"},
		{name: "a parameter the sandbox does not implement", trust: trust(alice, ""),
			in: awssts.AssumeRoleInput{ProvidedContexts: []types.ProvidedContext{{ProviderArn: aws.String(role)}}}, want: "ValidationError"},
		{name: "one MFA parameter without the other", trust: trust(alice, ""), in: awssts.AssumeRoleInput{TokenCode: aws.String("123456")}, want: "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := iamtest.Start(t)
			user := w.User("alice", tc.identity)
			tc.in.RoleArn = aws.String(w.Role("target", tc.trust, ""))
			if tc.in.RoleSessionName == nil {
				tc.in.RoleSessionName = aws.String("session")
			}
			out, err := user.STS.AssumeRole(ctx, &tc.in)
			wantCode(t, err, tc.want)
			if err != nil {
				return
			}
			who, err := w.Session(out.Credentials).STS.GetCallerIdentity(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := "arn:aws:sts::111122223333:assumed-role/target/session"; *who.Arn != want {
				t.Errorf("got %q, want %q", *who.Arn, want)
			}
			if *who.UserId != *out.AssumedRoleUser.AssumedRoleId || !strings.HasPrefix(*who.UserId, "AROA") {
				t.Errorf("got user ID %q, AssumedRoleId %q", *who.UserId, *out.AssumedRoleUser.AssumedRoleId)
			}
		})
	}
}

func TestRootMayNotAssume(t *testing.T) {
	w := iamtest.Start(t)
	arn := w.Role("target", trust(`{"AWS":"111122223333"}`, ""), "")
	_, err := w.Root().STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
	wantCode(t, err, "AccessDenied")
}

func TestAssumeRoleThatDoesNotExist(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", allow("sts:AssumeRole", "*"))
	for _, arn := range []string{"arn:aws:iam::111122223333:role/none", "arn:aws:iam::111122223333:role/path/none", "arn:aws:iam::999999999999:role/x"} {
		_, err := user.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
		wantCode(t, err, "AccessDenied")
	}
}

func TestSessionPolicyLimits(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", "")
	arn := w.Role("target", trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, ""), allow("iam:*", "*"))
	assume := func(in awssts.AssumeRoleInput) iamtest.Caller {
		t.Helper()
		in.RoleArn, in.RoleSessionName = &arn, aws.String("session")
		out, err := user.STS.AssumeRole(ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		return w.Session(out.Credentials)
	}
	full := assume(awssts.AssumeRoleInput{})
	if _, err := full.IAM.ListUsers(ctx, nil); err != nil {
		t.Errorf("the role allows iam:ListUsers: %v", err)
	}
	limited := assume(awssts.AssumeRoleInput{Policy: aws.String(allow("iam:GetUser", "*"))})
	_, err := limited.IAM.ListUsers(ctx, nil)
	wantCode(t, err, "AccessDenied")
	if _, err := limited.IAM.GetUser(ctx, &awsiam.GetUserInput{UserName: aws.String("alice")}); err != nil {
		t.Errorf("the session policy allows iam:GetUser: %v", err)
	}
	managed := assume(awssts.AssumeRoleInput{PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonS3FullAccess")}}})
	_, err = managed.IAM.ListUsers(ctx, nil)
	wantCode(t, err, "AccessDenied")
	both := assume(awssts.AssumeRoleInput{Policy: aws.String(allow("iam:GetUser", "*")), PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/IAMReadOnlyAccess")}}})
	if _, err := both.IAM.ListUsers(ctx, nil); err != nil {
		t.Errorf("session policies add up: %v", err)
	}
}

// Source: IAM User Guide, reference_policies_elements_principal: a role that
// was deleted and made again is another principal.
func TestRecreatedRoleIsAStranger(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", "")
	trustAlice := trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, "")
	first := w.Role("first", trustAlice, allow("sts:AssumeRole", "*"))
	second := w.Role("second", trust(`{"AWS":"`+first+`"}`, ""), "")
	chain := func() error {
		t.Helper()
		one, err := user.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &first, RoleSessionName: aws.String("one")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Session(one.Credentials).STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two")})
		return err
	}
	if err := chain(); err != nil {
		t.Fatalf("before: %v", err)
	}
	root := w.Root()
	old, err := root.IAM.GetRole(ctx, &awsiam.GetRoleInput{RoleName: aws.String("first")})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		second2(root.IAM.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: aws.String("first"), PolicyName: aws.String("inline")})),
		second2(root.IAM.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: aws.String("first")})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	shown, err := root.IAM.GetRole(ctx, &awsiam.GetRoleInput{RoleName: aws.String("second")})
	if err != nil {
		t.Fatal(err)
	}
	if doc := iamtest.Unescape(t, shown.Role.AssumeRolePolicyDocument); !strings.Contains(doc, *old.Role.RoleId) || strings.Contains(doc, first) {
		t.Errorf("the trust policy must show the ID of the deleted role, got %s", doc)
	}
	w.Role("first", trustAlice, allow("sts:AssumeRole", "*"))
	wantCode(t, chain(), "AccessDenied")
}

func second2[T any](_ T, err error) error { return err }

func TestRoleChaining(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", "")
	first := w.Role("first", trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, ""), allow("sts:*", "*"))
	second := w.Role("second", trust(`{"AWS":"111122223333"}`, `,"Condition":{"StringEquals":{"aws:RequestTag/team":"red","aws:SourceIdentity":"alice"},"Null":{"sts:SourceIdentity":"true"}}`), "")
	if _, err := w.Root().IAM.UpdateRole(ctx, &awsiam.UpdateRoleInput{RoleName: aws.String("second"), MaxSessionDuration: aws.Int32(7200)}); err != nil {
		t.Fatal(err)
	}
	one, err := user.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &first, RoleSessionName: aws.String("one"), SourceIdentity: aws.String("alice"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}, TransitiveTagKeys: []string{"team"}})
	if err != nil {
		t.Fatal(err)
	}
	chained := w.Session(one.Credentials)
	two, err := chained.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two")})
	if err != nil {
		t.Fatalf("transitive tags and the source identity must be handed on: %v", err)
	}
	if aws.ToString(two.SourceIdentity) != "alice" {
		t.Errorf("got source identity %q", aws.ToString(two.SourceIdentity))
	}
	_, err = chained.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two"), DurationSeconds: aws.Int32(3601)})
	wantCode(t, err, "ValidationError")
	_, err = chained.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two"), SourceIdentity: aws.String("bob")})
	wantCode(t, err, "ValidationError")
	if _, err = chained.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two"), SourceIdentity: aws.String("alice")}); err != nil {
		t.Errorf("the same source identity again: %v", err)
	}
	_, err = chained.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &second, RoleSessionName: aws.String("two"), Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String("blue")}}})
	wantCode(t, err, "InvalidParameterValue")
}

func TestSessionsExpire(t *testing.T) {
	w := iamtest.Start(t)
	user := w.User("alice", "")
	arn := w.Role("target", trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, ""), "")
	w.Move(-4 * time.Minute)
	out, err := user.STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Credentials.Expiration.Sub(w.Now()); got != 15*time.Minute {
		t.Errorf("got %v, want 15m", got)
	}
	_, err = w.Session(out.Credentials).STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
	if err != nil {
		t.Errorf("GetSessionToken credentials may assume roles: %v", err)
	}
}
