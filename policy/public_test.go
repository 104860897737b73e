package policy_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// Source: S3 User Guide, access-control-block-public-access (the meaning of
// "public").
func TestPublic(t *testing.T) {
	everyone := `"Principal": "*"`
	rows := []struct {
		effect, principal, condition string
		public                       bool
	}{
		{"Allow", everyone, `{}`, true},
		{"Allow", `"Principal": {"AWS": "*"}`, `{}`, true},
		{"Deny", everyone, `{}`, false},
		{"Allow", `"Principal": {"AWS": "111122223333"}`, `{}`, false},
		{"Allow", `"Principal": {"AWS": ["111122223333", "*"]}`, `{}`, true},
		{"Allow", `"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}`, `{}`, true},
		{"Allow", `"Principal": {"Service": "cloudtrail.amazonaws.com"}`, `{}`, false},
		{"Allow", `"Principal": {"Federated": "graph.facebook.com"}`, `{}`, true},
		{"Allow", everyone, `{"StringLike": {"aws:SourceVpc": "vpc-*"}}`, true},
		{"Allow", everyone, `{"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}`, false},
		{"Allow", everyone, `{"StringLike": {"AWS:sourcevpce": "vpce-1"}}`, false},
		{"Allow", everyone, `{"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}`, true},
		{"Allow", everyone, `{"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}`, true},
		{"Allow", everyone, `{"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}}`, true},
		{"Allow", everyone, `{"ForAnyValue:StringEquals": {"aws:SourceVpc": "vpc-1"}}`, false},
		{"Allow", everyone, `{"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}`, true},
		{"Allow", everyone, `{"StringEquals": {"aws:UserAgent": "x"}}`, true},
		{"Allow", everyone, `{"Bool": {"aws:SecureTransport": "true"}}`, true},
		{"Allow", everyone, `{"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-2:111122223333:t"}}`, false},
		{"Allow", everyone, `{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t"}}`, true},
		{"Allow", everyone, `{"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}`, false},
		{"Allow", everyone, `{"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/x"}}`, true},
		{"Allow", everyone, `{"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}`, true},
		{"Allow", everyone, `{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}`, false},
		{"Allow", everyone, `{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`, false},
		{"Allow", everyone, `{"IpAddress": {"aws:SourceIp": "11.0.0.0/8"}}`, false},
		{"Allow", everyone, `{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}`, true},
		{"Allow", everyone, `{"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}`, false},
		{"Allow", everyone, `{"IpAddress": {"aws:SourceIp": "2001::/16"}}`, true},
		{"Allow", everyone, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`, true},
	}
	for _, row := range rows {
		p := parse(t, policy.Resource, document(`S{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}, {"Effect": "`+row.effect+`", `+row.principal+`, "Action": "s3:GetObject", "Resource": "*", "Condition": `+row.condition+`}S`))
		public, i, why := p.Public()
		if public != row.public || public != (i == 1) || public != (why != "") {
			t.Errorf("%s %s %s: got %v, %d, %q, want %v", row.effect, row.principal, row.condition, public, i, why, row.public)
		}
	}
}

// Source: S3 API_PublicAccessBlockConfiguration.
func TestRestrictPublicBuckets(t *testing.T) {
	restrict := func(r *policy.Request) { r.RestrictPublic = true }
	trail := `{"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "*", "Resource": "*"}`
	run(t, []evaluation{
		{name: "anonymous", resPolicy: grant("*"), change: restrict, want: policy.ExplicitDeny, why: policy.ReasonPublicAccess},
		{name: "cross account", caller: other, identity: yes, resPolicy: grant("*"), change: restrict, want: policy.ExplicitDeny, why: policy.ReasonPublicAccess},
		{name: "cross account by name", caller: other, identity: yes, resPolicy: grant("*") + "," + grant(other), change: restrict, want: policy.ExplicitDeny, why: policy.ReasonPublicAccess},
		{name: "same account", caller: ann, identity: yes, resPolicy: grant("*"), change: restrict, want: policy.Allow, why: policy.ReasonResource},
		{name: "service", caller: service, resPolicy: grant("*") + "," + trail, change: restrict, want: policy.Allow, why: policy.ReasonResource},
		{name: "policy is not public", caller: other, identity: yes, resPolicy: grant(other), change: restrict, want: policy.Allow, why: policy.ReasonIdentity},
		{name: "off", resPolicy: grant("*"), want: policy.Allow, why: policy.ReasonResource},
	})
}
