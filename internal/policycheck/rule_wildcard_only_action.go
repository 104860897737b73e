package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var wildcardOnlyAction = &Rule{
	ID: "wildcard-only-action", Severity: Warning,
	Summary: `an action without resource types beside a Resource that is not "*"`,
	Why:     "the action acts on no single resource, and only a plain * in Resource matches it: it is neither allowed nor denied here",
	Fix:     `give the action a statement of its own, with "Resource": "*"`,
	Page:    "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:ListBucket"], "Resource": "arn:aws:s3:::bucket"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"}]}`,
	check: func(p *pass) {
		if p.kind == policy.Key || p.kind == policy.Trust {
			return
		}
		for _, s := range p.stmts {
			if !specific(s.resource) {
				continue
			}
			actions, _ := actionsOf(s.action)
			for _, a := range actions {
				if len(a.actions) > 0 && noneHasResources(a) {
					f := p.report(a.node, "%s acts on no single resource, so no ARN matches it", shown(a.text))
					if slices.ContainsFunc(s.resource.items, func(n *node) bool { return strings.HasSuffix(n.text, "*") }) {
						// Some services ask for an ARN without a name all the same, as
						// their refusals show (iam:ListRoles on "...:role/"), and AWS's own
						// managed policies count on it.
						f.as(Info)
					}
				}
			}
		}
	},
}

func noneHasResources(a *action) bool {
	for _, one := range a.actions {
		if !one.WildcardOnly() {
			return false
		}
	}
	return true
}
