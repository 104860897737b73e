package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var missingSetOperator = &Rule{
	ID: "missing-set-operator", Severity: Error,
	Summary: "a multivalued key without ForAnyValue or ForAllValues",
	Why:     "AWS does not say what such a condition does; as far as it is known, it is never met",
	Fix:     "write ForAnyValue: if one value is enough; ForAllValues: if all have to match, with a Null guard in an Allow",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "*", "Condition": {"StringEquals": {"aws:TagKeys": "owner"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "owner"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				if c.op.Set != "" || c.op.Family == policy.FamilyNull {
					continue
				}
				if k, ok := serviceref.FindKey(c.key.text); ok && k.Multi {
					f := p.report(c.operator, "%s carries several values, and %s compares one", shown(c.key.text), c.op.Name)
					f.fix("write %q, or ForAllValues if every value has to match", "ForAnyValue:"+c.op.Name)
					if prefix, _, _ := strings.Cut(c.key.text, ":"); !k.Global && !slices.Contains(sure, strings.ToLower(prefix)) {
						// AWS's own managed policies compare events:detail-type as one
						// value, which the reference has as a list.
						f.as(Warning)
					}
				}
			}
		}
	},
}

// sure are the services whose documentation says of its multivalued keys that
// they need a set operator.
var sure = []string{"kms", "dynamodb", "sts", "saml", "s3", "iam"}
