package policycheck_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/policycheck"
	"github.com/strongroom-dev/strongroom/policy"
)

// Conditions that are right, and those next to them that are not. A rule that
// cries wolf is worse than none, so most rows want nothing.
func TestConditions(t *testing.T) {
	const (
		allow = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": COND}]}`
		deny  = `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": COND}]}`
		two   = `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": COND},
			{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"Null": {"s3:x-amz-server-side-encryption": "true"}}}]}`
		secure = `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": COND},
			{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`
	)
	for _, c := range []struct{ name, policy, condition, want string }{
		{"encryption header must be there and right", deny, `{"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}`, ""},
		{"encryption header must not be", deny, `{"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}`, "deny-misses-missing-key"},
		{"the missing header is denied elsewhere", two, `{"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}`, ""},
		{"no such encryption", deny, `{"StringNotEquals": {"s3:x-amz-server-side-encryption": "kms"}}`, "impossible-value"},
		{"another key without a guard", deny, `{"ArnNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-2:111122223333:key/x"}}`, "deny-fires-on-missing-key"},
		{"IfExists is no guard in a negation", deny, `{"ArnNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-2:111122223333:key/x"}}`, "deny-fires-on-missing-key"},
		{"another key with a guard", deny, `{"ArnNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-2:111122223333:key/x"}, "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"}}`, ""},
		{"old TLS", deny, `{"NumericLessThan": {"s3:TlsVersion": "1.2"}}`, "deny-misses-missing-key"},
		{"old TLS, and plain HTTP denied", secure, `{"NumericLessThan": {"s3:TlsVersion": "1.2"}}`, ""},
		{"MFA with IfExists", deny, `{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`, ""},
		{"only through the endpoint", deny, `{"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}`, "deny-fires-on-missing-key"},
		{"only through the endpoint, services aside", deny, `{"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}, "Bool": {"aws:ViaAWSService": "false"}}`, ""},
		{"a set that may be empty", deny, `{"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["a"]}}`, "deny-fires-on-missing-key"},
		{"a set that is not empty", deny, `{"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["a"]}, "Null": {"s3:RequestObjectTagKeys": "false"}}`, ""},
		{"none of a set", deny, `{"ForAllValues:StringNotEquals": {"s3:RequestObjectTagKeys": ["a"]}}`, ""},
		{"another organization", deny, `{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`, ""},
		{"the wrong service caller", deny, `{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}`, "deny-fires-on-missing-key"},
		{"the wrong service caller, of services", deny, `{"StringNotEquals": {"aws:SourceAccount": "111122223333"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}`, ""},
		{"an old address", allow, `{"IpAddress": {"aws:SourceIp": ["203.0.113.7", "2001:db8::/32"]}}`, ""},
		{"text of one address", allow, `{"StringEquals": {"aws:SourceIp": "203.0.113.7"}}`, "operator-type"},
		{"an ARN as text", allow, `{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`, ""},
		{"an ARN in an encryption context", allow, `{"ArnLike": {"aws:PrincipalTag/bucket": "arn:aws:s3:::*"}}`, ""},
		{"a boolean as text", allow, `{"StringEquals": {"aws:SecureTransport": "true"}}`, "operator-type"},
		{"a boolean as nonsense", allow, `{"StringEquals": {"aws:SecureTransport": "yes"}}`, "condition-value operator-type"},
		{"a number that is text", allow, `{"NumericLessThan": {"s3:max-keys": "ten"}}`, "condition-value key-not-carried"},
		{"a date as a number", allow, `{"NumericLessThan": {"aws:EpochTime": "1900000000"}}`, ""},
		{"a date that is none", allow, `{"DateLessThan": {"aws:CurrentTime": "2026-02-30"}}`, "condition-value"},
		{"a variable in a number", allow, `{"NumericLessThan": {"aws:MultiFactorAuthAge": "${aws:PrincipalTag/age}"}}`, "condition-value"},
		{"between two numbers", allow, `{"NumericGreaterThan": {"aws:MultiFactorAuthAge": "10"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "20"}}`, ""},
		{"between no numbers", allow, `{"NumericGreaterThan": {"aws:MultiFactorAuthAge": "20"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "10"}}`, "never-true"},
		{"there and not there", allow, `{"StringEquals": {"aws:PrincipalTag/a": "x"}, "Null": {"aws:PrincipalTag/a": "true"}}`, "never-true"},
		{"x, but not x", allow, `{"StringEquals": {"aws:PrincipalTag/a": ["x", "y"]}, "StringNotLike": {"aws:PrincipalTag/a": ["x", "y*"]}}`, "never-true"},
		{"x or y, but not y", allow, `{"StringEquals": {"aws:PrincipalTag/a": ["x", "y"]}, "StringNotLike": {"aws:PrincipalTag/a": "y*"}}`, ""},
		{"either pattern", allow, `{"StringLike": {"aws:PrincipalTag/a": "x*"}, "StringEquals": {"aws:PrincipalTag/a": "xy"}}`, ""},
		{"with a variable", allow, `{"StringLike": {"aws:PrincipalTag/a": "x*"}, "StringEquals": {"aws:PrincipalTag/a": "${aws:username}"}}`, ""},
		{"nothing to compare with", allow, `{"StringEquals": {"aws:PrincipalTag/a": []}}`, "never-true"},
		{"several values of a set", allow, `{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringLike": {"aws:TagKeys": "b"}}`, ""},
		{"the tag must be there", allow, `{"StringLike": {"aws:RequestTag/owner": "*"}}`, ""},
		{"true or false", allow, `{"Null": {"aws:username": ["true", "false"]}}`, "always-true"},
		{"if it is there, anything", allow, `{"StringLikeIfExists": {"aws:PrincipalArn": "*"}}`, "always-true"},
		{"a region's zone", allow, `{"StringEquals": {"aws:RequestedRegion": "eu-west-2a"}}`, "impossible-value"},
		{"a region of another partition", allow, `{"StringEquals": {"aws:RequestedRegion": ["us-gov-west-1", "cn-north-1", "us-iso-east-1", "ap-southeast-7"]}}`, ""},
		{"an account with hyphens", allow, `{"StringEquals": {"aws:PrincipalAccount": "1111-2222-3333"}}`, "impossible-value"},
		{"a star of free text", allow, `{"StringEquals": {"aws:UserAgent": "tool*"}}`, "wildcard-in-equals"},
		{"a written star", allow, `{"StringEquals": {"aws:PrincipalTag/a": "x${*}"}}`, ""},
		{"a key in another case", allow, `{"stringequals": {"AWS:PRINCIPALTAG/a": "x"}}`, ""},
		{"a default for a variable", allow, `{"StringEquals": {"aws:PrincipalTag/a": "${aws:nothing, 'x'}"}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, &policycheck.Rule{Kind: policy.Identity}, strings.ReplaceAll(c.policy, "COND", c.condition))
			var got []string
			for _, f := range r.Findings {
				if !slices.Contains(got, f.Rule.ID) {
					got = append(got, f.Rule.ID)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}
