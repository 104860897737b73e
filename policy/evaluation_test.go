package policy_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// Callers of the tables. Account 111122223333 owns the resources; 444455556666
// is another one.
const (
	ann     = "arn:aws:iam::111122223333:user/ann"
	session = "arn:aws:sts::111122223333:assumed-role/deploy/job"
	fed     = "arn:aws:sts::111122223333:federated-user/bob"
	root    = "arn:aws:iam::111122223333:root"
	other   = "arn:aws:iam::444455556666:user/eve"
	otherS  = "arn:aws:sts::444455556666:assumed-role/deploy/job"
	otherR  = "arn:aws:iam::444455556666:root"
	service = "cloudtrail.amazonaws.com"

	object = "arn:aws:s3:::b/k"
	key    = "arn:aws:kms:eu-west-2:111122223333:key/k1"
	role   = "arn:aws:iam::111122223333:role/ci/target"
)

// evaluation is one request against a set of policies. Policies are statements
// without the frame; "" is no policy. The kind of the resource's policy follows
// from the resource.
type evaluation struct {
	name               string
	caller             string
	action, resource   string // default s3:GetObject on object
	owner              string // default 111122223333
	identity, boundary string
	session, resPolicy string
	endpoint           string
	scps, rcps         []string // one policy a level
	context            *policy.Context
	change             func(*policy.Request)
	want               policy.Verdict
	why                policy.Reason
}

const (
	yes  = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	no   = `{"Effect": "Deny", "Action": "*", "Resource": "*"}`
	none = `{"Effect": "Allow", "Action": "none:None", "Resource": "*"}`
)

// grant allows everything to an AWS principal in a resource policy.
func grant(p string) string {
	return `{"Effect": "Allow", "Principal": {"AWS": "` + p + `"}, "Action": "*", "Resource": "*"}`
}

// refuse denies everything to an AWS principal in a resource policy.
func refuse(p string) string {
	return `{"Effect": "Deny", "Principal": {"AWS": "` + p + `"}, "Action": "*", "Resource": "*"}`
}

// trust allows sts actions to a principal element in a trust policy.
func trust(element string) string {
	return `{"Effect": "Allow", "Principal": ` + element + `, "Action": "sts:*"}`
}

func (e *evaluation) run(t *testing.T) {
	t.Helper()
	frame := func(kind policy.Kind, s string) *policy.Policy {
		if s == "" {
			return nil
		}
		return parse(t, kind, `{"Version": "2012-10-17", "Statement": [`+s+`]}`)
	}
	list := func(kind policy.Kind, s string) []*policy.Policy {
		if s == "" {
			return nil
		}
		return []*policy.Policy{frame(kind, s)}
	}
	r := &policy.Request{Principal: principal(t, e.caller), Action: e.action, Resource: e.resource, ResourceAccount: e.owner, Context: e.context}
	if r.Action == "" {
		r.Action = "s3:GetObject"
	}
	if r.Resource == "" {
		r.Resource = object
	}
	if r.ResourceAccount == "" {
		r.ResourceAccount = "111122223333"
	}
	if e.change != nil {
		e.change(r)
	}
	set := &policy.Set{
		Identity: list(policy.Identity, e.identity), Boundary: frame(policy.Boundary, e.boundary),
		Session: list(policy.Session, e.session), Resource: frame(policy.ResourceKind(r.Resource), e.resPolicy),
		Endpoint: list(policy.Endpoint, e.endpoint),
	}
	for _, s := range e.scps {
		set.SCPs = append(set.SCPs, list(policy.SCP, s))
	}
	for _, s := range e.rcps {
		set.RCPs = append(set.RCPs, list(policy.RCP, s))
	}
	got := decide(t, set, r)
	if got.Verdict != e.want || got.Reason != e.why {
		t.Errorf("%s: got %v by %v, want %v by %v", e.name, got.Verdict, got.Reason, e.want, e.why)
	}
	if _, _, ok := got.Statement(); ok && got.Verdict == policy.ImplicitDeny {
		t.Errorf("%s: an implicit deny names a statement", e.name)
	}
}

