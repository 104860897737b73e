package iam_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

// AWS's policy for Config's role has a path, is long, and is compiled late: it must
// read back, be attached and decide like any other.
func TestConfigRolePolicyIsHeld(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	const arn = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
	p := must[*iam.GetPolicyOutput](t)(root.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})).Policy
	if *p.Path != "/service-role/" || *p.PolicyName != "AWS_ConfigRole" {
		t.Errorf("got %+v", p)
	}
	v := must[*iam.GetPolicyVersionOutput](t)(root.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: p.DefaultVersionId})).PolicyVersion
	text, err := url.QueryUnescape(*v.Document)
	if err != nil || !json.Valid([]byte(text)) {
		t.Errorf("the document is no JSON: %v", err)
	}

	must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("config"), AssumeRolePolicyDocument: aws.String(trustAccount)}))
	must[*iam.AttachRolePolicyOutput](t)(root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("config"), PolicyArn: aws.String(arn)}))
	got := must[*iam.SimulatePrincipalPolicyOutput](t)(root.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:role/config"), ActionNames: []string{"ec2:DescribeVolumes", "s3:GetBucketAcl", "s3:PutObject", "iam:CreateUser"}})).EvaluationResults
	for i, want := range []string{"allowed", "allowed", "implicitDeny", "implicitDeny"} {
		if string(got[i].EvalDecision) != want {
			t.Errorf("%s: %s, want %s", *got[i].EvalActionName, got[i].EvalDecision, want)
		}
	}
}

// Those that are held with and without a path are found by their ARNs.
func TestManagedPoliciesAreHeldWithTheirPaths(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("support"), AssumeRolePolicyDocument: aws.String(trustAccount)}))
	for arn, path := range map[string]string{
		"arn:aws:iam::aws:policy/AWSSupportAccess":                         "/",
		"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "/service-role/",
	} {
		if p := must[*iam.GetPolicyOutput](t)(root.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})).Policy; *p.Path != path || *p.Arn != arn {
			t.Errorf("got %s at %s, want %s at %s", *p.Arn, *p.Path, arn, path)
		}
		must[*iam.AttachRolePolicyOutput](t)(root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("support"), PolicyArn: &arn}))
	}
	got := must[*iam.SimulatePrincipalPolicyOutput](t)(root.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:role/support"), ActionNames: []string{"support:CreateCase", "logs:PutLogEvents", "logs:DeleteLogGroup"}})).EvaluationResults
	for i, want := range []string{"allowed", "allowed", "implicitDeny"} {
		if string(got[i].EvalDecision) != want {
			t.Errorf("%s: %s, want %s", *got[i].EvalActionName, got[i].EvalDecision, want)
		}
	}
}
