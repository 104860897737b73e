package policy_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// Source: IAM User Guide, reference_policies_elements_principal.
func TestPrincipals(t *testing.T) {
	rows := []struct {
		element, caller string
		change          func(*policy.Principal)
		covered         bool
	}{
		{element: `"*"`, caller: ann, covered: true},
		{element: `"*"`, caller: service, covered: true},
		{element: `"*"`, covered: true},
		{element: `{"AWS": "*"}`, covered: true},
		{element: `{"AWS": ["` + other + `", "` + ann + `"]}`, caller: ann, covered: true},
		{element: `{"AWS": "arn:aws:iam::111122223333:user/Ann"}`, caller: ann},
		{element: `{"AWS": "arn:aws:iam::111122223333:user/*"}`, caller: ann},
		{element: `{"AWS": "arn:aws:iam::*:user/ann"}`, caller: ann},
		{element: `{"AWS": "arn:aws:iam::111122223333:user/x/ann"}`, caller: ann},
		{element: `{"AWS": "arn:aws-cn:iam::111122223333:user/ann"}`, caller: ann},
		{element: `{"AWS": "` + root + `"}`, caller: root, covered: true},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/deploy"}`, caller: session, covered: true},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/ci/deploy"}`, caller: session, covered: true},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/ci/deploy"}`, caller: session, covered: true,
			change: func(p *policy.Principal) { p.RoleARN = "arn:aws:iam::111122223333:role/ci/deploy" }},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/deploy"}`, caller: session,
			change: func(p *policy.Principal) { p.RoleARN = "arn:aws:iam::111122223333:role/ci/deploy" }},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/ci/deploy"}`, caller: "arn:aws:iam::111122223333:role/ci/deploy", covered: true},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/deploy"}`, caller: "arn:aws:iam::111122223333:role/ci/deploy"},
		{element: `{"AWS": "arn:aws:iam::111122223333:role/dep"}`, caller: session},
		{element: `{"AWS": "` + session + `"}`, caller: session, covered: true},
		{element: `{"AWS": "` + session + `2"}`, caller: session},
		{element: `{"AWS": "` + fed + `"}`, caller: fed, covered: true},
		{element: `{"AWS": "AIDACKCEVSQ6C2EXAMPLE"}`, caller: ann},
		{element: `{"AWS": "AIDACKCEVSQ6C2EXAMPLE"}`, caller: ann, covered: true,
			change: func(p *policy.Principal) { p.ID = "AIDACKCEVSQ6C2EXAMPLE" }},
		{element: `{"AWS": "AROACKCEVSQ6C2EXAMPLE"}`, caller: session, covered: true,
			change: func(p *policy.Principal) { p.ID = "AROACKCEVSQ6C2EXAMPLE" }},
		{element: `{"Service": "` + service + `"}`, caller: service, covered: true},
		{element: `{"Service": "` + service + `"}`, caller: "s3.amazonaws.com"},
		{element: `{"CanonicalUser": "79a59df9"}`, caller: ann},
		{element: `{"Federated": "` + ann + `"}`, caller: ann},
	}
	for _, row := range rows {
		p := principal(t, row.caller)
		if row.change != nil {
			row.change(p)
		}
		doc := parse(t, policy.Resource, document(`S{"Effect": "Deny", "Principal": `+row.element+`, "Action": "*", "Resource": "*"}S`))
		got := decide(t, &policy.Set{Resource: doc}, &policy.Request{Principal: p, Action: "s3:GetObject", Resource: object, ResourceAccount: "111122223333"})
		if (got.Verdict == policy.ExplicitDeny) != row.covered {
			t.Errorf("%s and caller %q: covered %v, want %v", row.element, row.caller, !row.covered, row.covered)
		}
	}
}

// Source: IAM User Guide, reference_policies_elements_notprincipal and
// access_policies_boundaries.
func TestNotPrincipal(t *testing.T) {
	deploy := "arn:aws:iam::111122223333:role/deploy"
	rows := []struct {
		element, caller string
		bounded, denied bool
	}{
		{element: `{"AWS": ["` + ann + `", "` + root + `"]}`, caller: ann},
		{element: `{"AWS": ["` + ann + `"]}`, caller: ann},
		{element: `{"AWS": ["` + ann + `"]}`, caller: other, denied: true},
		{element: `{"AWS": ["` + ann + `"]}`, caller: "", denied: true},
		{element: `{"AWS": ["` + root + `"]}`, caller: ann, denied: true},
		{element: `{"AWS": ["` + root + `"]}`, caller: root},
		{element: `{"AWS": ["` + session + `", "` + deploy + `", "` + root + `"]}`, caller: session},
		{element: `{"AWS": ["` + deploy + `", "` + root + `"]}`, caller: session, denied: true},
		{element: `{"AWS": ["` + session + `", "` + root + `"]}`, caller: session, denied: true},
		{element: `{"AWS": ["` + ann + `", "` + root + `"]}`, caller: ann, bounded: true, denied: true},
		{element: `{"Service": "` + service + `"}`, caller: service},
		{element: `{"Service": "` + service + `"}`, caller: ann, denied: true},
		{element: `"*"`, caller: ann},
	}
	for _, row := range rows {
		set := &policy.Set{Resource: parse(t, policy.Resource, document(`S{"Effect": "Deny", "NotPrincipal": `+row.element+`, "Action": "*", "Resource": "*"}S`))}
		if row.bounded {
			set.Boundary = parse(t, policy.Boundary, document(`S`+yes+`S`))
		}
		got := decide(t, set, &policy.Request{Principal: principal(t, row.caller), Action: "s3:GetObject", Resource: object, ResourceAccount: "111122223333"})
		if (got.Verdict == policy.ExplicitDeny) != row.denied {
			t.Errorf("NotPrincipal %s and caller %q (boundary %v): denied %v, want %v", row.element, row.caller, row.bounded, !row.denied, row.denied)
		}
	}
}

// Source: IAM User Guide, reference_policies_elements_principal (principals are
// saved as unique IDs).
func TestResolvedPrincipals(t *testing.T) {
	deploy := "arn:aws:iam::111122223333:role/deploy"
	doc := parse(t, policy.Resource, document(`S{"Effect": "Allow", "Principal": {"AWS": ["`+ann+`", "`+deploy+`", "444455556666"]}, "Action": "*", "Resource": "*"}S`))
	ids := map[string]string{ann: "AIDA1", deploy: "AROA1"}
	bound, err := doc.ResolvePrincipals(func(arn string) (string, bool) { id, ok := ids[arn]; return id, ok })
	if err != nil {
		t.Fatal(err)
	}
	if got := bound.Bindings(); !maps.Equal(got, ids) {
		t.Errorf("bindings %v, want %v", got, ids)
	}
	for _, row := range []struct {
		caller, id string
		want       policy.Verdict
	}{
		{ann, "AIDA1", policy.Allow}, {ann, "AIDA2", policy.ImplicitDeny}, {ann, "", policy.Allow},
		{session, "AROA1", policy.Allow}, {session, "AROA2", policy.ImplicitDeny},
	} {
		p := principal(t, row.caller)
		p.ID = row.id
		r := &policy.Request{Principal: p, Action: "s3:GetObject", Resource: object}
		if got := decide(t, &policy.Set{Resource: bound}, r); got.Verdict != row.want {
			t.Errorf("%s with ID %q: got %v, want %v", row.caller, row.id, got.Verdict, row.want)
		}
		if got := decide(t, &policy.Set{Resource: doc}, r); got.Verdict != policy.Allow {
			t.Errorf("%s: the original was changed: got %v", row.caller, got.Verdict)
		}
	}

	_, err = doc.ResolvePrincipals(func(arn string) (string, bool) { return "AIDA1", arn == ann })
	var missing *policy.PrincipalError
	if !errors.As(err, &missing) || missing.Principal != deploy || missing.Line != 1 {
		t.Errorf("a missing role: got %v", err)
	}
	wild := parse(t, policy.Resource, document(`S{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}, "Action": "*", "Resource": "*"}S`))
	_, err = wild.ResolvePrincipals(func(string) (string, bool) { return "AIDA1", true })
	if got, want := fmt.Sprint(err), `test.json:1: invalid principal in policy: "arn:aws:iam::111122223333:user/*" does not exist`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParsePrincipal(t *testing.T) {
	rows := map[string]policy.Principal{
		ann:     {Type: policy.User, ARN: ann, Account: "111122223333"},
		root:    {Type: policy.Root, ARN: root, Account: "111122223333"},
		session: {Type: policy.AssumedRole, ARN: session, Account: "111122223333"},
		fed:     {Type: policy.FederatedUser, ARN: fed, Account: "111122223333"},
		role:    {Type: policy.AssumedRole, ARN: role, Account: "111122223333", RoleARN: role},
		service: {Type: policy.Service, ARN: service},
		"arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX": {Type: policy.AssumedRole, Account: "111122223333", ServiceLinked: true,
			ARN:     "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
			RoleARN: "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"},
		"arn:aws:iam::111122223333:saml-provider/P": {Type: policy.WebIdentity, ARN: "arn:aws:iam::111122223333:saml-provider/P", Account: "111122223333"},
	}
	for s, want := range rows {
		if got, err := policy.ParsePrincipal(s); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "ann", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::1:user/x", "arn:aws:s3:::b", "arn:aws:sts::111122223333:assumed-role/r", "example.com"} {
		if got, err := policy.ParsePrincipal(s); err == nil {
			t.Errorf("%q: got %+v, want an error", s, got)
		}
	}
}
