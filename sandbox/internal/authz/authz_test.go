package authz_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/authz"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

// everybody is a directory in which all have the same policies.
type everybody struct{ all op.Policies }

func (e everybody) Credential(string) (op.Credential, bool) { return op.Credential{}, false }
func (e everybody) Policies(*op.Caller) op.Policies         { return e.all }

func parse(t testing.TB, kind policy.Kind, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("test", []byte(text), kind)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func call(caller *op.Caller) *op.Call {
	return &op.Call{Now: now, Region: "eu-west-2", Caller: caller, Secure: true, SourceIP: netip.MustParseAddr("127.0.0.1"),
		HTTP: &http.Request{Header: http.Header{"User-Agent": {"tester/1"}}}}
}

func user() *op.Caller {
	return &op.Caller{AccessKeyID: "AKIA", Account: account, Principal: policy.Principal{Type: policy.User, Account: account, ID: "AIDAX", ARN: "arn:aws:iam::" + account + ":user/team/bob"}}
}

func role() *op.Caller {
	return &op.Caller{AccessKeyID: "ASIA", Account: account,
		Principal: policy.Principal{Type: policy.AssumedRole, Account: account, ID: "AROAX", ARN: "arn:aws:sts::" + account + ":assumed-role/ci/job", RoleARN: "arn:aws:iam::" + account + ":role/p/ci"},
		Session: &op.Session{Name: "job", Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour), SourceIdentity: "alice", Tags: map[string]string{"Team": "session"},
			MFA: true, MFAAt: now.Add(-90 * time.Second), Federated: []op.Key{op.Single("aws:FederatedProvider", "arn:provider"), op.Single("gitlab.com:sub", "s")}}}
}