func run(t *testing.T, rows []evaluation) {
	t.Helper()
	for i := range rows {
		rows[i].run(t)
	}
}

// Source: IAM User Guide, reference_policies_evaluation-logic.
func TestSameAccount(t *testing.T) {
	run(t, []evaluation{
		{name: "nothing", caller: ann, want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "identity", caller: ann, identity: yes, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "identity deny wins", caller: ann, identity: yes + "," + no, want: policy.ExplicitDeny, why: policy.ReasonIdentity},
		{name: "resource alone", caller: ann, resPolicy: grant(ann), want: policy.Allow, why: policy.ReasonResource},
		{name: "resource for somebody else", caller: ann, resPolicy: grant("arn:aws:iam::111122223333:user/bob"), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "resource deny wins", caller: ann, identity: yes, resPolicy: refuse("*"), want: policy.ExplicitDeny, why: policy.ReasonResource},
		{name: "identity deny over resource", caller: ann, identity: no, resPolicy: grant(ann), want: policy.ExplicitDeny, why: policy.ReasonIdentity},
		{name: "everyone", caller: ann, resPolicy: grant("*"), want: policy.Allow, why: policy.ReasonResource},
		{name: "the account delegates", caller: ann, resPolicy: grant("111122223333"), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "the account's root ARN delegates", caller: ann, identity: yes, resPolicy: grant(root), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "deny for the account", caller: ann, identity: yes, resPolicy: refuse("111122223333"), want: policy.ExplicitDeny, why: policy.ReasonResource},
		{name: "role by its ARN", caller: session, resPolicy: grant("arn:aws:iam::111122223333:role/deploy"), want: policy.Allow, why: policy.ReasonResource},
		{name: "unknown owner is the caller's account", caller: other, identity: yes, change: func(r *policy.Request) { r.ResourceAccount = "" }, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "root may", caller: root, want: policy.Allow, why: policy.ReasonRoot},
		{name: "root is denied by the resource", caller: root, resPolicy: refuse("*"), want: policy.ExplicitDeny, why: policy.ReasonResource},
		{name: "a service needs the resource", caller: service, identity: yes, want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "a service", caller: service, resPolicy: `{"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "*", "Resource": "*"}`, want: policy.Allow, why: policy.ReasonResource},
		{name: "another service", caller: "config.amazonaws.com", resPolicy: `{"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "*", "Resource": "*"}`, want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "anonymous", resPolicy: grant("*"), want: policy.Allow, why: policy.ReasonResource},
		{name: "anonymous is in no account", resPolicy: grant("111122223333"), want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "anonymous has no identity policy", identity: yes, want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "who am I", caller: ann, action: "sts:GetCallerIdentity", resource: "*", identity: no, want: policy.Allow, why: policy.ReasonNotNeeded},
		{name: "who am I, anonymously", action: "sts:GetCallerIdentity", resource: "*", want: policy.ImplicitDeny, why: policy.ReasonAnonymous},
	})
}

// Source: IAM User Guide, reference_policies_evaluation-logic-cross-account.
func TestCrossAccount(t *testing.T) {
	run(t, []evaluation{
		{name: "identity alone", caller: other, identity: yes, want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "resource alone", caller: other, resPolicy: grant(other), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "both", caller: other, identity: yes, resPolicy: grant(other), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "both, by account", caller: other, identity: yes, resPolicy: grant("444455556666"), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "both, everyone", caller: other, identity: yes, resPolicy: grant("*"), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "everyone is not enough", caller: other, resPolicy: grant("*"), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "role", caller: otherS, identity: yes, resPolicy: grant("arn:aws:iam::444455556666:role/deploy"), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "same role name elsewhere", caller: otherS, identity: yes, resPolicy: grant("arn:aws:iam::111122223333:role/deploy"), want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "boundary limits", caller: other, identity: yes, boundary: none, resPolicy: grant(other), want: policy.ImplicitDeny, why: policy.ReasonBoundary},
		{name: "session limits a named session", caller: otherS, identity: yes, session: none, resPolicy: grant(otherS), want: policy.ImplicitDeny, why: policy.ReasonSession},
		{name: "root of the other account", caller: otherR, want: policy.ImplicitDeny, why: policy.ReasonResource},
		{name: "root of the other account, allowed", caller: otherR, resPolicy: grant("444455556666"), want: policy.Allow, why: policy.ReasonResource},
		{name: "deny", caller: other, identity: yes, resPolicy: grant("*") + "," + refuse("444455556666"), want: policy.ExplicitDeny, why: policy.ReasonResource},
	})
}

