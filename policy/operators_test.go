package policy_test

import (
	"fmt"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// conditionCase holds one condition block against one context.
type conditionCase struct {
	condition string
	context   *policy.Context
	met       bool
}

// check runs each row as an Allow with the condition and as a Deny with it.
func check(t *testing.T, version string, rows []conditionCase) {
	t.Helper()
	for _, row := range rows {
		for _, effect := range []string{"Allow", "Deny"} {
			doc := fmt.Sprintf(`{"Version": %q, "Statement": {"Effect": %q, "Action": "s3:*", "Resource": "*", "Condition": %s}}`, version, effect, row.condition)
			p, err := policy.Parse("test.json", []byte(doc), policy.Identity)
			if err != nil {
				t.Errorf("%s: %v", row.condition, err)
				continue
			}
			want := policy.ImplicitDeny
			if row.met && effect == "Allow" {
				want = policy.Allow
			} else if row.met {
				want = policy.ExplicitDeny
			}
			got := decide(t, &policy.Set{Identity: []*policy.Policy{p}}, &policy.Request{
				Principal: principal(t, "arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject",
				Resource: "arn:aws:s3:::b/k", Context: row.context,
			})
			if got.Verdict != want {
				t.Errorf("%s with %s %v: got %v, want %v", effect, row.condition, values(row.context), got.Verdict, want)
			}
		}
	}
}

func values(c *policy.Context) map[string][]string {
	all := map[string][]string{}
	for _, k := range c.Keys() {
		all[k], _ = c.Get(k)
	}
	return all
}

// Source: IAM User Guide, reference_policies_elements_condition_operators.
func TestStringOperators(t *testing.T) {
	name := func(v string) *policy.Context { return ctx("aws:username", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"StringEquals": {"aws:username": "ann"}}`, name("ann"), true},
		{`{"StringEquals": {"aws:username": "ann"}}`, name("Ann"), false},
		{`{"StringEquals": {"aws:username": ["bob", "ann"]}}`, name("ann"), true},
		{`{"StringEquals": {"aws:username": "a*"}}`, name("ann"), false},
		{`{"StringEquals": {"aws:username": []}}`, name("ann"), false},
		{`{"StringNotEquals": {"aws:username": []}}`, name("ann"), true},
		{`{"StringEquals": {}}`, name("ann"), true},
		{`{}`, ctx(), true},
		{`{"StringNotEquals": {"aws:username": ["bob", "ann"]}}`, name("ann"), false},
		{`{"StringNotEquals": {"aws:username": ["bob", "eve"]}}`, name("ann"), true},
		{`{"StringEqualsIgnoreCase": {"aws:username": "ANN"}}`, name("ann"), true},
		{`{"StringEqualsIgnoreCase": {"aws:username": "\u00c4NN"}}`, name("\u00e4nn"), true},
		{`{"StringNotEqualsIgnoreCase": {"aws:username": "ANN"}}`, name("ann"), false},
		{`{"StringLike": {"aws:username": "a?n"}}`, name("ann"), true},
		{`{"StringLike": {"aws:username": "a?n"}}`, name("an"), false},
		{`{"StringLike": {"aws:username": "a?n"}}`, name("a\u4e16n"), true},
		{`{"StringLike": {"aws:username": "A*"}}`, name("ann"), false},
		{`{"StringLike": {"aws:username": "*:x:*"}}`, name("a:b:x:c"), true},
		{`{"StringNotLike": {"aws:username": "a*"}}`, name("ann"), false},
		{`{"StringNotLike": {"aws:username": ["b*", "c*"]}}`, name("ann"), true},
		{`{"stringequals": {"AWS:UserName": "ann"}}`, name("ann"), true},
		{`{"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:SecureTransport": "true"}}`, ctx("aws:username", "ann", "aws:SecureTransport", "false"), false},
		{`{"StringEquals": {"aws:username": "ann", "aws:userid": "x"}}`, ctx("aws:username", "ann", "aws:userid", "x"), true},
		{`{"StringEquals": {"aws:username": "ann", "aws:userid": "x"}}`, ctx("aws:username", "ann", "aws:userid", "y"), false},
	})
}

// Source: IAM User Guide, reference_policies_elements_condition_operators.
func TestNumericOperators(t *testing.T) {
	n := func(v string) *policy.Context { return ctx("s3:max-keys", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"NumericEquals": {"s3:max-keys": "10"}}`, n("10.0"), true},
		{`{"NumericEquals": {"s3:max-keys": 10}}`, n("010"), true},
		{`{"NumericEquals": {"s3:max-keys": "9007199254740993"}}`, n("9007199254740992"), false},
		{`{"NumericEquals": {"s3:max-keys": "0"}}`, n("-0"), true},
		{`{"NumericNotEquals": {"s3:max-keys": ["1", "2"]}}`, n("2"), false},
		{`{"NumericNotEquals": {"s3:max-keys": ["1", "2"]}}`, n("3"), true},
		{`{"NumericLessThan": {"s3:max-keys": "10"}}`, n("9"), true},
		{`{"NumericLessThan": {"s3:max-keys": "10"}}`, n("10"), false},
		{`{"NumericLessThan": {"s3:max-keys": "-1.5"}}`, n("-2"), true},
		{`{"NumericLessThan": {"s3:max-keys": "-1.5"}}`, n("1"), false},
		{`{"NumericLessThanEquals": {"s3:max-keys": "10"}}`, n("10"), true},
		{`{"NumericGreaterThan": {"s3:max-keys": "1.25"}}`, n("1.3"), true},
		{`{"NumericGreaterThanEquals": {"s3:max-keys": "1.25"}}`, n("1.250"), true},
		{`{"NumericGreaterThanEquals": {"s3:max-keys": "1.25"}}`, n("1.2"), false},
		{`{"NumericEquals": {"s3:max-keys": "10"}}`, n("ten"), false},
		{`{"NumericLessThan": {"s3:max-keys": "10"}}`, n(""), false},
	})
}