// TestGlobalKeys has one row for each key and caller: the value that a request
// carries, or "absent".
// Source: IAM User Guide "AWS global condition context keys", "IAM policy
// elements: variables and tags" (table of principal key values).
func TestGlobalKeys(t *testing.T) {
	root := &op.Caller{Account: account, Principal: policy.Principal{Type: policy.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root"}}
	session := user()
	session.Session = &op.Session{Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour)}
	federated := &op.Caller{Account: account, Principal: policy.Principal{Type: policy.FederatedUser, Account: account, ARN: "arn:aws:sts::" + account + ":federated-user/eve"}, Session: &op.Session{Issued: now}}
	anonymous := &op.Caller{}
	web := role()
	web.Session = &op.Session{Name: "job", Issued: now, Source: "AssumeRoleWithWebIdentity"}
	assumed := role()
	assumed.Session = &op.Session{Name: "job", Issued: now, Source: "AssumeRole"}
	const absent = "absent"
	for _, tt := range []struct {
		caller    *op.Caller
		key, want string
	}{
		{root, "aws:PrincipalArn", "arn:aws:iam::" + account + ":root"},
		{root, "aws:PrincipalType", "Account"},
		{root, "aws:userid", account},
		{root, "aws:username", absent},
		{root, "aws:MultiFactorAuthPresent", absent},
		{user(), "aws:PrincipalArn", "arn:aws:iam::" + account + ":user/team/bob"},
		{user(), "aws:PrincipalAccount", account},
		{user(), "aws:PrincipalType", "User"},
		{user(), "aws:userid", "AIDAX"},
		{user(), "aws:username", "bob"},
		{user(), "aws:MultiFactorAuthPresent", absent},
		{user(), "aws:TokenIssueTime", absent},
		{user(), "aws:PrincipalTag/Team", "own"},
		{user(), "aws:SourceIdentity", absent},
		{user(), "aws:PrincipalOrgID", absent},
		{session, "aws:MultiFactorAuthPresent", "false"},
		{assumed, "aws:MultiFactorAuthPresent", "false"},
		{web, "aws:MultiFactorAuthPresent", absent},
		{session, "aws:MultiFactorAuthAge", absent},
		{session, "aws:username", "bob"},
		{session, "aws:TokenIssueTime", "2026-11-21T11:00:00Z"},
		{role(), "aws:PrincipalArn", "arn:aws:iam::" + account + ":role/p/ci"},
		{role(), "aws:PrincipalType", "AssumedRole"},
		{role(), "aws:userid", "AROAX:job"},
		{role(), "aws:username", absent},
		{role(), "aws:MultiFactorAuthPresent", "true"},
		{role(), "aws:MultiFactorAuthAge", "90"},
		{role(), "aws:PrincipalTag/Team", "session"},
		{role(), "aws:PrincipalTag/team", "session"},
		{role(), "aws:SourceIdentity", "alice"},
		{role(), "aws:FederatedProvider", "arn:provider"},
		{role(), "gitlab.com:sub", "s"},
		{federated, "aws:PrincipalType", "FederatedUser"},
		{federated, "aws:userid", account + ":eve"},
		{federated, "aws:username", absent},
		{anonymous, "aws:PrincipalArn", absent},
		{anonymous, "aws:PrincipalType", "Anonymous"},
		{anonymous, "aws:PrincipalAccount", "anonymous"},
		{user(), "aws:RequestedRegion", "eu-west-2"},
		{user(), "aws:SecureTransport", "true"},
		{user(), "aws:SourceIp", "127.0.0.1"},
		{user(), "aws:UserAgent", "tester/1"},
		{user(), "aws:Referer", absent},
		{user(), "aws:ViaAWSService", "false"},
		{user(), "aws:CalledVia", absent},
		{user(), "aws:PrincipalIsAWSService", "false"},
		{anonymous, "aws:PrincipalIsAWSService", absent},
		{user(), "aws:ResourceAccount", "999988887777"},
		{user(), "aws:ResourceTag/Env", "prod"},
		{user(), "aws:RequestTag/New", "x"},
		{user(), "aws:EpochTime", "1795262400"},
		{user(), "aws:SourceVpc", absent},
	} {
		condition := `{"StringEquals":{"` + tt.key + `":"` + tt.want + `"}}`
		if tt.want == absent {
			condition = `{"Null":{"` + tt.key + `":"true"}}`
		}
		if strings.HasSuffix(tt.key, "SourceIp") {
			condition = `{"IpAddress":{"aws:SourceIp":"127.0.0.1/32"}}`
		}
		if strings.HasSuffix(tt.key, "Arn") && tt.want != absent {
			condition = `{"ArnEquals":{"` + tt.key + `":"` + tt.want + `"}}`
		}
		if strings.HasSuffix(tt.key, "Time") && tt.want != absent {
			condition = `{"DateEquals":{"` + tt.key + `":"` + tt.want + `"}}`
		}
		// A bucket policy that names everybody, so that identity policies and
		// accounts do not matter. The Deny shows a condition that is not met.
		bucket := parse(t, policy.Resource, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":`+condition+`}}`)
		a := authz.New(everybody{op.Policies{Tags: map[string]string{"team": "own"}}}, nil)
		v := a.Decide(call(tt.caller), op.Check{Action: "s3:GetObject", Context: []op.Key{op.Single("aws:RequestTag/New", "x")},
			Resource: op.Resource{ARN: "arn:aws:s3:::b/k", Account: "999988887777", Policy: bucket, Tags: map[string]string{"Env": "prod"}}}, sigv4.S3)
		if v.Decision.Verdict != policy.ExplicitDeny {
			t.Errorf("%s %s is not %q: %v", tt.caller.Principal.ARN, tt.key, tt.want, v.Explanation)
		}
	}
}

func TestCallsOnBehalfOfTheCaller(t *testing.T) {
	p := parse(t, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{
		"Bool":{"aws:ViaAWSService":"true","aws:SecureTransport":"true"},"Null":{"aws:UserAgent":"true"},"IpAddress":{"aws:SourceIp":"127.0.0.1"},
		"ForAnyValue:StringEquals":{"aws:CalledVia":"s3.amazonaws.com"},"StringEquals":{"aws:CalledViaLast":"s3.amazonaws.com","aws:PrincipalType":"User"}}}}`)
	key := parse(t, policy.Key, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"kms:*","Resource":"*"}}`)
	a := authz.New(everybody{op.Policies{Identity: []*policy.Policy{p}}}, nil)
	check := op.Check{Action: "kms:Decrypt", Resource: op.Resource{ARN: "arn:aws:kms:eu-west-2:" + account + ":key/k", Account: account, Policy: key}, Via: "s3.eu-west-2.amazonaws.com"}
	c := call(user())
	c.Secure = false // the caller's own connection says nothing about the service's
	if v := a.Decide(c, check, sigv4.S3); !v.Allowed {
		t.Errorf("via S3: %v\n%v", v.Err, v.Explanation)
	}
	check.Via = ""
	if v := a.Decide(c, check, sigv4.S3); v.Allowed {
		t.Error("a direct call is taken for one via S3")
	}
}

