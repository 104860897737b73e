package iam_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

var ctx = context.Background()

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func deny(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

const trustAccount = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := iamtest.Code(err); got != want {
		t.Fatalf("got error %v, want code %q", err, want)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Source: IAM User Guide, reference_policies_evaluation-logic and
// access_policies_boundaries.
func TestVerdicts(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root()
	must[*iam.CreateGroupOutput](t)(root.IAM.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("staff")}))
	boundary := must[*iam.CreatePolicyOutput](t)(root.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("fence"), PolicyDocument: aws.String(allow("iam:Get*", "*"))})).Policy.Arn
	list := func(c iamtest.Caller) error {
		_, err := c.IAM.ListUsers(ctx, nil)
		return err
	}
	get := func(c iamtest.Caller) error {
		_, err := c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("alice")})
		return err
	}

	alice := w.User("alice", "")
	wantCode(t, list(alice), "AccessDenied")
	must[*iam.PutGroupPolicyOutput](t)(root.IAM.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("staff"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("iam:*", "*"))}))
	wantCode(t, list(alice), "AccessDenied")
	must[*iam.AddUserToGroupOutput](t)(root.IAM.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("Staff"), UserName: aws.String("alice")}))
	wantCode(t, list(alice), "")
	must[*iam.PutUserPermissionsBoundaryOutput](t)(root.IAM.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("alice"), PermissionsBoundary: boundary}))
	wantCode(t, list(alice), "AccessDenied")
	wantCode(t, get(alice), "")
	must[*iam.DeleteUserPermissionsBoundaryOutput](t)(root.IAM.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("alice")}))
	wantCode(t, list(alice), "")
	must[*iam.PutGroupPolicyOutput](t)(root.IAM.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("staff"), PolicyName: aws.String("q"), PolicyDocument: aws.String(deny("iam:ListUsers", "*"))}))
	wantCode(t, list(alice), "AccessDenied")
	must[*iam.UpdateGroupOutput](t)(root.IAM.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("staff"), NewGroupName: aws.String("crew")}))
	wantCode(t, list(alice), "AccessDenied")
	wantCode(t, get(alice), "")
	must[*iam.RemoveUserFromGroupOutput](t)(root.IAM.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: aws.String("crew"), UserName: aws.String("alice")}))
	wantCode(t, get(alice), "AccessDenied")

	must[*iam.AttachUserPolicyOutput](t)(root.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	wantCode(t, list(alice), "")
	err := w.DB.Update(func() error {
		return w.IAM.AttachSCP(iamtest.Account, 1, "no-users", []byte(deny("iam:ListUsers", "*")))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, list(alice), "AccessDenied")
	wantCode(t, get(alice), "")
	wantCode(t, list(root), "AccessDenied")
	wantCode(t, list(w.OtherRoot()), "")
	err = w.DB.Update(func() error { return w.IAM.AttachSCP(iamtest.Account, 0, "FullAWSAccess", []byte(allow("s3:*", "*"))) })
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, get(alice), "AccessDenied")
}

// Source: Service Authorization Reference, IAM: resources and condition keys.
func TestConditionKeys(t *testing.T) {
	policyARN := "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	for _, tc := range []struct {
		name, doc string
		call      func(iamtest.Caller) error
		want      string
	}{
		{"attach only this policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::111122223333:role/*","Condition":{"ArnEquals":{"iam:PolicyARN":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: &policyARN})
				return err
			}, ""},
		{"attach another policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
				return err
			}, "AccessDenied"},
		{"create only with a boundary, without", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new")})
				return err
			}, "AccessDenied"},
		{"create only with a boundary, with", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new"), PermissionsBoundary: &policyARN})
				return err
			}, ""},
		{"create with tags needs the tagging action", allow("iam:CreateUser", "*"),
			func(c iamtest.Caller) error {
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
				return err
			}, "AccessDenied"},
		{"path in the resource", allow("iam:CreateUser", "arn:aws:iam::111122223333:user/team/*"),
			func(c iamtest.Caller) error {
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new"), Path: aws.String("/team/")})
				return err
			}, ""},
		{"another path", allow("iam:CreateUser", "arn:aws:iam::111122223333:user/team/*"),
			func(c iamtest.Caller) error {
				_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new")})
				return err
			}, "AccessDenied"},
		{"own keys by policy variable", allow("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}"),
			func(c iamtest.Caller) error { _, err := c.IAM.ListAccessKeys(ctx, nil); return err }, ""},
		{"another's keys", allow("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}"),
			func(c iamtest.Caller) error {
				_, err := c.IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("victim")})
				return err
			}, "AccessDenied"},
		{"a role whose boundary it is", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:UpdateRole","iam:DeleteRole"],"Resource":"*","Condition":{"ArnEquals":{"iam:PermissionsBoundary":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				name := aws.String("bounded")
				_, get := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
				_, update := c.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("x")})
				_, del := c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
				return errors.Join(get, update, del)
			}, ""},
		{"a role without a boundary", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:DeleteRole","Resource":"*","Condition":{"ArnEquals":{"iam:PermissionsBoundary":"` + policyARN + `"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")})
				return err
			}, "AccessDenied"},
		{"a policy has no iam:ResourceTag", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"red"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::111122223333:policy/tagged")})
				return err
			}, "AccessDenied"},
		{"resource tag", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"red"}}}]}`,
			func(c iamtest.Caller) error {
				_, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
				return err
			}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := iamtest.Start(t)
			w.User("victim", "")
			must[*iam.CreateRoleOutput](t)(w.Root().IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(trustAccount),
				Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}))
			must[*iam.CreateRoleOutput](t)(w.Root().IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bounded"), AssumeRolePolicyDocument: aws.String(trustAccount), PermissionsBoundary: &policyARN}))
			must[*iam.CreatePolicyOutput](t)(w.Root().IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("tagged"), PolicyDocument: aws.String(allow("s3:*", "*")),
				Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}))
			wantCode(t, tc.call(w.User("alice", tc.doc)), tc.want)
		})
	}
}