// Source: IAM User Guide, reference_policies_elements_condition_operators; W3C
// NOTE-datetime.
func TestDateOperators(t *testing.T) {
	at := func(v string) *policy.Context { return ctx("aws:CurrentTime", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"DateEquals": {"aws:CurrentTime": "2026-01-02T03:04:05Z"}}`, at("1767323045"), true},
		{`{"DateEquals": {"aws:CurrentTime": "1767323045"}}`, at("2026-01-02T03:04:05.000Z"), true},
		{`{"DateEquals": {"aws:CurrentTime": "2026-01-02T03:04:05Z"}}`, at("2026-01-02T05:04:05+02:00"), true},
		{`{"DateEquals": {"aws:CurrentTime": "2026-01-02"}}`, at("2026-01-02T00:00Z"), true},
		{`{"DateNotEquals": {"aws:CurrentTime": "2026-01-02"}}`, at("2026-01-02T00:00:01Z"), true},
		{`{"DateLessThan": {"aws:CurrentTime": "2026"}}`, at("2025-12-31T23:59:59.999Z"), true},
		{`{"DateLessThan": {"aws:CurrentTime": "2026-01"}}`, at("2026-01-01T00:00:00Z"), false},
		{`{"DateLessThanEquals": {"aws:CurrentTime": "2026-01"}}`, at("2026-01-01T00:00:00Z"), true},
		{`{"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}`, at("2026-01-01T00:00:00.001Z"), true},
		{`{"DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}`, at("2025-12-31T23:00:00-01:00"), true},
		{`{"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}`, at("soon"), false},
		{`{"DateEquals": {"aws:CurrentTime": "-1.5"}}`, at("1969-12-31T23:59:58.5Z"), true},
		{`{"DateEquals": {"aws:CurrentTime": "1767323045.25"}}`, at("2026-01-02T03:04:05.250Z"), true},
		{`{"DateLessThan": {"aws:CurrentTime": "2026"}}`, at("99999999999999999999"), false},
		{`{"DateLessThan": {"aws:CurrentTime": "2026"}}`, at("2025-01-01T00:00:00.Z"), false},
		{`{"DateLessThan": {"aws:CurrentTime": "2026"}}`, at("2025-01-01T24:00:00Z"), false},
		{`{"DateLessThan": {"aws:CurrentTime": "2024-02-29"}}`, at("2023-02-29"), false},
	})
}

