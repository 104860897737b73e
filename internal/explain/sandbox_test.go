package explain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	here  = "111122223333"
	there = "444455556666"
)

// room is a sandbox with people in it.
type room struct {
	t   *testing.T
	s   *sandbox.Sandbox
	ctx context.Context
	iam *iam.Client
	s3  *s3.Client
	kms *kms.Client
}

func newRoom(t *testing.T) *room {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	root := s.Config(s.Credentials())
	return &room{t: t, s: s, ctx: t.Context(), iam: iam.NewFromConfig(root), s3: s3.NewFromConfig(root), kms: kms.NewFromConfig(root)}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func doc(statements ...string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

// user makes a user with an inline policy and returns its configuration.
func (r *room) user(name string, policyText *string) aws.Config {
	r.t.Helper()
	must(r.iam.CreateUser(r.ctx, &iam.CreateUserInput{UserName: &name}))
	if policyText != nil {
		must(r.iam.PutUserPolicy(r.ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: policyText}))
	}
	key := must(r.iam.CreateAccessKey(r.ctx, &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
	return r.s.Config(sandbox.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey})
}

func (r *room) role(name string, trust, own *string) string {
	r.t.Helper()
	out := must(r.iam.CreateRole(r.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trust}))
	if own != nil {
		must(r.iam.PutRolePolicy(r.ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: own}))
	}
	return *out.Role.Arn
}

// account reads the sandbox as --from-sandbox does.
func (r *room) account() *explain.Account {
	return &explain.Account{
		Sandbox: true,
		Config: func(_ context.Context, account string) (aws.Config, error) {
			if account == "" {
				account = here
			}
			c, err := r.s.RootCredentials(account)
			return r.s.Config(c), err
		},
		Guardrails: func(_ context.Context, account string) (scps, rcps [][]explain.Document, err error) {
			g, err := r.s.Guardrails(account)
			return documents(g.SCPs), documents(g.RCPs), err
		},
	}
}

func documents(levels [][]sandbox.Document) [][]explain.Document {
	out := make([][]explain.Document, len(levels))
	for i, level := range levels {
		for _, d := range level {
			out[i] = append(out[i], explain.Document{Name: d.Name, Text: d.Document})
		}
	}
	return out
}

