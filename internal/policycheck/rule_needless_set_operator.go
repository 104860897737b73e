package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

var needlessSetOperator = &Rule{
	ID: "needless-set-operator", Severity: Warning,
	Summary: "ForAllValues or ForAnyValue on a key that carries one value",
	Why:     "AWS says not to; ForAllValues besides is met by a request that lacks the key, which on a single value is never meant",
	Fix:     "remove the set operator",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				if c.op.Set == "" {
					continue
				}
				if k, ok := serviceref.FindKey(c.key.text); ok && !k.Multi {
					p.report(c.operator, "%s carries one value, and %s is for several", shown(c.key.text), c.op.Set).
						fix("write %q", strings.TrimPrefix(c.op.Name, c.op.Set+":"))
				}
			}
		}
	},
}
