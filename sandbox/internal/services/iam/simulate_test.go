package iam_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

func TestSimulate(t *testing.T) {
	w := iamtest.Start(t)
	root := w.Root().IAM
	w.User("alice", "{\"Version\":\"2012-10-17\",\"Statement\":[\n {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},\n {\"Effect\":\"Deny\",\"Action\":\"s3:DeleteBucket\",\"Resource\":\"*\"},\n"+
		" {\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}}]}")
	run := func(entries ...types.ContextEntry) []types.EvaluationResult {
		t.Helper()
		return must[*iam.SimulatePrincipalPolicyOutput](t)(root.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String("arn:aws:iam::111122223333:user/alice"), ActionNames: []string{"s3:GetObject", "s3:DeleteBucket", "ec2:RunInstances", "kms:Sign"}, ContextEntries: entries})).EvaluationResults
	}
	check := func(got []types.EvaluationResult, want ...types.PolicyEvaluationDecisionType) {
		t.Helper()
		for i := range want {
			if got[i].EvalDecision != want[i] {
				t.Errorf("%s: got %s, want %s", *got[i].EvalActionName, got[i].EvalDecision, want[i])
			}
		}
	}
	got := run()
	check(got, "allowed", "explicitDeny", "implicitDeny", "implicitDeny")
	if s := got[1].MatchedStatements; len(s) != 1 || s[0].StartPosition.Line != 3 || s[0].StartPosition.Column != 2 {
		t.Errorf("got %+v", s)
	}
	if m := got[0].MissingContextValues; len(m) != 1 || m[0] != "aws:SecureTransport" {
		t.Errorf("got %v", m)
	}
	check(run(types.ContextEntry{ContextKeyName: aws.String("aws:SecureTransport"), ContextKeyType: types.ContextKeyTypeEnumBoolean, ContextKeyValues: []string{"true"}}),
		"allowed", "explicitDeny", "implicitDeny", "allowed")

	custom := must[*iam.SimulateCustomPolicyOutput](t)(root.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{allow("s3:*", "*")},
		PermissionsBoundaryPolicyInputList: []string{allow("s3:Get*", "*")}, ActionNames: []string{"s3:GetObject", "s3:PutObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"}})).EvaluationResults
	check(custom, "allowed", "implicitDeny")
	if custom[1].PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary {
		t.Error("the boundary does not allow s3:PutObject")
	}
	_, err := root.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{"{"}, ActionNames: []string{"s3:GetObject"}})
	wantCode(t, err, "InvalidInput")
}
