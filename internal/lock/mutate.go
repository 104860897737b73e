package lock

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// document is a policy document loosely: enough to drop a statement or to
// change one.
type document struct {
	Version   string           `json:"Version"`
	ID        string           `json:"Id,omitempty"`
	Statement []map[string]any `json:"Statement"`
}

// edit parses a document, changes it and returns the new text. change returns
// the statement to keep, or nil to drop it; changing nothing is an error,
// because the mutation would then prove nothing.
func edit(text string, change func(statement map[string]any) map[string]any) (string, error) {
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return "", err
	}
	var kept []map[string]any
	for _, s := range d.Statement {
		if s = change(s); s != nil {
			kept = append(kept, s)
		}
	}
	d.Statement = kept
	out, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	var before, after any
	if json.Unmarshal([]byte(text), &before) == nil && json.Unmarshal(out, &after) == nil &&
		fmt.Sprint(before) == fmt.Sprint(after) {
		return "", fmt.Errorf("the mutation changed nothing")
	}
	return string(out), nil
}

// adding returns the document with one more statement.
func adding(text string, statement map[string]any) (string, error) {
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return "", err
	}
	d.Statement = append(d.Statement, statement)
	out, err := json.Marshal(d)
	return string(out), err
}

// dropping returns a change that drops the statements with these Sids.
func dropping(sids ...string) func(map[string]any) map[string]any {
	return func(s map[string]any) map[string]any {
		for _, sid := range sids {
			if s["Sid"] == sid {
				return nil
			}
		}
		return s
	}
}

// editBucketPolicy changes the state bucket's policy.
func (w *World) editBucketPolicy(ctx context.Context, change func(map[string]any) map[string]any) (func() error, error) {
	client := w.operator()
	got, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
	if err != nil {
		return nil, err
	}
	text, err := edit(*got.Policy, change)
	if err != nil {
		return nil, err
	}
	put := func(policy *string) error {
		_, err := w.operator().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &w.Bucket, Policy: policy})
		return err
	}
	return func() error { return put(got.Policy) }, put(&text)
}

// editTrustPolicy changes a role's trust policy.
func (w *World) editTrustPolicy(ctx context.Context, role string, change func(map[string]any) map[string]any) (func() error, error) {
	client := w.operatorIAM()
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(nameOf(role))})
	if err != nil {
		return nil, err
	}
	old, err := unescape(*got.Role.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	text, err := edit(old, change)
	if err != nil {
		return nil, err
	}
	put := func(policy string) error {
		_, err := w.operatorIAM().UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: got.Role.RoleName, PolicyDocument: &policy})
		return err
	}
	return func() error { return put(old) }, put(text)
}

// giveRole adds an inline policy to a role.
func (w *World) giveRole(ctx context.Context, role, policy string) (func() error, error) {
	client := w.operatorIAM()
	name := aws.String("rehearsal-mutation")
	_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(nameOf(role)), PolicyName: name, PolicyDocument: &policy})
	return func() error {
		_, err := w.operatorIAM().DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(nameOf(role)), PolicyName: name})
		return err
	}, err
}
