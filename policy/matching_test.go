package policy_test

import (
	"fmt"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// Source: IAM User Guide, reference_policies_elements_action and
// reference_policies_elements_notaction.
func TestActions(t *testing.T) {
	rows := []struct {
		element, action string
		matches         bool
	}{
		{`"Action": "s3:GetObject"`, "s3:GetObject", true},
		{`"Action": "S3:getobject"`, "s3:GetObject", true},
		{`"Action": "s3:GetObject"`, "s3:GetObjectAcl", false},
		{`"Action": "s3:Get*"`, "s3:GetObjectAcl", true},
		{`"Action": "s3:get*"`, "s3:GetObjectAcl", true},
		{`"Action": "s3:*Object"`, "s3:PutObject", true},
		{`"Action": "s3:*Object"`, "s3:PutObjectAcl", false},
		{`"Action": "s3:?etObject"`, "s3:GetObject", true},
		{`"Action": "s3:??etObject"`, "s3:GetObject", false},
		{`"Action": "s3:G*t*A*l"`, "s3:GetObjectAcl", true},
		{`"Action": ["kms:*", "s3:*"]`, "s3:GetObject", true},
		{`"Action": "*"`, "s3:GetObject", true},
		{`"Action": "*:*"`, "s3:GetObject", true},
		{`"Action": "s3:*"`, "s3express:CreateSession", false},
		{`"NotAction": "s3:*"`, "s3:GetObject", false},
		{`"NotAction": "s3:*"`, "kms:Decrypt", true},
		{`"NotAction": ["s3:*", "kms:*"]`, "kms:Decrypt", false},
	}
	for _, row := range rows {
		p := parse(t, policy.Identity, document(`S{"Effect": "Allow", `+row.element+`, "Resource": "*"}S`))
		got := decide(t, &policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{Principal: principal(t, ann), Action: row.action, Resource: "*"})
		if (got.Verdict == policy.Allow) != row.matches {
			t.Errorf("%s and %s: matches %v, want %v", row.element, row.action, !row.matches, row.matches)
		}
	}
}

// Source: IAM User Guide, reference_policies_elements_resource,
// reference_policies_elements_notresource and reference_policies_variables.
func TestResources(t *testing.T) {
	c := ctx("aws:username", "ann", "s3:star", "*", "aws:TagKeys", []string{"ann"})
	rows := []struct {
		element, resource string
		matches           bool
	}{
		{`"Resource": "arn:aws:s3:::b/k"`, "arn:aws:s3:::b/k", true},
		{`"Resource": "arn:aws:s3:::b/K"`, "arn:aws:s3:::b/k", false},
		{`"Resource": "arn:aws:s3:::b"`, "arn:aws:s3:::b/k", false},
		{`"Resource": "arn:aws:s3:::b/*"`, "arn:aws:s3:::b", false},
		{`"Resource": "arn:aws:s3:::b/*"`, "arn:aws:s3:::b/", true},
		{`"Resource": "arn:aws:s3:::b/*/x"`, "arn:aws:s3:::b/a/b/x", true},
		{`"Resource": "arn:aws:s3:::b/?"`, "arn:aws:s3:::b/k", true},
		{`"Resource": "arn:aws:s3:::b/??"`, "arn:aws:s3:::b/k", false},
		{`"Resource": "arn:aws:s3:::b/a*z"`, "arn:aws:s3:::b/a:b:z", true},
		{`"Resource": "*"`, "arn:aws:s3:::b/k", true},
		{`"Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]`, "arn:aws:s3:::b", true},
		{`"Resource": "arn:aws:s3:*"`, "arn:aws:s3:::b/k", true},
		{`"Resource": "arn:aws:s3:*"`, "arn:aws:s3express:::b/k", false},
		{`"Resource": "arn:*:s3:::b"`, "arn:aws-cn:s3:::b", true},
		{`"Resource": "arn:aws:sqs:eu-*:111122223333:q"`, "arn:aws:sqs:eu-west-2:111122223333:q", true},
		{`"Resource": "arn:aws:sqs:eu-*-2:111122223333:q"`, "arn:aws:sqs:eu-west-2:111122223333:q", true},
		{`"Resource": "arn:aws:sqs:e*2:q"`, "arn:aws:sqs:eu-west-2:111122222:q", false},
		{`"Resource": "arn:aws:sqs:*:q"`, "arn:aws:sqs:eu-west-2:111122223333:q", true},
		{`"Resource": "arn:aws:sqs:*:111122223333:q*"`, "arn:aws:sqs:eu-west-2:111122223333:q2", true},
		{`"Resource": "arn:aws:sqs:eu?west?2:111122223333:q"`, "arn:aws:sqs:eu-west-2:111122223333:q", true},
		{`"Resource": "arn:aws:sqs:eu-west-2?111122223333:x:q"`, "arn:aws:sqs:eu-west-2:111122223333:x:q", false},
		{`"Resource": "arn:aws:logs:eu-west-2:111122223333:log-group:*:log-stream:x"`, "arn:aws:logs:eu-west-2:111122223333:log-group:a:log-stream:x", true},
		{`"NotResource": "arn:aws:s3:::b/*"`, "arn:aws:s3:::b/k", false},
		{`"NotResource": "arn:aws:s3:::b/*"`, "arn:aws:s3:::c/k", true},
		{`"Resource": "arn:aws:s3:::b/${aws:username}/*"`, "arn:aws:s3:::b/ann/k", true},
		{`"Resource": "arn:aws:s3:::b/${aws:username}/*"`, "arn:aws:s3:::b/bob/k", false},
		{`"Resource": "arn:aws:s3:::b/${aws:userid}/*"`, "arn:aws:s3:::b//k", false},
		{`"Resource": "arn:aws:s3:::b/${aws:userid, 'x'}/*"`, "arn:aws:s3:::b/x/k", true},
		{`"Resource": "arn:aws:s3:::b/${aws:TagKeys}"`, "arn:aws:s3:::b/ann", false},
		{`"Resource": "arn:aws:s3:::b/${s3:star}"`, "arn:aws:s3:::b/x", false},
		{`"Resource": "arn:aws:s3:::b/${s3:star}"`, "arn:aws:s3:::b/*", true},
		{`"Resource": "arn:aws:s3:::b/${*}"`, "arn:aws:s3:::b/x", false},
		{`"NotResource": "arn:aws:s3:::b/${aws:userid}"`, "arn:aws:s3:::b/k", true},
		// Before the fifth colon a variable is plain text.
		{`"Resource": "arn:aws:s3::${aws:username}:b"`, "arn:aws:s3::ann:b", false},
	}
	for _, row := range rows {
		p := parse(t, policy.Identity, document(`S{"Effect": "Allow", "Action": "*", `+row.element+`}S`))
		got := decide(t, &policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{Principal: principal(t, ann), Action: "x:Do", Resource: row.resource, Context: c})
		if (got.Verdict == policy.Allow) != row.matches {
			t.Errorf("%s and %s: matches %v, want %v", row.element, row.resource, !row.matches, row.matches)
		}
	}
}

func TestOldDocumentsHaveNoVariables(t *testing.T) {
	p := parse(t, policy.Identity, `{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}}`)
	for resource, want := range map[string]policy.Verdict{"arn:aws:s3:::b/ann": policy.ImplicitDeny, "arn:aws:s3:::b/${aws:username}": policy.Allow} {
		got := decide(t, &policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{Principal: principal(t, ann), Action: "x:Do", Resource: resource, Context: ctx("aws:username", "ann")})
		if got.Verdict != want {
			t.Errorf("%s: got %v, want %v", resource, got.Verdict, want)
		}
	}
	if keys := p.Keys(); len(keys) != 0 {
		t.Errorf("keys %v, want none", keys)
	}
}

// Source: Service Authorization Reference,
// reference_policies_actions-resources-contextkeys.
func TestActionsWithoutResources(t *testing.T) {
	for element, want := range map[string]bool{
		`"Resource": "*"`:                     true,
		`"Resource": ["arn:aws:s3:::b", "*"]`: true,
		`"Resource": "arn:aws:s3:::*"`:        false,
		`"Resource": "arn:aws:s3:*"`:          false,
		`"NotResource": "arn:aws:s3:::b"`:     true,
		`"NotResource": "*"`:                  false,
	} {
		p := parse(t, policy.Identity, document(`S{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", `+element+`}S`))
		got := decide(t, &policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{Principal: principal(t, ann), Action: "s3:ListAllMyBuckets", Resource: "*", WildcardOnly: true})
		if (got.Verdict == policy.Allow) != want {
			t.Errorf("%s: got %v", element, got.Verdict)
		}
	}
}

func TestDecisionNamesItsStatement(t *testing.T) {
	p := parse(t, policy.Identity, document(`S{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}S`))
	for action, want := range map[string]int{"s3:GetObject": 1, "s3:PutObject": 2} {
		at, i, ok := (&policy.Set{Identity: []*policy.Policy{p}}).Decide(&policy.Request{Principal: principal(t, ann), Action: action, Resource: object}).Statement()
		if !ok || at != p || i != want {
			t.Errorf("%s: statement %d (%v), want %d", action, i, ok, want)
		}
	}
}

func TestContext(t *testing.T) {
	var c policy.Context
	for i := range 100 {
		c.Set(fmt.Sprintf("aws:RequestTag/%d", i), fmt.Sprint(i))
	}
	c.SetMulti("aws:TagKeys", "a", "b")
	c.SetMulti("aws:CalledVia")
	c.Set("AWS:requesttag/7", "seven")
	c.Set("aws:RequestTag/\u00c4", "x")
	for key, want := range map[string]string{"aws:RequestTag/99": "[99]", "aws:requesttag/7": "[seven]", "AWS:TAGKEYS": "[a b]", "aws:requesttag/\u00e4": "[x]"} {
		if got, _ := c.Get(key); fmt.Sprint(got) != want || !c.Has(key) {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
	if _, multi := c.Get("aws:TagKeys"); !multi {
		t.Error("aws:TagKeys is not multivalued")
	}
	if c.Has("aws:CalledVia") || c.Has("aws:username") {
		t.Error("a key without values, or never set, is present")
	}
	if got := len(c.Keys()); got != 103 {
		t.Errorf("%d keys, want 103", got)
	}
	c.Reset()
	if c.Has("aws:TagKeys") || len(c.Keys()) != 0 {
		t.Error("Reset left keys")
	}
	c.Set("aws:username", "ann")
	c.SetMulti("aws:username", "a")
	if got, multi := c.Get("aws:username"); !multi || fmt.Sprint(got) != "[a]" {
		t.Errorf("replaced: got %v", got)
	}
}