// Source: IAM User Guide, reference_policies_elements_condition_operators.
func TestAddressOperators(t *testing.T) {
	ip := func(v string) *policy.Context { return ctx("aws:SourceIp", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`, ip("203.0.113.9"), true},
		{`{"IpAddress": {"aws:SourceIp": "203.0.113.77/24"}}`, ip("203.0.113.9"), true},
		{`{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`, ip("203.0.114.9"), false},
		{`{"IpAddress": {"aws:SourceIp": "203.0.113.9"}}`, ip("203.0.113.9"), true},
		{`{"IpAddress": {"aws:SourceIp": "203.0.113.9"}}`, ip("203.0.113.8"), false},
		{`{"IpAddress": {"aws:SourceIp": "2001:db8:1234::/48"}}`, ip("2001:DB8:1234:5678::1"), true},
		{`{"IpAddress": {"aws:SourceIp": "2001:db8::1"}}`, ip("2001:db8:0:0:0:0:0:1"), true},
		{`{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}`, ip("2001:db8::1"), false},
		{`{"IpAddress": {"aws:SourceIp": "::/0"}}`, ip("203.0.113.9"), false},
		{`{"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}`, ip("203.0.113.9"), false},
		{`{"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}`, ip("198.51.100.1"), true},
		{`{"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`, ctx(), true},
		{`{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`, ip("fe80::1%eth0"), false},
		{`{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`, ip("s3.amazonaws.com"), false},
	})
}

// Source: IAM User Guide, reference_policies_elements_condition_operators (ARN,
// Bool, Binary and Null operators).
func TestOtherOperators(t *testing.T) {
	arn := func(v string) *policy.Context { return ctx("aws:SourceArn", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:111122223333:t*"}}`, arn("arn:aws:sns:eu-west-2:111122223333:topic"), true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}`, arn("arn:aws:sns:eu-west-2:111122223333:topic"), false},
		{`{"StringLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}`, arn("arn:aws:sns:eu-west-2:111122223333:topic"), true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:logs:eu-west-2:111122223333:log-group:*"}}`, arn("arn:aws:logs:eu-west-2:111122223333:log-group:a:log-stream:b"), true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:iam::111122223333:*"}}`, arn("arn:aws:iam::111122223333:role/a/b"), true},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:iam::*"}}`, arn("arn:aws:iam::111122223333:role/a"), false},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:iam::*"}}`, arn("arn:aws:iam::x"), false},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:iam::1111????3333:role/?"}}`, arn("arn:aws:iam::111122223333:role/a"), true},
		{`{"ArnLike": {"aws:SourceArn": "ARN:aws:iam::111122223333:role/?*"}}`, arn("arn:aws:iam::111122223333:role/a"), false},
		{`{"ArnLike": {"aws:SourceArn": "*"}}`, arn("arn:aws:iam::111122223333:role/a"), true},
		{`{"ArnLike": {"aws:SourceArn": "*"}}`, arn("not an ARN"), false},
		{`{"ArnNotLike": {"aws:SourceArn": "arn:aws:iam::111122223333:role/a"}}`, arn("arn:aws:iam::111122223333:role/A"), true},
		{`{"ArnNotEquals": {"aws:SourceArn": "arn:aws:iam::111122223333:role/*"}}`, arn("arn:aws:iam::111122223333:role/A"), false},
		{`{"Bool": {"aws:SecureTransport": "true"}}`, ctx("aws:SecureTransport", "true"), true},
		{`{"Bool": {"aws:SecureTransport": "True"}}`, ctx("aws:SecureTransport", "true"), true},
		{`{"Bool": {"aws:SecureTransport": true}}`, ctx("aws:SecureTransport", "false"), false},
		{`{"Bool": {"aws:SecureTransport": "false"}}`, ctx(), false},
		{`{"Bool": {"aws:SecureTransport": "false"}}`, ctx("aws:SecureTransport", "no"), false},
		{`{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`, ctx(), true},
		{`{"BinaryEquals": {"kms:X": "aGk="}}`, ctx("kms:X", "hi"), true},
		{`{"BinaryEquals": {"kms:X": "aGk="}}`, ctx("kms:X", "aGk="), true},
		{`{"BinaryEquals": {"kms:X": "aGk="}}`, ctx("kms:X", "ho"), false},
		{`{"Null": {"aws:username": "true"}}`, ctx(), true},
		{`{"Null": {"aws:username": "true"}}`, ctx("aws:username", ""), false},
		{`{"Null": {"aws:username": "false"}}`, ctx("aws:username", "a"), true},
		{`{"Null": {"aws:username": false}}`, ctx(), false},
		{`{"Null": {"aws:TagKeys": "true"}}`, ctx("aws:TagKeys", []string{}), true},
		{`{"Null": {"aws:TagKeys": "false"}}`, ctx("aws:TagKeys", []string{"a"}), true},
		{`{"Null": {"aws:username": ["true", "false"]}}`, ctx(), true},
	})
}

// Source: IAM User Guide, reference_policies_elements_condition_operators (the
// Conditions_IfExists section and the notes on missing keys).
func TestMissingKeys(t *testing.T) {
	none := ctx("aws:other", "x")
	check(t, "2012-10-17", []conditionCase{
		{`{"StringEquals": {"aws:username": "a"}}`, none, false},
		{`{"StringLike": {"aws:username": "*"}}`, none, false},
		{`{"StringNotEquals": {"aws:username": "a"}}`, none, true},
		{`{"StringNotLike": {"aws:username": "*"}}`, none, true},
		{`{"StringNotEqualsIgnoreCase": {"aws:username": "a"}}`, none, true},
		{`{"NumericNotEquals": {"s3:max-keys": "1"}}`, none, true},
		{`{"DateNotEquals": {"aws:CurrentTime": "2026"}}`, none, true},
		{`{"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::b"}}`, none, true},
		{`{"StringEqualsIfExists": {"aws:username": "a"}}`, none, true},
		{`{"StringEqualsIfExists": {"aws:username": "a"}}`, ctx("aws:username", "b"), false},
		{`{"StringNotEqualsIfExists": {"aws:username": "a"}}`, none, true},
		{`{"NumericLessThanIfExists": {"s3:max-keys": "1"}}`, none, true},
		{`{"IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}}`, none, true},
		{`{"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::b"}}`, none, true},
		{`{"StringEquals": {"aws:username": ""}}`, none, false},
	})
	if got := decide(t, &policy.Set{Identity: []*policy.Policy{parse(t, policy.Identity, document(`C{"StringEquals": {"aws:username": "a"}}C`))}},
		&policy.Request{Principal: principal(t, "arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject", Resource: "*"}); got.Verdict != policy.ImplicitDeny {
		t.Errorf("a nil context: got %v", got.Verdict)
	}
}