// The table of principals and implicit denies in one account.
//
// Source: IAM User Guide, reference_policies_evaluation-logic and
// access_policies_boundaries.
func TestBoundaryAndSession(t *testing.T) {
	deploy := "arn:aws:iam::111122223333:role/deploy"
	asBob := func(r *policy.Request) { r.Principal.UserARN = "arn:aws:iam::111122223333:user/bob" }
	run(t, []evaluation{
		{name: "intersection", caller: ann, identity: yes, boundary: yes, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "boundary grants nothing", caller: ann, boundary: yes, want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "session grants nothing", caller: session, session: yes, want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "boundary limits identity", caller: ann, identity: yes, boundary: none, want: policy.ImplicitDeny, why: policy.ReasonBoundary},
		{name: "session limits identity", caller: session, identity: yes, session: none, want: policy.ImplicitDeny, why: policy.ReasonSession},
		{name: "boundary denies", caller: ann, identity: yes, boundary: no, resPolicy: grant(ann), want: policy.ExplicitDeny, why: policy.ReasonBoundary},
		{name: "session denies", caller: session, session: no, resPolicy: grant(session), want: policy.ExplicitDeny, why: policy.ReasonSession},
		{name: "user ARN passes the boundary", caller: ann, boundary: none, resPolicy: grant(ann), want: policy.Allow, why: policy.ReasonResource},
		{name: "role ARN: boundary limits", caller: session, boundary: none, resPolicy: grant(deploy), want: policy.ImplicitDeny, why: policy.ReasonBoundary},
		{name: "role ARN: session limits", caller: session, session: none, resPolicy: grant(deploy), want: policy.ImplicitDeny, why: policy.ReasonSession},
		{name: "role ARN: both allow", caller: session, boundary: yes, session: yes, resPolicy: grant(deploy), want: policy.Allow, why: policy.ReasonResource},
		{name: "session ARN passes both", caller: session, boundary: none, session: none, resPolicy: grant(session), want: policy.Allow, why: policy.ReasonResource},
		{name: "federated user ARN passes both", caller: fed, boundary: none, session: none, resPolicy: grant(fed), want: policy.Allow, why: policy.ReasonResource},
		{name: "user ARN: its federated session is limited", caller: fed, session: none, change: asBob, resPolicy: grant("arn:aws:iam::111122223333:user/bob"), want: policy.ImplicitDeny, why: policy.ReasonSession},
		{name: "user ARN: its federated session", caller: fed, session: yes, change: asBob, resPolicy: grant("arn:aws:iam::111122223333:user/bob"), want: policy.Allow, why: policy.ReasonResource},
		{name: "everyone with aws:PrincipalArn passes both", caller: session, boundary: none, session: none,
			context:   ctx("aws:PrincipalArn", deploy),
			resPolicy: `{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": "` + deploy + `"}}}`,
			want:      policy.Allow, why: policy.ReasonResource},
		{name: "the account: boundary limits", caller: ann, identity: yes, boundary: none, resPolicy: grant("111122223333"), want: policy.ImplicitDeny, why: policy.ReasonBoundary},
		{name: "the farthest grant counts", caller: session, boundary: none, resPolicy: grant("111122223333") + "," + grant(deploy) + "," + grant(session), want: policy.Allow, why: policy.ReasonResource},
		{name: "a boundary does not limit root", caller: root, boundary: none, want: policy.Allow, why: policy.ReasonRoot},
		{name: "a session policy limits root", caller: root, session: none, want: policy.ImplicitDeny, why: policy.ReasonSession},
		{name: "what root is given may refuse", caller: root, identity: no, want: policy.ExplicitDeny, why: policy.ReasonIdentity},
	})
}

