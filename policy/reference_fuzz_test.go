package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// chooser turns bytes into choices; past their end it always takes the first.
type chooser struct {
	data []byte
	at   int
}

func (c *chooser) n(most int) int {
	if c.at >= len(c.data) {
		return 0
	}
	c.at++
	return int(c.data[c.at-1]) % most
}

func (c *chooser) of(list ...string) string { return list[c.n(len(list))] }

const (
	refRole   = "arn:aws:iam::111122223333:role/deploy"
	refKey    = "arn:aws:kms:eu-west-2:111122223333:key/k-1"
	refObject = "arn:aws:s3:::bucket/home/ann/x"
)

// referenceKeys are the keys of a request with the values that it may carry, and
// more values that policies want.
var referenceKeys = []struct {
	name, family  string
	have, wanting []string
}{
	{"aws:username", "String", []string{"ann", "Ann", "b*b", ""}, []string{"a*", "?nn", "${aws:PrincipalTag/t}", "b${*}b", "${aws:none, 'ann'}", "*"}},
	{"aws:PrincipalTag/t", "String", []string{"ann", "x/y", "*", "é"}, []string{"É", "x?y", "${aws:username}", "x*", "${aws:none}"}},
	{"aws:MultiFactorAuthAge", "Numeric", []string{"10", "10.50", "-0", "few", "9007199254740993"}, []string{"10.5", "0", "9007199254740992", "-1"}},
	{"aws:CurrentTime", "Date", []string{"2026-03-01T00:00:00Z", "1772323200", "2026-03-01T02:00:00+02:00", "soon"}, []string{"2026-03-01", "2026", "1772323201", "2026-03-01T00:00Z"}},
	{"aws:SecureTransport", "Bool", []string{"true", "false", "TRUE", "1"}, []string{"true", "false"}},
	{"aws:SourceIp", "Ip", []string{"10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3", "here"}, []string{"10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "10.1.2.3", "::/0"}},
	{"aws:SourceArn", "Arn", []string{"arn:aws:sns:eu-west-2:111122223333:t", "arn:aws:s3:::b", "no", "arn:aws:logs:r:a:log-group:g:*"}, []string{"arn:aws:sns:*:111122223333:*", "arn:*:*:*:*:*", "arn:aws:s3:?::b", "arn:aws:sns:eu-west-2:${aws:account}:t"}},
}

func (c *chooser) operator(family string) string {
	switch family {
	case "String":
		return c.of("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike")
	case "Numeric", "Date":
		return family + c.of("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
	case "Ip":
		return c.of("IpAddress", "NotIpAddress")
	case "Arn":
		return family + c.of("Equals", "NotEquals", "Like", "NotLike")
	}
	return "Bool"
}

func (c *chooser) statement(principal, trust bool) map[string]any {
	s := map[string]any{"Effect": c.of("Allow", "Allow", "Allow", "Allow", "Deny")}
	if principal {
		p := c.of("*", ann, "111122223333", root, refRole, session, "444455556666", other, service, fed)
		switch {
		case p == "*":
			s["Principal"] = p
		case p == service:
			s["Principal"] = map[string]any{"Service": p}
		default:
			s["Principal"] = map[string]any{"AWS": []any{p, "arn:aws:iam::444455556666:role/other"}}
		}
	}
	element := c.of("Action", "Action", "Action", "NotAction")
	s[element] = []any{c.of("*", "s3:*", "S3:get?bject", "kms:*", "sts:Assume*", "iam:Get*", "s3:GetObject"), c.of("ec2:Run*", "*:*", "sts:AssumeRole", "s3:Put*")}
	if !trust {
		s[c.of("Resource", "Resource", "Resource", "NotResource")] = []any{
			c.of("*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/home/${aws:username}/*", "arn:aws:s3:*", "arn:aws:s3:::buck?t/home/*/x", "arn:aws:iam::*:role/*", "arn:aws:kms:eu-*:111122223333:key/*", "arn:aws:kms:*", "arn:aws:s3:::bucket/home/${aws:none, 'ann'}/${?}"),
			c.of("arn:aws:ec2:*:*:*", "arn:aws:iam::111122223333:role/dep*", "arn:aws:s3:::bucket", refKey),
		}
	}
	conditions := map[string]any{}
	for range c.n(3) {
		k := referenceKeys[c.n(len(referenceKeys))]
		op := c.of("", "", "ForAllValues:", "ForAnyValue:") + c.operator(k.family) + c.of("", "", "IfExists")
		value := c.of(append([]string{k.have[0]}, k.wanting...)...)
		if c.n(8) == 7 {
			op, value = "Null", c.of("true", "false")
		}
		conditions[op] = map[string]any{c.of(k.name, strings.ToUpper(k.name)): []any{value}}
	}
	if len(conditions) > 0 {
		s["Condition"] = conditions
	}
	return s
}

func (c *chooser) document(principal, trust bool) string {
	var list []any
	for range 1 + c.n(2) {
		list = append(list, c.statement(principal, trust))
	}
	text, err := json.Marshal(map[string]any{"Version": c.of("2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"), "Statement": list})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// world makes a request and policies of every type.
func (c *chooser) world() *world {
	w := &world{owner: "111122223333", context: map[string][]string{}, multi: map[string]bool{}}
	w.caller = c.of(ann, session, other, root, service, "")
	w.account = "111122223333"
	switch w.caller {
	case ann:
		w.kind = "user"
	case session:
		w.kind, w.role = "session", refRole
	case other:
		w.kind, w.account = "user", "444455556666"
	case root:
		w.kind = "root"
	case service:
		w.kind, w.account = "service", ""
	default:
		w.kind, w.account = "anonymous", ""
	}
	trust := false
	switch c.n(4) {
	case 0:
		w.action, w.resource = "s3:GetObject", refObject
	case 1:
		w.action, w.resource = "kms:Decrypt", refKey
	case 2:
		w.action, w.resource, trust = "sts:AssumeRole", refRole, true
	default:
		w.action, w.resource = "s3:GetObject", "arn:aws:s3:::bucket/home/?/x"
	}
	for _, k := range referenceKeys {
		switch c.n(4) {
		case 0, 1:
			w.context[k.name] = []string{c.of(k.have...)}
		case 2:
			w.context[k.name], w.multi[k.name] = []string{c.of(k.have...), c.of(k.have...)}[:c.n(3)], true
		}
	}
	in := w.kind == "user" || w.kind == "session"
	if in {
		w.identity = []string{c.document(false, false)}
	}
	if c.n(3) > 0 || trust {
		w.policy = c.document(true, trust)
	}
	if in && c.n(4) == 3 {
		w.boundary = c.document(false, false)
	}
	if in && c.n(4) == 3 {
		w.session = c.document(false, false)
	}
	if c.n(4) == 3 {
		w.scps = []string{c.document(false, false), c.document(false, false)}
	}
	if c.n(4) == 3 {
		w.rcps = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::bucket/*"}]}`}
	}
	if c.n(6) == 5 {
		w.endpoint = []string{c.document(true, false)}
	}
	return w
}

// FuzzReference holds Decide against the reference.
func FuzzReference(f *testing.F) {
	for i := range 24 {
		seed := make([]byte, 200)
		for j := range seed {
			seed[j] = byte(i*131 + j*j*(i+7) + j>>2)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameAsReference(t, (&chooser{data: data}).world()) })
}

func sameAsReference(t *testing.T, w *world) policy.Verdict {
	t.Helper()
	one := func(kind policy.Kind, text string) *policy.Policy {
		if text == "" {
			return nil
		}
		return parse(t, kind, text)
	}
	list := func(kind policy.Kind, all []string) (ps []*policy.Policy) {
		for _, text := range all {
			ps = append(ps, one(kind, text))
		}
		return ps
	}
	levels := func(kind policy.Kind, all []string) (ls [][]*policy.Policy) {
		for _, p := range list(kind, all) {
			ls = append(ls, []*policy.Policy{p})
		}
		return ls
	}
	set := &policy.Set{
		Identity: list(policy.Identity, w.identity), Boundary: one(policy.Boundary, w.boundary),
		Resource: one(policy.ResourceKind(w.resource), w.policy), Endpoint: list(policy.Endpoint, w.endpoint),
		SCPs: levels(policy.SCP, w.scps), RCPs: levels(policy.RCP, w.rcps),
	}
	if w.session != "" {
		set.Session = []*policy.Policy{one(policy.Session, w.session)}
	}
	c := &policy.Context{}
	for k, v := range w.context {
		if w.multi[k] {
			c.SetMulti(k, v...)
		} else {
			c.Set(k, v[0])
		}
	}
	r := &policy.Request{Principal: principal(t, w.caller), Action: w.action, Resource: w.resource, ResourceAccount: w.owner, Context: c}
	got := decide(t, set, r)
	if want := w.answer(); got.Verdict.String() != want {
		t.Fatalf("Decide says %v, the reference %s\n%s\n%s", got.Verdict, want, fmt.Sprintf("%+v", *w), set.Explain(r))
	}
	return got.Verdict
}

// The same on worlds that are random from end to end, all answers among them.
func TestDecideAgreesWithTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	verdicts := map[policy.Verdict]int{}
	for range 3000 {
		data := make([]byte, 240)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		verdicts[sameAsReference(t, (&chooser{data: data}).world())]++
	}
	for _, v := range []policy.Verdict{policy.Allow, policy.ExplicitDeny, policy.ImplicitDeny} {
		if verdicts[v] < 150 {
			t.Errorf("%v came up %d times in 3000", v, verdicts[v])
		}
	}
}
