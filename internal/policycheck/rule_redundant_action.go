package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var redundantAction = &Rule{
	ID: "redundant-action", Severity: Info,
	Summary: "an action that another entry of the list covers",
	Why:     "the reader takes the list for narrower than it is",
	Fix:     "remove it, or the wider entry if that was not meant",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sns:List*", "sns:ListTopics"], "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:List*", "Resource": "*"}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, l := range []*list{s.action, s.notAction} {
				if l == nil || len(l.items) > mostEntries {
					continue
				}
				for i, n := range l.items {
					if n.known() {
						if by := coveredBy(l.items, i); by != nil {
							p.report(n, "%q is covered by %q", shown(n.text), shown(by.text))
						}
					}
				}
			}
		}
	},
}

// coveredBy finds the entry that makes the one at i needless: a wider pattern,
// or the same one earlier.
func coveredBy(items []*node, i int) *node {
	for j, o := range items {
		switch {
		case i == j || !o.known():
		case strings.EqualFold(o.text, items[i].text):
			if j < i {
				return o
			}
		case strings.Contains(o.text, "*") && policy.Covers(o.text, items[i].text, true):
			return o
		}
	}
	return nil
}