// Source: Organizations User Guide, orgs_manage_policies_scps_evaluation and
// orgs_manage_policies_rcps; VPC User Guide, vpc-endpoints-access.
func TestOrganizationAndEndpoint(t *testing.T) {
	all := `{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}`
	nothing := `{"Effect": "Allow", "Principal": "*", "Action": "none:None", "Resource": "*"}`
	linked := func(r *policy.Request) { r.Principal.ServiceLinked = true }
	run(t, []evaluation{
		{name: "every level allows", caller: ann, identity: yes, scps: []string{yes, yes, yes}, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "one level is silent", caller: ann, identity: yes, scps: []string{yes, none, yes}, want: policy.ImplicitDeny, why: policy.ReasonSCP},
		{name: "one level denies", caller: ann, identity: yes, scps: []string{yes, yes + "," + no}, want: policy.ExplicitDeny, why: policy.ReasonSCP},
		{name: "an SCP grants nothing", caller: ann, scps: []string{yes}, want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "a level without policies", caller: ann, identity: yes, scps: []string{yes, ""}, want: policy.ImplicitDeny, why: policy.ReasonSCP},
		{name: "SCPs bind root users", caller: root, scps: []string{no}, want: policy.ExplicitDeny, why: policy.ReasonSCP},
		{name: "SCPs limit what resource policies grant", caller: ann, resPolicy: grant(ann), scps: []string{none}, want: policy.ImplicitDeny, why: policy.ReasonSCP},
		{name: "a later deny beats a silent level", caller: ann, identity: no, scps: []string{none}, want: policy.ExplicitDeny, why: policy.ReasonIdentity},
		{name: "not service-linked roles", caller: session, identity: yes, scps: []string{no}, rcps: []string{refuse("*")}, change: linked, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "not the management account", caller: ann, identity: yes, scps: []string{no}, change: func(r *policy.Request) { r.Principal.ManagementAccount = true }, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "not services", caller: service, scps: []string{no}, resPolicy: `{"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "*", "Resource": "*"}`, want: policy.Allow, why: policy.ReasonResource},
		{name: "not anonymous callers", scps: []string{no}, resPolicy: grant("*"), want: policy.Allow, why: policy.ReasonResource},
		{name: "RCP levels", caller: ann, identity: yes, rcps: []string{all, all}, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "silent RCP level", caller: ann, identity: yes, rcps: []string{all, nothing}, want: policy.ImplicitDeny, why: policy.ReasonRCP},
		{name: "RCPs bind outsiders", caller: other, identity: yes, resPolicy: grant(other), rcps: []string{all, all + "," + refuse("*")}, want: policy.ExplicitDeny, why: policy.ReasonRCP},
		{name: "RCPs bind anonymous callers", resPolicy: grant("*"), rcps: []string{refuse("*")}, want: policy.ExplicitDeny, why: policy.ReasonRCP},
		{name: "RCPs bind root users", caller: root, rcps: []string{refuse("*")}, want: policy.ExplicitDeny, why: policy.ReasonRCP},
		{name: "RCPs leave IAM alone", caller: ann, action: "iam:CreateUser", resource: "arn:aws:iam::111122223333:user/bob", identity: yes, rcps: []string{refuse("*")}, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "SCP before RCP", caller: ann, scps: []string{no}, rcps: []string{refuse("*")}, want: policy.ExplicitDeny, why: policy.ReasonSCP},
		{name: "endpoint allows", caller: ann, identity: yes, endpoint: grant(ann), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "endpoint allows the account", caller: ann, identity: yes, endpoint: grant("111122223333"), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "endpoint names somebody else", caller: ann, identity: yes, endpoint: grant(other), want: policy.ImplicitDeny, why: policy.ReasonEndpoint},
		{name: "endpoint denies", caller: ann, identity: yes, endpoint: grant("*") + "," + refuse(ann), want: policy.ExplicitDeny, why: policy.ReasonEndpoint},
		{name: "endpoint grants nothing", caller: ann, endpoint: grant("*"), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "endpoint limits anonymous callers", resPolicy: grant("*"), endpoint: nothing, want: policy.ImplicitDeny, why: policy.ReasonEndpoint},
	})
}