func TestRefusalsAreWordedAsAWSDoes(t *testing.T) {
	allow := parse(t, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	nothing := parse(t, policy.Boundary, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}`)
	fence := parse(t, policy.SCP, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`)
	deny := parse(t, policy.Resource, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`)
	limited := user()
	limited.Session = &op.Session{Policies: []*policy.Policy{parse(t, policy.Session, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}`)}}
	for _, tt := range []struct {
		name     string
		caller   *op.Caller
		policies op.Policies
		resource *policy.Policy
		owner    string
		dialect  sigv4.Dialect
		code     string
		want     string
	}{
		{"identity", user(), op.Policies{}, nil, account, sigv4.JSON, "AccessDeniedException", "is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action"},
		{"boundary", user(), op.Policies{Identity: []*policy.Policy{allow}, Boundary: nothing}, nil, account, sigv4.Query, "AccessDenied", "because no permissions boundary allows"},
		{"session", limited, op.Policies{Identity: []*policy.Policy{allow}}, nil, account, sigv4.Query, "AccessDenied", "because no session policy allows"},
		{"scp", user(), op.Policies{Identity: []*policy.Policy{allow}, SCPs: [][]*policy.Policy{{fence}}}, nil, account, sigv4.Query, "AccessDenied", "with an explicit deny in a service control policy"},
		{"resource", user(), op.Policies{Identity: []*policy.Policy{allow}}, deny, account, sigv4.S3, "AccessDenied", `on resource: "arn:aws:s3:::b/k" with an explicit deny in a resource-based policy`},
		{"other account", user(), op.Policies{Identity: []*policy.Policy{allow}}, nil, "999988887777", sigv4.S3, "AccessDenied", "Access Denied"},
		{"anonymous", &op.Caller{}, op.Policies{}, nil, account, sigv4.S3, "AccessDenied", "Access Denied"},
	} {
		a := authz.New(everybody{tt.policies}, nil)
		v := a.Decide(call(tt.caller), op.Check{Action: "s3:GetObject", Resource: op.Resource{ARN: "arn:aws:s3:::b/k", Account: tt.owner, Policy: tt.resource}}, tt.dialect)
		e, ok := v.Err.(*op.Error)
		if v.Allowed || !ok || e.Code != tt.code || !strings.Contains(e.Message, tt.want) || v.Explanation == nil {
			t.Errorf("%s: %+v, want %s %q", tt.name, v.Err, tt.code, tt.want)
		}
	}
}

// widgets lists the condition keys it fills.
type widgets struct{ op.Service }

func (widgets) Prefix() string { return "widgets" }
func (widgets) Keys() []string { return []string{"widgets:Colour", "widgets:Tag/*"} }

func TestAnAllowOnAnUnknownKeyIsRefused(t *testing.T) {
	for _, tt := range []struct {
		statement string
		allowed   bool
	}{
		{`{"Effect":"Allow","Action":"*","Resource":"*"}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"widgets:colour":"red"}}}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"widgets:Tag/x":"red"}}}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"widgets:Size":"red"}}}`, false},
		{`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"widgets:M*","Resource":"*","Condition":{"StringEquals":{"widgets:Size":"red"}}}`, false},
		{`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:Moon":"full"}}}`, false},
		{`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"widgets:*","Resource":"*","Condition":{"StringEquals":{"aws:Moon":"full"}}}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"widgets:Break","Resource":"*","Condition":{"StringEquals":{"widgets:Size":"red"}}}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"ec2:Region":"red"}}}`, true},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:widgets:::${aws:Moon}"},{"Effect":"Allow","Action":"*","Resource":"*"}`, false},
	} {
		p := parse(t, policy.Identity, `{"Version":"2012-10-17","Statement":[`+tt.statement+`]}`)
		a := authz.New(everybody{op.Policies{Identity: []*policy.Policy{p}}}, []op.Service{widgets{}})
		for range 2 { // the second answer comes from the cache
			v := a.Decide(call(user()), op.Check{Action: "widgets:Make", Resource: op.Resource{ARN: "arn:aws:widgets:eu-west-2:" + account + ":w", Account: account}}, sigv4.JSON)
			if v.Allowed != tt.allowed {
				t.Errorf("%s: allowed %t, want %t: %v", tt.statement, v.Allowed, tt.allowed, v.Err)
			}
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	p := parse(b, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-2"}}}}`)
	a := authz.New(everybody{op.Policies{Identity: []*policy.Policy{p}}}, nil)
	c := call(user())
	check := op.Check{Action: "s3:ListBucket", Resource: op.Resource{ARN: "arn:aws:s3:::b", Account: account}}
	b.ReportAllocs()
	for b.Loop() {
		if v := a.Decide(c, check, sigv4.S3); !v.Allowed {
			b.Fatal(v.Err)
		}
	}
}
