package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var unreachableStatement = &Rule{
	ID: "unreachable-statement", Severity: Warning,
	Summary: "an Allow that a Deny of the same policy takes back whole",
	Why:     "a Deny always wins, wherever it stands: the Allow allows nothing",
	Fix:     "narrow the Deny, or remove the Allow",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"}, {"Effect": "Deny", "Action": "sns:List*", "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"}, {"Effect": "Deny", "Action": "sns:ListSubscriptions", "Resource": "*"}]}`,
	check: func(p *pass) {
		// The work grows with the square of the statements.
		if len(p.stmts) > 200 {
			return
		}
		for _, s := range p.stmts {
			if !s.allows() {
				continue
			}
			for _, d := range p.stmts {
				if d.denies() && takesBack(d, s) {
					p.report(s.node, "Statement[%d] denies all that this statement allows", d.index)
					break
				}
			}
		}
	},
}

// takesBack reports for sure only: an unconditional Deny on everyone that covers
// every action and resource of the Allow.
func takesBack(d, s *statement) bool {
	if d.open || len(d.conditions) > 0 || d.notPrincipal != nil || d.action == nil || !d.action.all() || !s.action.all() {
		return false
	}
	if d.principal != nil && d.principal.everyone() == nil {
		return false
	}
	if len(d.action.items) > mostEntries || len(s.action.items) > mostEntries || s.resource != nil && len(s.resource.items) > mostEntries {
		return false
	}
	for _, a := range s.action.items {
		if !slices.ContainsFunc(d.action.items, func(n *node) bool {
			return n.text == "*" || strings.EqualFold(n.text, a.text) || policy.Covers(n.text, a.text, true)
		}) {
			return false
		}
	}
	if s.resource == nil && d.resource == nil && d.notResource == nil && s.notResource == nil {
		return true // a trust policy
	}
	if d.resource == nil || d.resource.open {
		return false
	}
	if slices.ContainsFunc(d.resource.items, everything) {
		return true
	}
	if !s.resource.all() {
		return false
	}
	for _, r := range s.resource.items {
		if !slices.ContainsFunc(d.resource.items, func(n *node) bool { return n.known() && n.text == r.text }) {
			return false
		}
	}
	return true
}