// line is an event as the audit file has it.
func line(t *testing.T, e *sandbox.Event) []byte {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask explains an event with the policies of the sandbox.
func (r *room) ask(text []byte, opts explain.Options) *explain.Answer {
	r.t.Helper()
	list, err := explain.ReadEvent("audit.jsonl", bytes.NewReader(text), "")
	if err != nil {
		r.t.Fatalf("%v\n%s", err, text)
	}
	a, err := explain.All(list, opts, func(q *explain.Question) (*explain.Policies, error) {
		p, err := r.account().Read(r.ctx, q)
		if err == nil {
			// Nobody passes session policies in these tests but where a test says so.
			p.Settle(policy.ReasonSession)
		}
		return p, err
	})
	if err != nil {
		r.t.Fatalf("%v\n%s", err, text)
	}
	return a
}

// agree checks that the last event's explanation is the sandbox's own.
func (r *room) agree(what string, err error) {
	r.t.Helper()
	if err == nil {
		r.t.Errorf("%s: allowed", what)
		return
	}
	denials := r.s.Denials()
	if len(denials) == 0 {
		r.t.Fatalf("%s: no denial: %v", what, err)
	}
	e := denials[len(denials)-1]
	d := e.Decisions[len(e.Decisions)-1]
	text := line(r.t, &e)

	// With all that the sandbox tells, it is the same decision for the same reason.
	a := r.ask(text, explain.Options{WhatIf: true})
	if a.Decision != explain.Denied || a.Verdict == nil || *a.Verdict != d.Verdict || *a.Reason != d.Reason || a.Action != d.Action || a.Resource != d.Resource {
		r.t.Errorf("%s: got %s %v %v (%s on %s), the sandbox says %v %v (%s on %s)\n%s", what, a.Decision, show(a.Verdict), show(a.Reason), a.Action, a.Resource, d.Verdict, d.Reason, d.Action, d.Resource, human(r.t, a))
		return
	}
	if got, want := statementOf(a), sandboxStatement(&d); got != want {
		r.t.Errorf("%s: decided by %q, in the sandbox by %q\n%s", what, got, want, human(r.t, a))
	}

	// Without the encoded message keys are missing: what the policies leave open is
	// settled by AWS's answer, and never the other way round.
	delete(e.AdditionalEventData, "encodedAuthorizationMessage")
	text = line(r.t, &e)
	if a := r.ask(text, explain.Options{WhatIf: true}); a.Decision == explain.Allowed {
		r.t.Errorf("%s: a refused request counts as allowed\n%s", what, human(r.t, a))
	}
	a = r.ask(text, explain.Options{})
	if a.Decision != explain.Denied {
		r.t.Errorf("%s: got %s for a request that was refused\n%s", what, a.Decision, human(r.t, a))
	} else if want := sandboxStatement(&d); want != "" && a.Basis == "record" {
		found := slices.ContainsFunc(a.Deciding, func(s explain.Statement) bool { return s.Sid == want })
		if !found {
			r.t.Errorf("%s: the statement %q is not among what can be why\n%s", what, want, human(r.t, a))
		}
	}
}

func show[T fmt.Stringer](v *T) string {
	if v == nil {
		return "(open)"
	}
	return (*v).String()
}

func human(t *testing.T, a *explain.Answer) string {
	t.Helper()
	var b strings.Builder
	if err := explain.Human(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func statementOf(a *explain.Answer) string {
	if a.Verdict == nil || *a.Verdict != policy.ExplicitDeny || len(a.Deciding) != 1 {
		return ""
	}
	return a.Deciding[0].Sid
}

// sandboxStatement is the Sid of the Deny that decided; empty: none did.
func sandboxStatement(d *sandbox.Decision) string {
	if d.Verdict != policy.ExplicitDeny {
		return ""
	}
	for _, step := range d.Explanation.Steps {
		for _, s := range step.Statements {
			if s.Effect == policy.EffectDeny && s.Policy == d.Policy && s.Index == d.Statement {
				return s.Sid
			}
		}
	}
	return "?"
}

const everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// Every denial of the sandbox is explained as the sandbox itself decided it.
func TestTheSandboxAgrees(t *testing.T) {
	r := newRoom(t)
	must(r.s3.CreateBucket(r.ctx, &s3.CreateBucketInput{Bucket: aws.String("state"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}))
	must(r.s3.PutObject(r.ctx, &s3.PutObjectInput{Bucket: aws.String("state"), Key: aws.String("a/b c.txt"), Body: strings.NewReader("x")}))
	key := must(r.kms.CreateKey(r.ctx, &kms.CreateKeyInput{})).KeyMetadata
	get := func(cfg aws.Config, key string) error {
		_, err := s3.NewFromConfig(cfg).GetObject(r.ctx, &s3.GetObjectInput{Bucket: aws.String("state"), Key: &key})
		return err
	}
	nobody := r.user("nobody", nil)
	admin := r.user("admin", doc(everything))

	t.Run("identity", func(t *testing.T) {
		r.t = t
		r.agree("no policy at all", get(nobody, "a/b c.txt"))
		_, err := iam.NewFromConfig(nobody).ListUsers(r.ctx, nil)
		r.agree("list users", err)
		_, err = iam.NewFromConfig(nobody).GetRole(r.ctx, &iam.GetRoleInput{RoleName: aws.String("none")})
		r.agree("a role that is not there", err)
		_, err = s3.NewFromConfig(nobody).ListBuckets(r.ctx, nil)
		r.agree("list buckets", err)
		_, err = s3.NewFromConfig(nobody).CreateBucket(r.ctx, &s3.CreateBucketInput{Bucket: aws.String("new-one"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}})
		r.agree("a bucket that is yet to be made", err)
		_, err = s3.NewFromConfig(nobody).ListObjectsV2(r.ctx, &s3.ListObjectsV2Input{Bucket: aws.String("state"), Prefix: aws.String("a/")})
		r.agree("list a bucket", err)
		_, err = s3.NewFromConfig(nobody).HeadObject(r.ctx, &s3.HeadObjectInput{Bucket: aws.String("state"), Key: aws.String("a/b c.txt")})
		r.agree("head an object", err)
		_, err = s3.NewFromConfig(nobody).GetBucketEncryption(r.ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String("state")})
		r.agree("bucket encryption", err)
		_, err = s3.NewFromConfig(nobody).PutPublicAccessBlock(r.ctx, &s3.PutPublicAccessBlockInput{Bucket: aws.String("state"), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{}})
		r.agree("public access block", err)
		_, err = kms.NewFromConfig(nobody).ListKeys(r.ctx, nil)
		r.agree("list keys", err)
		near := r.user("near", doc(`{"Sid":"Near","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::state/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"Bool":{"aws:SecureTransport":"true"}}}`))
		r.agree("from another address", get(near, "a/b c.txt"))
		denied := r.user("denied", doc(everything, `{"Sid":"NoReading","Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::state/a/*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}}`))
		r.agree("a deny of its own", get(denied, "a/b c.txt"))
		mfa := r.user("mfa", doc(everything, `{"Sid":"NoMFA","Effect":"Deny","NotAction":"iam:ListUsers","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`))
		r.agree("without MFA, key absent", get(mfa, "a/b c.txt"))
		tagged := r.user("tagged", doc(`{"Sid":"Team","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::state/${aws:PrincipalTag/team}/*"}`))
		r.agree("no tag for the variable", get(tagged, "a/b c.txt"))
	})

	t.Run("resource", func(t *testing.T) {
		r.t = t
		must(r.s3.PutBucketPolicy(r.ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("state"), Policy: doc(
			`{"Sid":"OnlyKMS","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::state/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}`,
			`{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::state","arn:aws:s3:::state/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
			`{"Sid":"Secret","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:user/nobody"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::state/secret/*"}`)}))
		_, err := s3.NewFromConfig(admin).PutObject(r.ctx, &s3.PutObjectInput{Bucket: aws.String("state"), Key: aws.String("x"), Body: strings.NewReader("x")})
		r.agree("no encryption header", err)
		_, err = s3.NewFromConfig(admin).PutObject(r.ctx, &s3.PutObjectInput{Bucket: aws.String("state"), Key: aws.String("x"), Body: strings.NewReader("x"), ServerSideEncryption: s3types.ServerSideEncryptionAes256})
		r.agree("the wrong encryption header", err)
		plain := admin.Copy()
		_, err = s3.NewFromConfig(plain, func(o *s3.Options) { o.EndpointOptions.DisableHTTPS = true }).GetObject(r.ctx, &s3.GetObjectInput{Bucket: aws.String("state"), Key: aws.String("a/b c.txt")})
		r.agree("plain HTTP", err)
		r.agree("not principal", get(admin, "secret/x"))
		other := must(r.s.RootCredentials(there))
		r.agree("another account", get(r.s.Config(other), "a/b c.txt"))
		anonymous := r.s.Config(sandbox.Credentials{})
		anonymous.Credentials = aws.AnonymousCredentials{}
		r.agree("unsigned", get(anonymous, "a/b c.txt"))
	})

	t.Run("key", func(t *testing.T) {
		r.t = t
		user := r.user("cipher", doc(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`))
		must(r.kms.PutKeyPolicy(r.ctx, &kms.PutKeyPolicyInput{KeyId: key.KeyId, BypassPolicyLockoutSafetyCheck: true, Policy: doc(
			`{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["kms:Put*","kms:Get*","kms:List*","kms:Describe*"],"Resource":"*"}`,
			`{"Sid":"App","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/cipher"},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"x"}}}`,
			`{"Sid":"NoMac","Effect":"Deny","Principal":"*","Action":"kms:GenerateDataKey","Resource":"*"}`)}))
		client := kms.NewFromConfig(user)
		_, err := client.Encrypt(r.ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: []byte("x"), EncryptionContext: map[string]string{"app": "y"}})
		r.agree("another context", err)
		_, err = client.Encrypt(r.ctx, &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")})
		r.agree("no context", err)
		_, err = client.GenerateDataKey(r.ctx, &kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256"})
		r.agree("a deny of the key policy", err)
		_, err = s3.NewFromConfig(user).ListBuckets(r.ctx, nil)
		r.agree("another service", err)
	})

	t.Run("role", func(t *testing.T) {
		r.t = t
		trust := r.role("trusting", doc(`{"Sid":"Ext","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`), doc(`{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`))
		assume := func(cfg aws.Config, in *sts.AssumeRoleInput) (aws.Config, error) {
			in.RoleArn, in.RoleSessionName = &trust, aws.String("job")
			out, err := sts.NewFromConfig(cfg).AssumeRole(r.ctx, in)
			if err != nil {
				return aws.Config{}, err
			}
			c := out.Credentials
			return r.s.Config(sandbox.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}), nil
		}
		_, err := assume(admin, &sts.AssumeRoleInput{})
		r.agree("no external ID", err)
		_, err = assume(nobody, &sts.AssumeRoleInput{ExternalId: aws.String("42")})
		r.agree("delegated, and nothing of its own", err)
		session, err := assume(admin, &sts.AssumeRoleInput{ExternalId: aws.String("42")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s3.NewFromConfig(session).PutObject(r.ctx, &s3.PutObjectInput{Bucket: aws.String("state"), Key: aws.String("k"), Body: strings.NewReader("x"), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms})
		r.agree("a role that may only read", err)
		_, err = iam.NewFromConfig(session).CreateUser(r.ctx, &iam.CreateUserInput{UserName: aws.String("eve")})
		r.agree("a role that may not make users", err)
	})

	t.Run("web identity", func(t *testing.T) {
		r.t = t
		must(r.iam.CreateOpenIDConnectProvider(r.ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://gitlab.com"), ClientIDList: []string{"https://gitlab.com"}}))
		arn := r.role("merge", doc(`{"Sid":"MR","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"gitlab.com:sub":"project_path:a/b:ref_type:mr:*"}}}`), nil)
		anonymous := r.s.Config(sandbox.Credentials{})
		anonymous.Credentials = aws.AnonymousCredentials{}
		token := must(r.s.Token(sandbox.TokenRequest{Project: "a/b"}))
		_, err := sts.NewFromConfig(anonymous).AssumeRoleWithWebIdentity(r.ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &arn, RoleSessionName: aws.String("job"), WebIdentityToken: &token})
		r.agree("a subject that no token has", err)
	})

	t.Run("session policy", func(t *testing.T) {
		r.t = t
		arn := r.role("wide", doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/admin"},"Action":"sts:AssumeRole"}`), doc(everything))
		out := must(sts.NewFromConfig(admin).AssumeRole(r.ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("job"), Policy: doc(`{"Sid":"Narrow","Effect":"Allow","Action":"s3:*","Resource":"*"}`)}))
		session := r.s.Config(sandbox.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken})
		if _, err := kms.NewFromConfig(session).ListKeys(r.ctx, nil); err == nil {
			t.Fatal("allowed")
		}
		denials := r.s.Denials()
		text := line(t, &denials[len(denials)-1])
		// The session's policy cannot be read: the policies alone cannot tell, and AWS's
		// words can.
		for whatIf, want := range map[bool]explain.Decision{true: explain.CannotTell, false: explain.Denied} {
			list, err := explain.ReadEvent("f", bytes.NewReader(text), "")
			if err != nil {
				t.Fatal(err)
			}
			p, err := r.account().Read(r.ctx, list[0])
			if err != nil {
				t.Fatal(err)
			}
			a, err := explain.Explain(list[0], p, explain.Options{WhatIf: whatIf})
			if err != nil || a.Decision != want {
				t.Errorf("what if %v: got %s, want %s (%v)\n%s", whatIf, a.Decision, want, err, human(t, a))
			}
		}
	})

	t.Run("boundary", func(t *testing.T) {
		r.t = t
		bounded := r.user("bounded", doc(everything))
		fence := must(r.iam.CreatePolicy(r.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("fence"), PolicyDocument: doc(
			`{"Sid":"Some","Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"*"}`, `{"Sid":"NoUsers","Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}`)})).Policy
		must(r.iam.PutUserPermissionsBoundary(r.ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("bounded"), PermissionsBoundary: fence.Arn}))
		_, err := kms.NewFromConfig(bounded).ListKeys(r.ctx, nil)
		r.agree("outside the boundary", err)
		_, err = iam.NewFromConfig(bounded).CreateUser(r.ctx, &iam.CreateUserInput{UserName: aws.String("eve")})
		r.agree("a deny of the boundary", err)
	})

	t.Run("guardrails", func(t *testing.T) {
		r.t = t
		if err := r.s.AttachSCP(here, 1, "no-listing", []byte(*doc(`{"Sid":"NoListing","Effect":"Deny","Action":"iam:ListRoles","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/boss"}}}`))); err != nil {
			t.Fatal(err)
		}
		_, err := iam.NewFromConfig(admin).ListRoles(r.ctx, nil)
		r.agree("a deny of an SCP", err)
		if err := r.s.AttachRCP(here, 0, "perimeter", []byte(*doc(`{"Sid":"Perimeter","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalAccount":"999999999999"}}}`))); err != nil {
			t.Fatal(err)
		}
		r.agree("a deny of an RCP", get(admin, "a/b c.txt"))
		if err := r.s.AttachSCP(here, 0, "FullAWSAccess", []byte(*doc(`{"Sid":"Few","Effect":"Allow","Action":["iam:*","s3:*"],"Resource":"*"}`))); err != nil {
			t.Fatal(err)
		}
		_, err = kms.NewFromConfig(admin).ListKeys(r.ctx, nil)
		r.agree("an SCP that does not allow", err)
	})
}

// A successful request is explained as allowed, by the statement that allowed it.
func TestAnAllowedEvent(t *testing.T) {
	r := newRoom(t)
	user := r.user("ann", doc(`{"Sid":"Other","Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Sid":"Me","Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}`))
	must(iam.NewFromConfig(user).ListUsers(r.ctx, nil))
	events := r.s.Events()
	var last *sandbox.Event
	for i := range events {
		if events[i].EventName == "ListUsers" {
			last = &events[i]
		}
	}
	a := r.ask(line(t, last), explain.Options{})
	if a.Decision != explain.Allowed || len(a.Deciding) != 1 || a.Deciding[0].Sid != "Me" {
		t.Errorf("got %s by %+v\n%s", a.Decision, a.Deciding, human(t, a))
	}
}
