package policycheck_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/policycheck"
	"github.com/strongroom-dev/strongroom/policy"
)

// A * of an ARN does not stand for colons that its other parts have written out:
// "arn:aws:s3:::b/*" is no access point's.
func TestActionsAndResourcesThatMeet(t *testing.T) {
	const text = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ACTION", "Resource": "RESOURCE"}]}`
	for _, c := range []struct{ action, resource, want string }{
		{"s3:ListBucket", "arn:aws:s3:::b/*", "resource-never-matches"},
		{"s3:ListBucket", "arn:aws:s3:::b", ""},
		{"s3:ListBucket", "arn:aws:s3:::b*", ""},
		{"s3:ListBucket", "arn:aws:s3:eu-west-2:111122223333:accesspoint/a", ""},
		{"s3:GetObject", "arn:aws:s3:::b", "resource-never-matches"},
		{"s3:GetObject", "arn:aws:s3:::b*", ""},
		{"s3:GetObject", "arn:*:s3:::*", ""},
		{"s3:GetObject", "arn:aws:s3::111122223333:b/*", "unknown-resource-type"},
		{"s3:GetObject", "arn:aws:s3:*", ""},
		{"s3:GetObject", "arn:aws:s3:eu-west-2:111122223333:accesspoint/a/object/*", ""},
		{"ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", ""},
		{"ec2:RunInstances", "arn:aws:ec2:eu-west-2::image/ami-1", ""},
		{"iam:AttachRolePolicy", "arn:aws:iam::*:role/*", ""},
		{"sqs:SendMessage", "arn:aws:sqs:eu-*:111122223333:q", ""},
		{"sqs:SendMessage", "arn:aws:sqs:*:q", ""},
	} {
		t.Run(c.action+" "+c.resource, func(t *testing.T) {
			r := run(t, &policycheck.Rule{Kind: policy.Identity}, strings.NewReplacer("ACTION", c.action, "RESOURCE", c.resource).Replace(text))
			var got []string
			for _, f := range r.Findings {
				got = append(got, f.Rule.ID)
			}
			if slices.Sort(got); strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// The statements of an image repository's policy name no resource; those of
// other policies have to.
func TestPolicyOfARepository(t *testing.T) {
	const text = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/u"}, "Action": ["ACTION"]}]}`
	for action, want := range map[string]string{"ecr:BatchGetImage": "", "ecr-public:PutImage": "", "sqs:SendMessage": "syntax", "ecr:BatchGetImages": "unknown-action"} {
		r := run(t, &policycheck.Rule{Kind: policy.Resource}, strings.Replace(text, "ACTION", action, 1))
		got := ""
		for _, f := range r.Findings {
			got += f.Rule.ID
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", action, got, want)
		}
	}
}