// Source: IAM User Guide, reference_policies_condition-single-vs-multi-valued-context-keys.
func TestSetOperators(t *testing.T) {
	tags := func(v ...string) *policy.Context { return ctx("aws:TagKeys", v) }
	check(t, "2012-10-17", []conditionCase{
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags("a", "b", "a"), true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags("a", "c"), false},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags(), true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, ctx(), true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags(""), true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}}`, ctx(), false},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags("c", "b"), true},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags("c"), false},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, tags(), false},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}`, ctx(), false},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}`, ctx(), false},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}`, tags(""), false},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}`, tags("a", "b"), true},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}`, tags("a"), false},
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}`, tags("b", "c"), true},
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}`, tags("a", "c"), false},
		{`{"ForAllValues:StringLike": {"aws:TagKeys": ["a*"]}}`, tags("a1", "a2"), true},
		{`{"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*"]}}`, ctx(), true},
		{`{"forallvalues:StringLike": {"aws:TagKeys": ["a*"]}}`, tags("b"), false},
		// A single-valued key is a set of one.
		{`{"ForAnyValue:StringEquals": {"aws:username": "ann"}}`, ctx("aws:username", "ann"), true},
		{`{"ForAllValues:StringEquals": {"aws:username": "ann"}}`, ctx("aws:username", "bob"), false},
		// Without a set operator a multivalued key matches nothing [unsure].
		{`{"StringEquals": {"aws:TagKeys": "a"}}`, tags("a"), false},
		{`{"StringNotEquals": {"aws:TagKeys": "b"}}`, tags("a"), false},
		{`{"StringEqualsIfExists": {"aws:TagKeys": "a"}}`, tags("a"), false},
	})
}

