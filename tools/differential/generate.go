package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// generator makes cases that mean something: policies are written around the
// request, then parts of them are bent, so that every answer comes up often.
type generator struct {
	*rand.Rand
	c *policytest.Case
	// q is the request at hand.
	q       question
	context map[string]any
}

const (
	here  = "111122223333"
	there = "444455556666"
)

// question is what a request asks for, and who may own it.
type question struct {
	action, resource string
	// near are resources and actions that are not the ones asked for.
	nearAction, nearResource []string
	wildcardOnly             bool
}

var questions = []question{
	{action: "s3:GetObject", resource: "arn:aws:s3:::bucket/team/a.txt", nearAction: []string{"s3:PutObject", "s3:GetObjectTagging", "s3:ListBucket"},
		nearResource: []string{"arn:aws:s3:::bucket", "arn:aws:s3:::bucket/team", "arn:aws:s3:::bucket2/team/a.txt", "arn:aws:s3:::bucket/Team/a.txt"}},
	{action: "s3:ListBucket", resource: "arn:aws:s3:::bucket", nearAction: []string{"s3:ListBucketVersions", "s3:GetObject"},
		nearResource: []string{"arn:aws:s3:::bucket/*", "arn:aws:s3:::bucke", "arn:aws:s3:::Bucket"}},
	{action: "sqs:SendMessage", resource: "arn:aws:sqs:eu-west-2:111122223333:orders", nearAction: []string{"sqs:ReceiveMessage", "sns:Publish"},
		nearResource: []string{"arn:aws:sqs:eu-west-1:111122223333:orders", "arn:aws:sqs:eu-west-2:444455556666:orders", "arn:aws:sqs:eu-west-2:111122223333:orders2"}},
	{action: "dynamodb:GetItem", resource: "arn:aws:dynamodb:eu-west-2:111122223333:table/orders", nearAction: []string{"dynamodb:PutItem", "dynamodb:GetRecords"},
		nearResource: []string{"arn:aws:dynamodb:eu-west-2:111122223333:table/orders/index/i", "arn:aws:dynamodb:eu-west-2:111122223333:table"}},
	{action: "lambda:InvokeFunction", resource: "arn:aws:lambda:eu-west-2:111122223333:function:build", nearAction: []string{"lambda:InvokeAsync", "lambda:GetFunction"},
		nearResource: []string{"arn:aws:lambda:eu-west-2:111122223333:function:build:1", "arn:aws:lambda:eu-west-2:111122223333:function"}},
	{action: "secretsmanager:GetSecretValue", resource: "arn:aws:secretsmanager:eu-west-2:111122223333:secret:db-AbCdEf", nearAction: []string{"secretsmanager:PutSecretValue"},
		nearResource: []string{"arn:aws:secretsmanager:eu-west-2:111122223333:secret:db"}},
	{action: "iam:GetRole", resource: "arn:aws:iam::111122223333:role/app/deploy", nearAction: []string{"iam:GetRolePolicy", "iam:PassRole"},
		nearResource: []string{"arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::111122223333:role/app/Deploy"}},
	{action: "ec2:DescribeInstances", resource: "*", nearAction: []string{"ec2:DescribeImages", "ec2:RunInstances"},
		nearResource: []string{"arn:aws:ec2:eu-west-2:111122223333:instance/*", "arn:aws:ec2:*:*:*"}, wildcardOnly: true},
	{action: "s3:ListAllMyBuckets", resource: "*", nearAction: []string{"s3:ListBucket"}, nearResource: []string{"arn:aws:s3:::*"}, wildcardOnly: true},
}

