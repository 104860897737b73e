package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var sourceIPThroughService = &Rule{
	ID: "source-ip-through-service", Severity: Warning,
	Summary: "a Deny on aws:SourceIp that hits calls which an AWS service makes for the caller",
	Why:     "when CloudFormation, Athena and others act with the caller's credentials, the address is the service's own, and the Deny stops them",
	Fix:     `add "Bool": {"aws:ViaAWSService": "false"} to the same Condition`,
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:ViaAWSService": "false"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			if !s.denies() || s.open || aboutServices(s) {
				continue
			}
			for _, c := range s.conditions {
				if c.is("aws:SourceIp") && c.op.Family == policy.FamilyIP && c.op.Negated && !strings.HasPrefix(c.op.Set, "ForAny") {
					p.report(c.operator, "the Deny also stops AWS services that act for the caller from their own addresses")
				}
			}
		}
	},
}
