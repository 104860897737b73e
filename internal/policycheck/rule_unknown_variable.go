package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var unknownVariable = &Rule{
	ID: "unknown-variable", Severity: Error,
	Summary: "a policy variable that no request fills",
	Why:     "a variable without a value matches nothing, so that an Allow never applies, and negated conditions always do",
	Fix:     "name a condition key of the page below, or give a default: ${KEY, 'default'}",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:usrname}/*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}]}`,
	check: func(p *pass) {
		if yes, ok := p.document.variables(); !yes || !ok {
			return
		}
		for _, n := range p.variableTexts() {
			list, problem := policy.Variables(n.text)
			if problem != "" || n.partial {
				continue // the rule syntax tells
			}
			for _, v := range list {
				if _, ok := serviceref.FindKey(v.Key); ok || v.Default || isIssuerKey(v.Key) || filledElsewhere(v.Key) {
					continue
				}
				f := p.report(n, "no request has the key %q of variable ${%s}", shown(v.Key), shown(v.Key))
				if near := nearestKey(v.Key); near != "" {
					f.fix("did you mean ${%s}?", near)
				}
			}
		}
	},
}

// filledElsewhere reports variables that a service fills in on its own, and that
// are no condition keys. Source: AWS Transfer Family User Guide, "Creating a
// session policy"; AWS IoT Core Developer Guide, "AWS IoT Core policy variables".
func filledElsewhere(key string) bool {
	switch key {
	case "transfer:HomeBucket", "transfer:HomeFolder", "transfer:HomeDirectory", "transfer:UserName":
		return true
	}
	return strings.HasPrefix(key, "iot:")
}

// variableTexts are the places where a policy may have variables.
func (d *document) variableTexts() []*node {
	var all []*node
	for _, s := range d.stmts {
		for _, l := range []*list{s.resource, s.notResource} {
			if l != nil {
				all = append(all, l.items...)
			}
		}
		for _, c := range s.conditions {
			if c.op.Family == policy.FamilyString || c.op.Family == policy.FamilyARN {
				all = append(all, c.values.items...)
			}
		}
	}
	return all
}
