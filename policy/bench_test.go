package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// smallCase is an everyday request: one identity policy of two statements with
// two conditions, and a bucket policy that refuses plain HTTP.
func smallCase(tb testing.TB) (*policy.Set, *policy.Request) {
	tb.Helper()
	set := &policy.Set{
		Identity: []*policy.Policy{parse(tb, policy.Identity, `{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": "arn:aws:s3:::state"},
			{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::state/${aws:PrincipalTag/team}/*",
			 "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-2"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}`)},
		Resource: parse(tb, policy.Resource, `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource": ["arn:aws:s3:::state", "arn:aws:s3:::state/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}`),
	}
	var c policy.Context
	c.Set("aws:PrincipalTag/team", "core")
	c.Set("aws:RequestedRegion", "eu-west-2")
	c.Set("aws:SourceIp", "10.1.2.3")
	c.Set("aws:SecureTransport", "true")
	c.Set("aws:PrincipalArn", "arn:aws:iam::111122223333:user/ann")
	c.Set("aws:PrincipalAccount", "111122223333")
	p, err := policy.ParsePrincipal("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		tb.Fatal(err)
	}
	return set, &policy.Request{Principal: &p, Action: "s3:GetObject", Resource: "arn:aws:s3:::state/core/terraform.tfstate",
		ResourceAccount: "111122223333", Context: &c}
}

// largeCase is 20 statements of 5 conditions, all of which are met; only the
// last statement allows the action's resource.
func largeCase(tb testing.TB) (*policy.Set, *policy.Request) {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`{"Version": "2012-10-17", "Statement": [`)
	for i := range 20 {
		effect, key := "Deny", "false"
		if i == 19 {
			effect, key = "Allow", "true"
		}
		// The last condition decides, so that all five are evaluated.
		fmt.Fprintf(&b, `{"Sid": "S%d", "Effect": %q, "Action": "kms:*", "Resource": "*", "Condition": {
			"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]},
			"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"},
			"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/ci/*"},
			"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
			"Bool": {"aws:SecureTransport": %q}}}`, i, effect, key)
		if i < 19 {
			b.WriteString(",")
		}
	}
	b.WriteString("]}")
	set := &policy.Set{Identity: []*policy.Policy{parse(tb, policy.Identity, b.String())}}
	var c policy.Context
	c.Set("aws:RequestedRegion", "eu-west-2")
	c.Set("kms:ViaService", "s3.eu-west-2.amazonaws.com")
	c.Set("aws:PrincipalArn", "arn:aws:iam::111122223333:role/ci/apply")
	c.Set("aws:MultiFactorAuthAge", "120")
	c.Set("aws:SecureTransport", "true")
	p, err := policy.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/apply/job-1")
	if err != nil {
		tb.Fatal(err)
	}
	return set, &policy.Request{Principal: &p, Action: "kms:ListAliases", Resource: "*", WildcardOnly: true, Context: &c}
}

func BenchmarkDecideSmall(b *testing.B) {
	set, r := smallCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if set.Decide(r).Verdict != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkExplainSmall(b *testing.B) {
	set, r := smallCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if set.Explain(r).Verdict != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkDecide20x5(b *testing.B) {
	set, r := largeCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if set.Decide(r).Verdict != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	for name, build := range map[string]func(testing.TB) (*policy.Set, *policy.Request){"small": smallCase, "20x5": largeCase} {
		set, r := build(t)
		if n := testing.AllocsPerRun(100, func() { set.Decide(r) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func TestExplainAllocatesOnce(t *testing.T) {
	set, r := smallCase(t)
	if n := testing.AllocsPerRun(100, func() { set.Explain(r) }); n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

func TestContextRefillDoesNotAllocate(t *testing.T) {
	var c policy.Context
	fill := func() {
		c.Reset()
		for _, k := range [...]string{"aws:SourceIp", "aws:PrincipalArn", "s3:prefix", "aws:SecureTransport"} {
			c.Set(k, "v")
		}
	}
	fill()
	if n := testing.AllocsPerRun(100, fill); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