var (
	kmsQuestion = question{action: "kms:Decrypt", resource: "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		nearAction:   []string{"kms:Encrypt", "kms:DescribeKey", "kms:Decryp"},
		nearResource: []string{"arn:aws:kms:eu-west-2:111122223333:key/other", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}
	roleQuestion = question{action: "sts:AssumeRole", resource: "arn:aws:iam::111122223333:role/app/deploy",
		nearAction:   []string{"sts:TagSession", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRol"},
		nearResource: []string{"arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::111122223333:role/app/other"}}
)

var callers = []string{
	"arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/team/bob",
	"arn:aws:sts::111122223333:assumed-role/build/job-1", "arn:aws:sts::111122223333:assumed-role/build/job-1",
	"arn:aws:iam::444455556666:user/eve", "arn:aws:sts::444455556666:assumed-role/visitor/s", "arn:aws:sts::111122223333:federated-user/fred",
	"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
}

// next makes one case. The same seed gives the same cases.
func (g *generator) next(n int) *policytest.Case {
	// The format wants an expectation; the answers are held against each other.
	g.c = &policytest.Case{ID: fmt.Sprintf("case-%d", n), Expected: policytest.ImplicitlyDenied}
	g.c.Request.Principal = policytest.Principal(g.pick(callers))
	g.context = map[string]any{}
	switch g.IntN(10) {
	case 0, 1:
		g.ask(g.question(), here)
		g.conditional()
	case 2, 3:
		g.ask(g.question(), g.owner())
		g.granted()
	case 4, 5:
		g.ask(kmsQuestion, here)
		g.granted()
	case 6, 7:
		g.ask(roleQuestion, here)
		g.granted()
	case 8:
		g.ask(questions[g.IntN(3)], here)
		g.c.Request.Principal = policytest.Principal(g.pick([]string{"", "", "cloudtrail.amazonaws.com", "ec2.amazonaws.com"}))
		g.c.Request.S3BlockPublicAccess = g.one(3) && strings.HasPrefix(g.q.action, "s3:")
		g.resourcePolicy()
		g.limits(false)
	default:
		g.ask(g.question(), here)
		g.identity()
		g.limits(true)
	}
	g.c.Request.Context = map[string]policytest.KeyValues{}
	for k, v := range g.context {
		switch v := v.(type) {
		case string:
			g.c.Request.Context[k] = policytest.KeyValues{Values: []string{v}}
		case []string:
			g.c.Request.Context[k] = policytest.KeyValues{Values: v, Multi: true}
		}
	}
	return g.c
}

func (g *generator) question() question { return questions[g.IntN(len(questions))] }

func (g *generator) owner() string {
	if g.one(4) {
		return there
	}
	return here
}

func (g *generator) ask(q question, owner string) {
	q.resource = strings.ReplaceAll(q.resource, here, owner)
	g.q = q
	g.c.Request.Action = q.action
	g.c.Request.WildcardOnlyAction = q.wildcardOnly
	g.c.Request.Resource = policytest.Resource{ARN: q.resource, AccountID: owner}
	g.fill()
}

// conditional is a single identity policy whose conditions matter.
func (g *generator) conditional() {
	stmts := []any{g.statement("Allow", false, 1+g.IntN(2))}
	if g.one(3) {
		stmts = append(stmts, g.statement("Deny", false, 1))
	}
	g.c.IdentityPolicies = []json.RawMessage{g.document(stmts...)}
}

func (g *generator) granted() {
	if !g.q.wildcardOnly && !g.one(6) {
		g.resourcePolicy()
	}
	if !g.one(3) {
		g.identity()
	}
	if g.one(2) {
		g.limits(true)
	}
}

func (g *generator) identity() {
	for range 1 + g.IntN(2) {
		stmts := []any{g.statement("Allow", false, g.IntN(2))}
		if g.one(4) {
			stmts = append(stmts, g.statement("Deny", false, g.IntN(2)))
		}
		g.c.IdentityPolicies = append(g.c.IdentityPolicies, g.document(stmts...))
	}
}

func (g *generator) resourcePolicy() {
	if g.q.wildcardOnly || strings.HasPrefix(g.q.action, "iam:") {
		return
	}
	stmts := []any{g.statement("Allow", true, g.IntN(2))}
	for range g.IntN(3) {
		stmts = append(stmts, g.statement(g.pick([]string{"Allow", "Deny"}), true, g.IntN(2)))
	}
	g.c.Request.Resource.Policy = g.document(stmts...)
}

// limits adds the policy types that grant nothing.
func (g *generator) limits(identity bool) {
	body := func() json.RawMessage {
		stmts := []any{g.broad("Allow")}
		if g.one(3) {
			stmts = append(stmts, g.statement("Deny", false, g.IntN(2)))
		}
		return g.document(stmts...)
	}
	if identity && g.one(3) {
		g.c.PermissionBoundary = body()
	}
	who := string(g.c.Request.Principal)
	if identity && g.one(4) && strings.Contains(who, ":sts:") {
		g.c.SessionPolicy = body()
	}
	if identity && g.one(4) {
		for range 1 + g.IntN(2) {
			g.c.SCPs = append(g.c.SCPs, []json.RawMessage{body()})
		}
	}
	if g.one(5) {
		s := g.statement("Deny", false, g.IntN(2))
		s["Principal"] = "*"
		// AWS takes neither "*" nor NotAction here, and the current version only.
		delete(s, "NotAction")
		if s["Action"] = g.action(); s["Action"] == "*" {
			s["Action"] = g.q.action
		}
		doc := encode(map[string]any{"Version": "2012-10-17", "Statement": []any{s}})
		g.c.RCPs = append(g.c.RCPs, []json.RawMessage{fullAccess, doc})
	}
	if g.one(8) && strings.HasPrefix(g.q.action, "s3:") && !g.q.wildcardOnly {
		s := g.broad("Allow")
		s["Principal"] = "*"
		g.c.VPCEndpointPolicies = []json.RawMessage{g.document(s)}
	}
}

// broad is what limits usually hold.
func (g *generator) broad(effect string) map[string]any {
	if g.one(3) {
		return g.statement(effect, false, g.IntN(2))
	}
	return map[string]any{"Effect": effect, "Action": "*", "Resource": "*"}
}

func (g *generator) document(stmts ...any) json.RawMessage {
	for i, s := range stmts {
		if s, ok := s.(map[string]any); ok && g.one(5) {
			s["Sid"] = fmt.Sprintf("S%d", i)
		}
	}
	doc := map[string]any{"Version": "2012-10-17", "Statement": stmts}
	switch {
	case g.one(30):
		doc["Version"] = "2008-10-17"
	case g.one(40):
		delete(doc, "Version")
	}
	if len(stmts) == 1 && g.one(4) {
		doc["Statement"] = stmts[0]
	}
	return encode(doc)
}

// fullAccess is RCPFullAWSAccess, which AWS attaches at every level.
var fullAccess = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings only
	}
	return b
}

// one is true once in n.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func (g *generator) pick(list []string) string { return list[g.IntN(len(list))] }

// several is one of make's texts, or a list of them.
func (g *generator) several(make func() string) any {
	if !g.one(3) {
		return make()
	}
	list := []string{make()}
	for range 1 + g.IntN(2) {
		list = append(list, make())
	}
	return list
}
