package iam_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

func TestAccountOverview(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	w.User("alice", allow("s3:*", "*"))
	w.Role("r", trustAccount, "")
	must[*iam.CreateGroupOutput](t)(root.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("g")}))
	must[*iam.CreatePolicyOutput](t)(root.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("s3:*", "*"))}))
	m := must[*iam.GetAccountSummaryOutput](t)(root.GetAccountSummary(ctx, nil)).SummaryMap
	for key, want := range map[string]int32{"Users": 1, "Roles": 1, "Groups": 1, "Policies": 1, "AccountAccessKeysPresent": 1, "AccountMFAEnabled": 0} {
		if got, ok := m[key]; !ok || got != want {
			t.Errorf("%s: got %d, want %d", key, got, want)
		}
	}
	all := must[*iam.GetAccountAuthorizationDetailsOutput](t)(root.GetAccountAuthorizationDetails(ctx, nil))
	if len(all.UserDetailList) != 1 || len(all.RoleDetailList) != 1 || len(all.GroupDetailList) != 1 || len(all.Policies) != 1 {
		t.Fatalf("got %d users, %d roles, %d groups, %d policies", len(all.UserDetailList), len(all.RoleDetailList), len(all.GroupDetailList), len(all.Policies))
	}
	if doc := iamtest.Unescape(t, all.UserDetailList[0].UserPolicyList[0].PolicyDocument); doc != allow("s3:*", "*") {
		t.Errorf("got %s", doc)
	}
	only := must[*iam.GetAccountAuthorizationDetailsOutput](t)(root.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}}))
	if len(only.UserDetailList) != 0 || len(only.RoleDetailList) != 1 {
		t.Errorf("the filter keeps roles only, got %v", only)
	}
}

func TestCredentialReport(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	w.User("alice", "")
	_, err := root.GetCredentialReport(ctx, nil)
	wantCode(t, err, "ReportNotPresent")
	must[*iam.GenerateCredentialReportOutput](t)(root.GenerateCredentialReport(ctx, nil))
	out := must[*iam.GetCredentialReportOutput](t)(root.GetCredentialReport(ctx, nil))
	rows, err := csv.NewReader(strings.NewReader(string(out.Content))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "<root_account>" || rows[2][0] != "alice" || rows[2][8] != "true" {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestPasswords(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	alice := w.User("alice", allow("iam:ChangePassword", "*"))
	_, err := root.GetAccountPasswordPolicy(ctx, nil)
	wantCode(t, err, "NoSuchEntity")
	must[*iam.UpdateAccountPasswordPolicyOutput](t)(root.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(14), RequireSymbols: true, MaxPasswordAge: aws.Int32(90)}))
	p := must[*iam.GetAccountPasswordPolicyOutput](t)(root.GetAccountPasswordPolicy(ctx, nil)).PasswordPolicy
	if *p.MinimumPasswordLength != 14 || !p.ExpirePasswords || !p.RequireSymbols || p.RequireNumbers {
		t.Errorf("got %+v", p)
	}
	create := func(password string) error {
		_, err := root.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("alice"), Password: &password})
		return err
	}
	wantCode(t, create("short!"), "PasswordPolicyViolation")
	wantCode(t, create("long-enough-and-more"), "")
	wantCode(t, create("long-enough-and-more"), "EntityAlreadyExists")
	_, err = alice.IAM.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: aws.String("wrong"), NewPassword: aws.String("another-long-one-here")})
	wantCode(t, err, "AccessDenied")
	if strings.Contains(err.Error(), "another-long") {
		t.Error("the error repeats the password")
	}
	must[*iam.ChangePasswordOutput](t)(alice.IAM.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: aws.String("long-enough-and-more"), NewPassword: aws.String("another-long-one-here")}))
	_, err = root.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("alice")})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DeleteLoginProfileOutput](t)(root.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: aws.String("alice")}))
	must[*iam.DeleteAccountPasswordPolicyOutput](t)(root.DeleteAccountPasswordPolicy(ctx, nil))
}

func TestAliases(t *testing.T) {
	w := iamtest.Start(t)
	must[*iam.CreateAccountAliasOutput](t)(w.Root().IAM.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: aws.String("strong-room")}))
	_, err := w.OtherRoot().IAM.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: aws.String("strong-room")})
	wantCode(t, err, "EntityAlreadyExists")
	for _, bad := range []string{"Upper", "-x-", "a--b", "ab"} {
		_, err := w.Root().IAM.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: &bad})
		wantCode(t, err, "ValidationError")
	}
	if got := must[*iam.ListAccountAliasesOutput](t)(w.Root().IAM.ListAccountAliases(ctx, nil)).AccountAliases; len(got) != 1 || got[0] != "strong-room" {
		t.Errorf("got %v", got)
	}
	must[*iam.DeleteAccountAliasOutput](t)(w.Root().IAM.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("strong-room")}))
}

func TestInstanceProfiles(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	w.Role("r", trustAccount, "")
	must[*iam.CreateInstanceProfileOutput](t)(root.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("p")}))
	add := &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("p"), RoleName: aws.String("r")}
	_, err := w.User("alice", allow("iam:AddRoleToInstanceProfile", "*")).IAM.AddRoleToInstanceProfile(ctx, add)
	wantCode(t, err, "AccessDenied") // without iam:PassRole
	must[*iam.AddRoleToInstanceProfileOutput](t)(root.AddRoleToInstanceProfile(ctx, add))
	if got := must[*iam.ListInstanceProfilesForRoleOutput](t)(root.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("r")})).InstanceProfiles; len(got) != 1 || len(got[0].Roles) != 1 {
		t.Errorf("got %v", got)
	}
	_, err = root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")})
	wantCode(t, err, "DeleteConflict")
	must[*iam.RemoveRoleFromInstanceProfileOutput](t)(root.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: aws.String("p"), RoleName: aws.String("r")}))
	must[*iam.DeleteInstanceProfileOutput](t)(root.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: aws.String("p")}))
}

func TestServiceLinkedRole(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	role := must[*iam.CreateServiceLinkedRoleOutput](t)(root.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("config.amazonaws.com")})).Role
	if *role.Arn != "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig" {
		t.Errorf("got %q", *role.Arn)
	}
	_, err := root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role.RoleName, PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("s3:*", "*"))})
	wantCode(t, err, "UnmodifiableEntity")
	_, err = root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role.RoleName})
	wantCode(t, err, "UnmodifiableEntity")
	_, err = root.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role.RoleName, Description: aws.String("d"), MaxSessionDuration: aws.Int32(7200)})
	wantCode(t, err, "UnmodifiableEntity")
	must[*iam.UpdateRoleOutput](t)(root.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role.RoleName, Description: aws.String("our own words")}))
	if got := must[*iam.GetRoleOutput](t)(root.GetRole(ctx, &iam.GetRoleInput{RoleName: role.RoleName})).Role; aws.ToString(got.Description) != "our own words" {
		t.Errorf("description %q", aws.ToString(got.Description))
	}
	task := must[*iam.DeleteServiceLinkedRoleOutput](t)(root.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: role.RoleName})).DeletionTaskId
	if got := must[*iam.GetServiceLinkedRoleDeletionStatusOutput](t)(root.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})).Status; got != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("got %q", got)
	}
}
