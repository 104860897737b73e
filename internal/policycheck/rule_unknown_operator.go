package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var unknownOperator = &Rule{
	ID: "unknown-operator", Severity: Error,
	Summary: "a condition operator that policies do not have",
	Why:     "AWS refuses the policy",
	Fix:     "write one of the operators of the page below",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*", "Condition": {"StringEqual": {"aws:PrincipalAccount": "111122223333"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			c := s.get("Condition")
			if c == nil {
				continue
			}
			for _, m := range c.members {
				_, near, ok := policy.ParseOperator(m.name)
				if ok || strings.Contains(m.name, hole) {
					continue
				}
				f := p.report(&node{kind: policy.ElementString, text: m.name, at: m.at, path: m.value.path}, "unknown condition operator %q", shown(m.name))
				if near != "" {
					f.fix("did you mean %q?", near)
				}
			}
		}
	},
}
