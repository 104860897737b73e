package explain_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

// as reads an account with somebody's credentials, as --from-account does.
func as(cfg aws.Config) *explain.Account {
	return &explain.Account{Config: func(context.Context, string) (aws.Config, error) { return cfg, nil }}
}

func question(t *testing.T, principal, action, resource string, context ...string) *explain.Question {
	t.Helper()
	q := &explain.Question{From: "the flags"}
	o := explain.Override{Principal: principal, Action: action, Resource: resource, Context: context}
	if err := o.Apply(q); err != nil {
		t.Fatal(err)
	}
	return q
}

func unread(p *explain.Policies) (types []string) {
	for _, u := range p.Unread {
		types = append(types, u.Type.String())
	}
	slices.Sort(types)
	return types
}

// Everything that binds a user is read: its own policies, its groups', its
// boundary and its tags.
func TestAccountReadsAUser(t *testing.T) {
	r := newRoom(t)
	r.user("ann", doc(`{"Sid":"Own","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::vault/${aws:PrincipalTag/team}/*"}`))
	must(r.iam.TagUser(r.ctx, &iam.TagUserInput{UserName: aws.String("ann"), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("core")}}}))
	must(r.iam.CreateGroup(r.ctx, &iam.CreateGroupInput{GroupName: aws.String("g")}))
	must(r.iam.PutGroupPolicy(r.ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("g"), PolicyName: aws.String("inline"), PolicyDocument: doc(`{"Sid":"Group","Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}`)}))
	must(r.iam.AddUserToGroup(r.ctx, &iam.AddUserToGroupInput{GroupName: aws.String("g"), UserName: aws.String("ann")}))
	managed := must(r.iam.CreatePolicy(r.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("m"), PolicyDocument: doc(`{"Sid":"Managed","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`)})).Policy.Arn
	must(r.iam.AttachUserPolicy(r.ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: managed}))
	must(r.iam.AttachGroupPolicy(r.ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("g"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	fence := must(r.iam.CreatePolicy(r.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("fence"), PolicyDocument: doc(`{"Sid":"Fence","Effect":"Allow","Action":"s3:*","Resource":"*"}`)})).Policy.Arn
	must(r.iam.PutUserPermissionsBoundary(r.ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ann"), PermissionsBoundary: fence}))

	must(r.s3.CreateBucket(r.ctx, &s3.CreateBucketInput{Bucket: aws.String("vault"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}))
	q := question(t, "arn:aws:iam::111122223333:user/ann", "s3:GetObject", "arn:aws:s3:::vault/core/x")
	p, err := as(r.s.Config(r.s.Credentials())).Read(r.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.Read {
		names = append(names, s.Name)
	}
	want := []string{*fence, "user/ann/own", *managed, "group/g/inline", "arn:aws:iam::aws:policy/AdministratorAccess"}
	if !slices.Equal(names, want) {
		t.Errorf("read %q, want %q", names, want)
	}
	if got := strings.Join(unread(p), ", "); got != "VPC endpoint policy, resource control policy, service control policy" {
		t.Errorf("not read: %s (%+v)", got, p.Unread)
	}
	if v, _ := q.Context.Get("aws:PrincipalTag/team"); len(v) != 1 || v[0] != "core" {
		t.Errorf("the user's tag is %q", v)
	}
}

// What may not be read is not known, and no answer turns on a guess.
func TestAccountThatMayNotBeRead(t *testing.T) {
	r := newRoom(t)
	ann := r.user("ann", doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`))
	must(r.s3.CreateBucket(r.ctx, &s3.CreateBucketInput{Bucket: aws.String("vault"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}))
	key := must(r.kms.CreateKey(r.ctx, &kms.CreateKeyInput{})).KeyMetadata
	for _, tt := range []struct{ action, resource, want string }{
		{"s3:GetObject", "arn:aws:s3:::vault/k", "VPC endpoint policy, identity-based policy, permissions boundary, resource control policy, resource-based policy, service control policy"},
		{"kms:Decrypt", *key.Arn, "KMS grant, VPC endpoint policy, identity-based policy, permissions boundary, resource control policy, resource-based policy, service control policy"},
		{"sqs:SendMessage", "arn:aws:sqs:eu-west-2:111122223333:q", "VPC endpoint policy, identity-based policy, permissions boundary, resource control policy, resource-based policy, service control policy"},
	} {
		q := question(t, "arn:aws:iam::111122223333:user/ann", tt.action, tt.resource)
		p, err := as(ann).Read(r.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(unread(p), ", ")
		if got != tt.want {
			t.Errorf("%s: not read: %s", tt.action, got)
		}
		a, err := explain.Explain(q, p, explain.Options{})
		if err != nil || a.Decision != explain.CannotTell {
			t.Errorf("%s: got %+v, %v", tt.action, a, err)
		}
	}
	// A Deny that is known decides all the same, and so does a missing allow where
	// only guardrails are unknown.
	q := question(t, "arn:aws:iam::111122223333:user/ann", "s3:PutObject", "arn:aws:s3:::vault/k")
	p, err := as(r.s.Config(r.s.Credentials())).Read(r.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	a, err := explain.Explain(q, p, explain.Options{})
	if err != nil || a.Decision != explain.Denied {
		t.Errorf("got %s, %v\n%s", a.Decision, err, human(t, a))
	}
	// An account that is out of reach is named.
	out := &explain.Account{Config: func(context.Context, string) (aws.Config, error) { return aws.Config{}, errors.New("out of reach") }}
	q = question(t, "arn:aws:iam::111122223333:user/ann", "s3:PutObject", "arn:aws:s3:::vault/k")
	if p, err = out.Read(r.ctx, q); err != nil || !strings.Contains(p.Unread[0].Why, "out of reach") {
		t.Errorf("got %+v, %v", p.Unread, err)
	}
}

// A grant of a key may allow what no policy does.
func TestAGrantIsNotJudged(t *testing.T) {
	r := newRoom(t)
	r.user("ann", doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`))
	key := must(r.kms.CreateKey(r.ctx, &kms.CreateKeyInput{})).KeyMetadata
	decide := func(action string) *explain.Answer {
		q := question(t, "arn:aws:iam::111122223333:user/ann", action, *key.Arn)
		p, err := r.account().Read(r.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		a, err := explain.Explain(q, p, explain.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := decide("kms:Decrypt"); a.Decision != explain.Denied {
		t.Errorf("without a grant: %s\n%s", a.Decision, human(t, a))
	}
	must(r.kms.CreateGrant(r.ctx, &kms.CreateGrantInput{KeyId: key.KeyId, GranteePrincipal: aws.String("arn:aws:iam::111122223333:user/ann"), Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt}}))
	if a := decide("kms:Decrypt"); a.Decision != explain.CannotTell || !strings.Contains(human(t, a), "names the caller") {
		t.Errorf("with a grant: %s\n%s", a.Decision, human(t, a))
	}
}

// A role that was made again is not the one that asked.
func TestACallerThatIsGone(t *testing.T) {
	r := newRoom(t)
	must(r.s3.CreateBucket(r.ctx, &s3.CreateBucketInput{Bucket: aws.String("vault"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}))
	r.role("ci", doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}`), doc(everything))
	q := question(t, "arn:aws:sts::111122223333:assumed-role/ci/job", "s3:GetObject", "arn:aws:s3:::vault/k")
	q.Principal.ID = "AROAEXAMPLEEXAMPLE12"
	p, err := r.account().Read(r.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	p.Settle(policy.ReasonSession)
	if a, err := explain.Explain(q, p, explain.Options{}); err != nil || a.Decision != explain.CannotTell {
		t.Errorf("got %+v, %v", a, err)
	}
	// The same role by name alone is read, path and all.
	q = question(t, "arn:aws:sts::111122223333:assumed-role/ci/job", "s3:GetObject", "arn:aws:s3:::vault/k")
	if p, err = r.account().Read(r.ctx, q); err != nil || q.Principal.RoleARN != "arn:aws:iam::111122223333:role/ci" {
		t.Errorf("got %+v, %v", q.Principal, err)
	}
	if a, err := explain.Explain(q, p, explain.Options{}); err != nil || a.Decision != explain.CannotTell || !strings.Contains(a.Sentence, "session policy") {
		t.Errorf("session policies: got %v, %v", a.Sentence, err)
	}
	p.Settle(policy.ReasonSession)
	if a, err := explain.Explain(q, p, explain.Options{}); err != nil || a.Decision != explain.Allowed {
		t.Errorf("got %v, %v", a.Sentence, err)
	}
}
