package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var unknownElement = &Rule{
	ID: "unknown-element", Severity: Error,
	Summary: "an element that policies do not have",
	Why:     "AWS refuses the policy, for a comment as much as for a misspelling",
	Fix:     "remove it; policies have no comments but Sid",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Actions": "s3:ListAllMyBuckets", "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}`,
	check: func(p *pass) {
		p.elements(p.root, []string{"Version", "Id", "Statement"})
		for _, s := range p.stmts {
			p.elements(s.node, []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"})
		}
	},
}

func (p *pass) elements(n *node, known []string) {
	for _, m := range n.members {
		if slices.Contains(known, m.name) || strings.Contains(m.name, hole) {
			continue
		}
		f := p.report(&node{kind: policy.ElementString, text: m.name, at: m.at, path: m.value.path}, "unknown element %q", shown(m.name))
		if near := policy.Nearest(m.name, known); near != "" {
			f.fix("did you mean %q?", near)
		}
	}
}