// Source: KMS Developer Guide, key-policies, key-policy-modifying-external-accounts and grants.
func TestKeys(t *testing.T) {
	granted := func(r *policy.Request) { r.Granted = true }
	run(t, []evaluation{
		{name: "IAM alone", caller: ann, action: "kms:Decrypt", resource: key, identity: yes, resPolicy: grant("arn:aws:iam::111122223333:user/bob"), want: policy.ImplicitDeny, why: policy.ReasonKeyPolicy},
		{name: "no key policy at hand", caller: ann, action: "kms:Decrypt", resource: key, identity: yes, want: policy.ImplicitDeny, why: policy.ReasonKeyPolicy},
		{name: "named", caller: ann, action: "kms:Decrypt", resource: key, resPolicy: grant(ann), want: policy.Allow, why: policy.ReasonKeyPolicy},
		{name: "delegated", caller: ann, action: "kms:Decrypt", resource: key, identity: yes, resPolicy: grant(root), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "delegated, no IAM policy", caller: ann, action: "kms:Decrypt", resource: key, resPolicy: grant(root), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "IAM denies", caller: ann, action: "kms:Decrypt", resource: key, identity: no, resPolicy: grant(ann), want: policy.ExplicitDeny, why: policy.ReasonIdentity},
		{name: "root needs the key policy", caller: root, action: "kms:Decrypt", resource: key, resPolicy: grant(ann), want: policy.ImplicitDeny, why: policy.ReasonKeyPolicy},
		{name: "root", caller: root, action: "kms:Decrypt", resource: key, resPolicy: grant(root), want: policy.Allow, why: policy.ReasonKeyPolicy},
		{name: "other account, key policy only", caller: other, action: "kms:Decrypt", resource: key, resPolicy: grant(other), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "other account, both", caller: other, action: "kms:Decrypt", resource: key, identity: yes, resPolicy: grant("444455556666"), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "no key in the request", caller: ann, action: "kms:ListKeys", resource: "*", identity: yes, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "alias", caller: ann, action: "kms:CreateAlias", resource: "arn:aws:kms:eu-west-2:111122223333:alias/a", identity: yes, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "everyone is nobody unsigned", action: "kms:Decrypt", resource: key, resPolicy: grant("*"), want: policy.ImplicitDeny, why: policy.ReasonAnonymous},
		{name: "grant", caller: other, action: "kms:Decrypt", resource: key, resPolicy: grant(root), change: granted, want: policy.Allow, why: policy.ReasonGrant},
		{name: "grant and deny", caller: ann, action: "kms:Decrypt", resource: key, identity: no, resPolicy: grant(root), change: granted, want: policy.ExplicitDeny, why: policy.ReasonIdentity},
		{name: "grant under an SCP", caller: ann, action: "kms:Decrypt", resource: key, resPolicy: grant(root), scps: []string{none}, change: granted, want: policy.ImplicitDeny, why: policy.ReasonSCP},
	})
}

