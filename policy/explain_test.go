package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// explanations are requests whose reasons are kept in testdata.
func explanations(t *testing.T) []*policy.Explanation {
	bucket := parse(t, policy.Resource, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "OnlyKMS", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
		 "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}},
		{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"}]}`)
	identity := parse(t, policy.Identity, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Team", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": {
		  "StringEquals": {"aws:PrincipalTag/team": ["core", "${aws:RequestTag/team}"]}, "Bool": {"aws:SecureTransport": "true"}}},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::other/*"}]}`)
	keyPolicy := parse(t, policy.Key, document(`S`+grant("444455556666")+`S`))
	scp := func(s string) []*policy.Policy { return []*policy.Policy{parse(t, policy.SCP, document(`S`+s+`S`))} }
	set := &policy.Set{Identity: []*policy.Policy{identity}, Resource: bucket}
	ask := func(s *policy.Set, caller, action, resource string, c *policy.Context) *policy.Explanation {
		return s.Explain(&policy.Request{Principal: principal(t, caller), Action: action, Resource: resource, ResourceAccount: "111122223333", Context: c})
	}
	return []*policy.Explanation{
		ask(set, ann, "s3:PutObject", object, ctx("aws:PrincipalTag/team", "core", "aws:SecureTransport", "true")),
		ask(set, ann, "s3:GetObject", object, ctx("aws:PrincipalTag/team", "infra", "aws:SecureTransport", "true")),
		ask(set, ann, "s3:GetObject", object, ctx("aws:PrincipalTag/team", "core", "aws:SecureTransport", "true")),
		ask(set, ann, "kms:Decrypt", key, nil),
		ask(set, "", "s3:GetObject", object, nil),
		ask(&policy.Set{Identity: set.Identity, Resource: keyPolicy}, ann, "kms:Decrypt", key, nil),
		ask(&policy.Set{Identity: set.Identity, SCPs: [][]*policy.Policy{scp(yes), scp(none)}}, ann, "s3:GetObject", "arn:aws:s3:::other/x", nil),
		ask(&policy.Set{Resource: parse(t, policy.Resource, document(`S`+grant("*")+`S`))}, other, "s3:GetObject", object, nil),
		ask(&policy.Set{}, root, "s3:GetObject", object, nil),
		ask(&policy.Set{}, ann, "sts:GetCallerIdentity", "*", nil),
		ask(&policy.Set{}, "", "kms:Decrypt", key, nil),
	}
}

func TestExplanationText(t *testing.T) {
	var b strings.Builder
	for _, x := range explanations(t) {
		b.WriteString(x.String())
		b.WriteString("\n\n")
	}
	golden(t, "explain.golden", b.String())
}

func TestExplanationJSON(t *testing.T) {
	var b strings.Builder
	for _, x := range explanations(t)[:2] {
		text, err := json.MarshalIndent(x, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	golden(t, "explain.json", b.String())
}

// An explanation outlives the request it explains.
func TestExplanationSharesNothingWithTheRequest(t *testing.T) {
	set := &policy.Set{Identity: []*policy.Policy{parse(t, policy.Identity, document(`C{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "StringEquals": {"aws:username": "ann"}}C`))}}
	c := ctx("aws:username", "ann", "aws:TagKeys", []string{"b", "a"})
	x := set.Explain(&policy.Request{Principal: principal(t, ann), Action: "s3:GetObject", Resource: object, Context: c})
	before := x.String()
	c.Reset()
	c.Set("aws:username", "eve")
	c.SetMulti("aws:TagKeys", "z", "z")
	if after := x.String(); after != before {
		t.Errorf("the explanation changed with the context:\n%s\n%s", before, after)
	}
}

func TestNearestStatements(t *testing.T) {
	allow := func(resource, condition string) string {
		return `{"Effect": "Allow", "Action": "s3:*", "Resource": "` + resource + `", "Condition": ` + condition + `}`
	}
	unmet, two := `{"Bool": {"aws:x": "true"}}`, `{"Bool": {"aws:x": "true", "aws:y": "true"}}`
	p := parse(t, policy.Identity, document(`S`+strings.Join([]string{
		allow("arn:aws:s3:::z", `{}`), allow("*", two), allow("*", unmet), allow("*", unmet), allow("*", unmet), allow("*", unmet),
		`{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}`,
	}, ",")+`S`))
	x := (&policy.Set{Identity: []*policy.Policy{p}}).Explain(&policy.Request{Principal: principal(t, ann), Action: "s3:GetObject", Resource: object})
	var got []int
	for _, s := range x.Steps[0].Nearest {
		got = append(got, s.Index)
	}
	if len(got) != 3 || got[0] != 2 || got[1] != 3 || got[2] != 4 {
		t.Errorf("nearest statements %v, want [2 3 4]", got)
	}
}
