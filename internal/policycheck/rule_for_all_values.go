package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var forAllValuesUnguarded = &Rule{
	ID: "for-all-values-unguarded", Severity: Error,
	Summary: "an Allow with ForAllValues that a missing key passes",
	Why:     "ForAllValues is met by a request that does not carry the key at all: in an Allow it lets in whoever leaves the key out",
	Fix:     `add "Null": {"KEY": "false"} to the same Condition`,
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
	Kind:    kindResource,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}, "Null": {"aws:PrincipalOrgPaths": "false"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			if !s.allows() || s.open {
				continue
			}
			for _, c := range s.conditions {
				if c.op.Set != "ForAllValues" || guarded(s, c) {
					continue
				}
				f := p.report(c.operator, "a request without %s meets %s", shown(c.key.text), c.op.Name)
				f.fix(`add "Null": {%q: "false"} to the same Condition`, shown(c.key.text))
				if k, ok := serviceref.FindKey(c.key.text); ok && !k.Multi {
					f.fix("write %q: the key carries one value", strings.TrimPrefix(c.op.Name, c.op.Set+":"))
				}
				switch {
				case c.is("aws:TagKeys") || c.is("sts:TransitiveTagKeys"):
					// To tag with these keys or with none is mostly meant so.
					f.as(Info)
				case s.principal == nil:
					f.as(Warning) // an identity that was given the right
				}
			}
		}
	},
}

// guarded reports that another condition of the statement makes the key be there,
// or may: one whose values are not known counts.
func guarded(s *statement, c *condition) bool {
	for _, o := range s.conditions {
		if o == c {
			continue
		}
		if _, known := o.texts(); !known && o.op.Family == policy.FamilyNull && strings.EqualFold(o.key.text, c.key.text) {
			return true
		}
		if !o.requires() {
			continue
		}
		// A request with a tag has tag keys.
		tag := c.is("aws:TagKeys") && strings.HasPrefix(strings.ToLower(o.key.text), "aws:requesttag/")
		if tag || strings.EqualFold(o.key.text, c.key.text) {
			return true
		}
	}
	return false
}