// Source: IAM User Guide, id_roles_terms-and-concepts and
// reference_policies_elements_principal; STS API_AssumeRole.
func TestTrust(t *testing.T) {
	const assume, web = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"
	provider := "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
	gitlab := `{"Effect": "Allow", "Principal": {"Federated": "` + provider + `"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}}`
	run(t, []evaluation{
		{name: "named", caller: ann, action: assume, resource: role, resPolicy: trust(`{"AWS": "` + ann + `"}`), want: policy.Allow, why: policy.ReasonTrust},
		{name: "account, no identity", caller: ann, action: assume, resource: role, resPolicy: trust(`{"AWS": "111122223333"}`), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "account and identity", caller: ann, action: assume, resource: role, identity: yes, resPolicy: trust(`{"AWS": "111122223333"}`), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "identity alone", caller: ann, action: assume, resource: role, identity: yes, resPolicy: trust(`{"AWS": "444455556666"}`), want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "no trust policy at hand", caller: ann, action: assume, resource: role, identity: yes, want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "root credentials take on no role", caller: root, action: assume, resource: role, resPolicy: `{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}`, want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "tagging needs it as well", caller: ann, action: "sts:TagSession", resource: role, identity: yes, resPolicy: `{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}`, want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "cross account, trust alone", caller: other, action: assume, resource: role, resPolicy: trust(`{"AWS": "` + other + `"}`), want: policy.ImplicitDeny, why: policy.ReasonIdentity},
		{name: "cross account, both", caller: other, action: assume, resource: role, identity: yes, resPolicy: trust(`{"AWS": "` + other + `"}`), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "root users take no roles", caller: root, action: assume, resource: role, resPolicy: trust(`{"AWS": "111122223333"}`), want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "unsigned", action: assume, resource: role, resPolicy: trust(`"*"`), want: policy.ImplicitDeny, why: policy.ReasonAnonymous},
		{name: "service", caller: "ec2.amazonaws.com", action: assume, resource: role, resPolicy: trust(`{"Service": "ec2.amazonaws.com"}`), want: policy.Allow, why: policy.ReasonTrust},
		{name: "other IAM actions on the role", caller: ann, action: "iam:GetRole", resource: role, identity: yes, resPolicy: trust(`{"AWS": "444455556666"}`), want: policy.Allow, why: policy.ReasonIdentity},
		{name: "web identity", caller: provider, action: web, resource: role, resPolicy: gitlab, context: ctx("gitlab.com:aud", "https://gitlab.com"), want: policy.Allow, why: policy.ReasonTrust},
		{name: "web identity, wrong audience", caller: provider, action: web, resource: role, identity: yes, resPolicy: gitlab, context: ctx("gitlab.com:aud", "x"), want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "another provider", caller: "arn:aws:iam::111122223333:oidc-provider/evil", action: web, resource: role, resPolicy: gitlab, context: ctx("gitlab.com:aud", "https://gitlab.com"), want: policy.ImplicitDeny, why: policy.ReasonTrust},
		{name: "web identity under an SCP", caller: provider, action: web, resource: role, resPolicy: gitlab, context: ctx("gitlab.com:aud", "https://gitlab.com"), scps: []string{no}, want: policy.Allow, why: policy.ReasonTrust},
		{name: "web identity under an RCP", caller: provider, action: web, resource: role, resPolicy: gitlab, context: ctx("gitlab.com:aud", "https://gitlab.com"), rcps: []string{refuse("*")}, want: policy.ExplicitDeny, why: policy.ReasonRCP},
		{name: "google", caller: "accounts.google.com", action: web, resource: role, resPolicy: trust(`{"Federated": "accounts.google.com"}`), want: policy.Allow, why: policy.ReasonTrust},
		{name: "cognito", caller: "cognito-identity.amazonaws.com", action: web, resource: role, resPolicy: trust(`{"Federated": "cognito-identity.amazonaws.com"}`), want: policy.Allow, why: policy.ReasonTrust},
		{name: "the account does not mean its providers", caller: provider, action: web, resource: role, resPolicy: trust(`{"AWS": "111122223333"}`), want: policy.ImplicitDeny, why: policy.ReasonTrust},
	})
}