// Source: IAM User Guide, reference_policies_variables.
func TestVariables(t *testing.T) {
	c := ctx("aws:username", "ann", "aws:PrincipalTag/team", "core", "aws:userid", "ann", "s3:prefix", "home/ann/x", "aws:TagKeys", []string{"ann"},
		"aws:SourceArn", "arn:aws:iam::111122223333:user/ann", "s3:star", "a*c", "s3:dollar", "$", "s3:quest", "?")
	check(t, "2012-10-17", []conditionCase{
		{`{"StringEquals": {"aws:userid": "${aws:username}"}}`, c, true},
		{`{"StringEquals": {"aws:userid": "${AWS:UserName}"}}`, c, true},
		{`{"StringLike": {"s3:prefix": "home/${aws:username}/*"}}`, c, true},
		{`{"StringLike": {"s3:prefix": ["${aws:username}/*", "*/${aws:username}/?"]}}`, c, true},
		{`{"StringEqualsIgnoreCase": {"aws:userid": "${aws:username}"}}`, c, true},
		{`{"StringEqualsIgnoreCase": {"s3:prefix": "HOME/${aws:username}/X"}}`, c, true},
		{`{"StringEqualsIgnoreCase": {"aws:userid": "\u00c4${aws:username}\u212a"}}`, ctx("aws:username", "ann", "aws:userid", "\u00e4ANNk"), true},
		{`{"StringEqualsIgnoreCase": {"aws:userid": "\u00c4${aws:username}"}}`, ctx("aws:username", "ann", "aws:userid", "\u00f6ANN"), false},
		{`{"StringEqualsIgnoreCase": {"aws:userid": "${aws:username}x"}}`, ctx("aws:username", "ann", "aws:userid", "ANN"), false},
		{`{"ArnLike": {"aws:SourceArn": "arn:aws:iam::111122223333:user/${aws:username}"}}`, c, true},
		{`{"ArnEquals": {"aws:SourceArn": "${aws:SourceArn}"}}`, c, true},
		// Defaults stand in for missing keys only.
		{`{"StringEquals": {"aws:username": "${aws:PrincipalTag/x, 'ann'}"}}`, c, true},
		{`{"StringEquals": {"aws:username": "${aws:PrincipalTag/team, 'ann'}"}}`, c, false},
		{`{"StringEquals": {"aws:username": "${aws:PrincipalTag/x,'ann'}"}}`, c, true},
		{`{"StringEquals": {"aws:username": "an${aws:PrincipalTag/x, ''}n"}}`, c, true},
		// Without a value nothing matches, and a negated operator is true.
		{`{"StringEquals": {"aws:username": "${aws:PrincipalTag/x}"}}`, c, false},
		{`{"StringLike": {"aws:username": "*${aws:PrincipalTag/x}"}}`, c, false},
		{`{"StringNotEquals": {"aws:username": "${aws:PrincipalTag/x}"}}`, c, true},
		{`{"StringNotLike": {"aws:username": ["${aws:PrincipalTag/x}", "bob"]}}`, c, true},
		{`{"StringEquals": {"aws:username": "${aws:TagKeys}"}}`, c, false},
		// Special characters.
		{`{"StringLike": {"s3:star": "a${*}c"}}`, c, true},
		{`{"StringLike": {"aws:username": "a${*}n"}}`, c, false},
		{`{"StringLike": {"s3:quest": "${?}"}}`, c, true},
		{`{"StringLike": {"aws:username": "an${?}"}}`, c, false},
		{`{"StringEquals": {"s3:dollar": "${$}"}}`, c, true},
		{`{"StringEquals": {"s3:star": "a${*}c"}}`, c, true},
		// Wildcards in a variable's value are plain text.
		{`{"StringLike": {"aws:username": "${s3:star}"}}`, ctx("aws:username", "abc", "s3:star", "a*c"), false},
	})
	check(t, "2008-10-17", []conditionCase{
		{`{"StringEquals": {"aws:userid": "${aws:username}"}}`, c, false},
		{`{"StringEquals": {"aws:userid": "${aws:username}"}}`, ctx("aws:userid", "${aws:username}"), true},
		{`{"StringLike": {"aws:userid": "${*}"}}`, ctx("aws:userid", "${x}"), true},
	})
}
