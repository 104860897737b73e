package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

func TestRoleLifecycle(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	name := aws.String("Deploy")
	made := must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, Path: aws.String("/ci/"), AssumeRolePolicyDocument: aws.String(trustAccount), Description: aws.String("d"), MaxSessionDuration: aws.Int32(7200)}))
	if got := *made.Role.Arn; got != "arn:aws:iam::111122223333:role/ci/Deploy" {
		t.Errorf("got %q", got)
	}
	if doc := iamtest.Unescape(t, made.Role.AssumeRolePolicyDocument); doc != strings.Replace(trustAccount, "111122223333", "arn:aws:iam::111122223333:root", 1) {
		t.Errorf("got %s", doc)
	}
	_, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("deploy"), AssumeRolePolicyDocument: aws.String(trustAccount)})
	wantCode(t, err, "EntityAlreadyExists")
	must[*iam.PutRolePolicyOutput](t)(root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("s3:*", "*"))}))
	must[*iam.AttachRolePolicyOutput](t)(root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	got := must[*iam.GetRolePolicyOutput](t)(root.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))
	if doc := iamtest.Unescape(t, got.PolicyDocument); doc != allow("s3:*", "*") {
		t.Errorf("got %s", doc)
	}
	names := must[*iam.ListRolePoliciesOutput](t)(root.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})).PolicyNames
	attached := must[*iam.ListAttachedRolePoliciesOutput](t)(root.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})).AttachedPolicies
	if len(names) != 1 || len(attached) != 1 || *attached[0].PolicyName != "AdministratorAccess" {
		t.Errorf("got %v %v", names, attached)
	}
	_, err = root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DeleteRolePolicyOutput](t)(root.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))
	_, err = root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DetachRolePolicyOutput](t)(root.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	must[*iam.DeleteRoleOutput](t)(root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	_, err = root.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity")
}

func TestRefusedInput(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(trustAccount)}))
	create := func(in iam.CreateRoleInput) error {
		if in.RoleName == nil {
			in.RoleName = aws.String("new")
		}
		if in.AssumeRolePolicyDocument == nil {
			in.AssumeRolePolicyDocument = aws.String(trustAccount)
		}
		_, err := root.CreateRole(ctx, &in)
		return err
	}
	put := func(doc string) error {
		_, err := root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: &doc})
		return err
	}
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"name with a space", create(iam.CreateRoleInput{RoleName: aws.String("a b")}), "ValidationError", "roleName"},
		{"name too long", create(iam.CreateRoleInput{RoleName: aws.String(strings.Repeat("a", 65))}), "ValidationError", "64"},
		{"path without slashes", create(iam.CreateRoleInput{Path: aws.String("ci")}), "ValidationError", "path"},
		{"session too short", create(iam.CreateRoleInput{MaxSessionDuration: aws.Int32(3599)}), "ValidationError", "3600"},
		{"trust that is not JSON", create(iam.CreateRoleInput{AssumeRolePolicyDocument: aws.String("{")}), "MalformedPolicyDocument", "line 1"},
		{"trust with a Resource", create(iam.CreateRoleInput{AssumeRolePolicyDocument: aws.String(strings.Replace(trustAccount, `"Action"`, `"Resource":"*","Action"`, 1))}), "MalformedPolicyDocument", "Resource"},
		{"trust in a user who does not exist", create(iam.CreateRoleInput{AssumeRolePolicyDocument: aws.String(strings.Replace(trustAccount, "111122223333", "arn:aws:iam::111122223333:user/none", 1))}), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/none"`},
		{"trust too long", create(iam.CreateRoleInput{AssumeRolePolicyDocument: aws.String(strings.Replace(trustAccount, "sts:AssumeRole", "sts:"+strings.Repeat("A", 2048), 1))}), "LimitExceeded", "ACLSizePerRole"},
		{"duplicate tags", create(iam.CreateRoleInput{Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("A"), Value: aws.String("2")}}}), "InvalidInput", "Duplicate"},
		{"reserved tag", create(iam.CreateRoleInput{Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("1")}}}), "InvalidInput", "reserved"},
		{"boundary that does not exist", create(iam.CreateRoleInput{PermissionsBoundary: aws.String("arn:aws:iam::111122223333:policy/none")}), "NoSuchEntity", "none"},
		{"misspelt operator", put(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"aws:username":"x"}}}]}`), "MalformedPolicyDocument", "StringEqual"},
		{"principal in an identity policy", put(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`), "MalformedPolicyDocument", "Principal"},
		{"policy over the role's quota", put(allow("s3:"+strings.Repeat("A", 10240), "*")), "LimitExceeded", "10240"},
		{"an AWS managed policy that the sandbox does not hold", second(root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})), "NoSuchEntity", "AdministratorAccess"},
		{"another account's policy", second(root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::444455556666:policy/x")})), "NoSuchEntity", ""},
		{"bad marker", second(root.ListRoles(ctx, &iam.ListRolesInput{Marker: aws.String("x")})), "InvalidInput", "Marker"},
		{"bad status", second(root.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: aws.String("AKIAROOTROOTROOTROOT"), Status: "Off"})), "ValidationError", "Active"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantCode(t, tc.err, tc.code)
			if !strings.Contains(tc.err.Error(), tc.message) {
				t.Errorf("got %q, want it to hold %q", tc.err, tc.message)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// Source: IAM User Guide, id_roles_providers_oidc_secure-by-default.
func TestSharedIssuers(t *testing.T) {
	w := iamtest.Start(t)
	create := func(issuer, condition string) error {
		doc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/%s"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":%s}]}`, issuer, condition)
		_, err := w.Root().IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: &doc})
		if err == nil {
			must[*iam.DeleteRoleOutput](t)(w.Root().IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")}))
		}
		return err
	}
	const github = "token.actions.githubusercontent.com"
	for _, tc := range []struct{ issuer, condition, want string }{
		{github, `{"StringEquals":{"` + github + `:aud":"sts.amazonaws.com"}}`, "MalformedPolicyDocument"},
		{github, `{"StringLike":{"` + github + `:sub":"*"}}`, "MalformedPolicyDocument"},
		{github, `{"StringLike":{"` + github + `:sub":["repo:o/r:*","*"]}}`, "MalformedPolicyDocument"},
		{github, `{"StringNotEquals":{"` + github + `:sub":"x"}}`, "MalformedPolicyDocument"},
		{github, `{"StringEquals":{"` + github + `:repository":"o/r"}}`, "MalformedPolicyDocument"},
		{github, `{"StringLike":{"` + github + `:sub":"repo:o/r:*"}}`, ""},
		{github, `{"StringLike":{"` + github + `:job_workflow_ref":"o/r/.github/workflows/x.yml@*"}}`, ""},
		{github + "/slug", `{"StringLike":{"` + github + `:sub":"repo:o/r:*"}}`, "MalformedPolicyDocument"},
		{github + "/slug", `{"StringLike":{"` + github + `/slug:sub":"repo:o/r:*"}}`, ""},
		{"gitlab.com", `{"StringEquals":{"gitlab.com:aud":"x"}}`, "MalformedPolicyDocument"},
		{"gitlab.com", `{"StringLike":{"gitlab.com:sub":"project_path:g/*"}}`, ""},
		{"gitlab.example.com", `{"StringEquals":{"gitlab.example.com:aud":"x"}}`, ""},
	} {
		t.Run(tc.issuer+tc.condition, func(t *testing.T) { wantCode(t, create(tc.issuer, tc.condition), tc.want) })
	}
}

func TestProvider(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	for _, url := range []string{"http://gitlab.com", "https://gitlab.com:8443", "https://gitlab.com?x=1", "https://", "gitlab.com", "https://user@gitlab.com"} {
		_, err := root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url})
		wantCode(t, err, "ValidationError")
	}
	made := must[*iam.CreateOpenIDConnectProviderOutput](t)(root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://GitLab.example.com/ci"), ClientIDList: []string{"a", "b"}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	arn := made.OpenIDConnectProviderArn
	if *arn != "arn:aws:iam::111122223333:oidc-provider/gitlab.example.com/ci" {
		t.Errorf("got %q", *arn)
	}
	_, err := root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://gitlab.example.com/ci")})
	wantCode(t, err, "EntityAlreadyExists")
	must[*iam.AddClientIDToOpenIDConnectProviderOutput](t)(root.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("c")}))
	must[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](t)(root.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("a")}))
	must[*iam.UpdateOpenIDConnectProviderThumbprintOutput](t)(root.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("aB", 20)}}))
	must[*iam.TagOpenIDConnectProviderOutput](t)(root.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: aws.String("K"), Value: aws.String("w")}}}))
	got := must[*iam.GetOpenIDConnectProviderOutput](t)(root.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if *got.Url != "gitlab.example.com/ci" || fmt.Sprint(got.ClientIDList) != "[b c]" || got.ThumbprintList[0] != strings.Repeat("ab", 20) || len(got.Tags) != 1 || *got.Tags[0].Value != "w" {
		t.Errorf("got %v %v %v %v", *got.Url, got.ClientIDList, got.ThumbprintList, got.Tags)
	}
	must[*iam.DeleteOpenIDConnectProviderOutput](t)(root.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	_, err = root.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wantCode(t, err, "NoSuchEntity")
}

func TestPolicyVersions(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	arn := must[*iam.CreatePolicyOutput](t)(root.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(deny("*", "*"))})).Policy.Arn
	alice := w.User("alice", "")
	must[*iam.AttachUserPolicyOutput](t)(root.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: arn}))
	wantCode(t, second(alice.IAM.ListUsers(ctx, nil)), "AccessDenied")
	must[*iam.CreatePolicyVersionOutput](t)(root.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allow("iam:ListUsers", "*")), SetAsDefault: true}))
	wantCode(t, second(alice.IAM.ListUsers(ctx, nil)), "")
	must[*iam.SetDefaultPolicyVersionOutput](t)(root.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}))
	wantCode(t, second(alice.IAM.ListUsers(ctx, nil)), "AccessDenied")
	_, err := root.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DeletePolicyVersionOutput](t)(root.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")}))
	for i := 3; i < 7; i++ {
		v := must[*iam.CreatePolicyVersionOutput](t)(root.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny("*", "*"))})).PolicyVersion
		if want := fmt.Sprintf("v%d", i); *v.VersionId != want {
			t.Errorf("got %q, want %q: numbers are never given again", *v.VersionId, want)
		}
	}
	_, err = root.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(deny("*", "*"))})
	wantCode(t, err, "LimitExceeded")
	_, err = root.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, err, "DeleteConflict")
	who := must[*iam.ListEntitiesForPolicyOutput](t)(root.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: arn}))
	if len(who.PolicyUsers) != 1 || *who.PolicyUsers[0].UserName != "alice" {
		t.Errorf("got %v", who.PolicyUsers)
	}
}

func TestAccessKeys(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", allow("iam:*", "*"))
	one := must[*iam.ListAccessKeysOutput](t)(alice.IAM.ListAccessKeys(ctx, nil)).AccessKeyMetadata[0].AccessKeyId
	two := must[*iam.CreateAccessKeyOutput](t)(alice.IAM.CreateAccessKey(ctx, nil)).AccessKey
	if len(*two.AccessKeyId) != 20 || len(*two.SecretAccessKey) != 40 || !strings.HasPrefix(*two.AccessKeyId, "AKIA") {
		t.Errorf("got an ID of %d and a secret of %d characters", len(*two.AccessKeyId), len(*two.SecretAccessKey))
	}
	_, err := alice.IAM.CreateAccessKey(ctx, nil)
	wantCode(t, err, "LimitExceeded")
	again := w.As(*two.AccessKeyId, *two.SecretAccessKey, "")
	must[*iam.UpdateAccessKeyOutput](t)(again.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: one, Status: types.StatusTypeInactive}))
	if _, err := alice.IAM.ListUsers(ctx, nil); iamtest.Code(err) != "InvalidClientTokenId" {
		t.Errorf("an inactive key: got %v", err)
	}
	used := must[*iam.GetAccessKeyLastUsedOutput](t)(again.IAM.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: two.AccessKeyId})).AccessKeyLastUsed
	if *used.ServiceName != "iam" || used.LastUsedDate == nil {
		t.Errorf("got %v", used)
	}
	must[*iam.DeleteAccessKeyOutput](t)(again.IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: one}))
	must[*iam.DeleteAccessKeyOutput](t)(again.IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: two.AccessKeyId}))
	if _, err := again.IAM.ListUsers(ctx, nil); iamtest.Code(err) != "InvalidClientTokenId" {
		t.Errorf("a deleted key: got %v", err)
	}
}

func TestPages(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	for i := range 5 {
		must[*iam.CreateGroupOutput](t)(root.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String(fmt.Sprintf("g%d", i))}))
	}
	var got []string
	p := iam.NewListGroupsPaginator(root, &iam.ListGroupsInput{MaxItems: aws.Int32(2)})
	for p.HasMorePages() {
		out := must[*iam.ListGroupsOutput](t)(p.NextPage(ctx))
		for _, g := range out.Groups {
			got = append(got, *g.GroupName)
		}
		if len(got) == 2 { // what the marker stands behind may be deleted
			must[*iam.DeleteGroupOutput](t)(root.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: aws.String("g1")}))
		}
	}
	if fmt.Sprint(got) != "[g0 g1 g2 g3 g4]" {
		t.Errorf("got %v", got)
	}
}

// What was made survives a restart, compiled policies and bound principals
// included.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	w := iamtest.Open(t, dir)
	alice := w.User("alice", allow("iam:ListUsers", "*"))
	key := must[*iam.ListAccessKeysOutput](t)(w.Root().IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("alice")})).AccessKeyMetadata[0].AccessKeyId
	fresh := must[*iam.CreateAccessKeyOutput](t)(w.Root().IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})).AccessKey
	w.Role("r", strings.Replace(trustAccount, "111122223333", "arn:aws:iam::111122223333:user/alice", 1), "")
	wantCode(t, second(alice.IAM.ListUsers(ctx, nil)), "")
	if err := w.DB.Close(); err != nil {
		t.Fatal(err)
	}
	w = iamtest.Open(t, dir)
	t.Cleanup(func() {
		if err := w.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	alice = w.As(*fresh.AccessKeyId, *fresh.SecretAccessKey, "")
	wantCode(t, second(alice.IAM.ListUsers(ctx, nil)), "")
	wantCode(t, second(alice.IAM.ListRoles(ctx, nil)), "AccessDenied")
	root := w.Root().IAM
	for _, id := range []*string{key, fresh.AccessKeyId} {
		must[*iam.DeleteAccessKeyOutput](t)(root.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: id}))
	}
	must[*iam.DeleteUserPolicyOutput](t)(root.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("alice"), PolicyName: aws.String("inline")}))
	must[*iam.DeleteUserOutput](t)(root.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("alice")}))
	doc := iamtest.Unescape(t, must[*iam.GetRoleOutput](t)(root.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})).Role.AssumeRolePolicyDocument)
	if !strings.Contains(doc, `"AIDA`) {
		t.Errorf("the deleted user must show as its ID, got %s", doc)
	}
}

// An account written as its ID is shown as its root's ARN; what only looks like
// one, in a condition, stays.
func TestTrustedAccountsAreShownAsARNs(t *testing.T) {
	root := iamtest.Start(t).Root().IAM
	given := `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Principal":{"AWS":["111122223333", "arn:aws:iam::444455556666:root"]},"Action":"sts:AssumeRole",
  "Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}},
 {"Effect":"Deny","Principal":"*","Action":"sts:TagSession"},
 {"Effect":"Deny","Principal":{"AWS":"777788889999"},"Action":"sts:SetSourceIdentity"}]}`
	made := must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: &given}))
	want := strings.Replace(given, `["111122223333"`, `["arn:aws:iam::111122223333:root"`, 1)
	want = strings.Replace(want, `"777788889999"`, `"arn:aws:iam::777788889999:root"`, 1)
	if got := iamtest.Unescape(t, made.Role.AssumeRolePolicyDocument); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
