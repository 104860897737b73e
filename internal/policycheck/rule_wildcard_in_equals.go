package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var wildcardInEquals = &Rule{
	ID: "wildcard-in-equals", Severity: Error,
	Summary: "a wildcard with an operator that takes it for a plain character",
	Why:     "StringEquals compares * with *, which no value holds: the condition is never met, and StringNotEquals always",
	Fix:     "use StringLike or StringNotLike",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "platform-*"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalTag/team": "platform-*"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				if c.op.Family != policy.FamilyString || c.op.Like {
					continue
				}
				for _, v := range c.values.items {
					if !strings.Contains(strings.ReplaceAll(v.text, "${*}", ""), "*") {
						continue
					}
					met := "never met"
					if c.op.Negated {
						met = "always met"
					}
					f := p.report(v, "%s takes the * of %q for a plain character, so it is %s", c.op.Name, shown(v.text), met)
					if mayHoldStar(c.key.text) {
						f.Message = "the * of " + quote(v.text) + " is a plain character for " + c.op.Name
						f.as(Warning)
					}
					f.fix("write %q for the operator", likeOf(c))
				}
			}
		}
	},
}

// mayHoldStar reports keys whose values are free text, or not known to us. The
// values of the others have no *: names, IDs, ARNs, tags, claims of tokens.
func mayHoldStar(key string) bool {
	lower := strings.ToLower(key)
	switch lower {
	case "aws:useragent", "aws:referer":
		return true
	case "kms:viaservice", "kms:calleraccount", "s3:x-amz-acl", "s3:x-amz-server-side-encryption", "sts:externalid", "sts:rolesessionname":
		return false
	}
	k, ok := serviceref.FindKey(key)
	if isIssuerKey(key) || ok && (k.Global || k.Type == "ARN") || strings.Contains(lower, "tag/") {
		return false
	}
	return true
}

// likeOf is the name of the operator that takes wildcards, that of ARNs for a key
// that carries one.
func likeOf(c *condition) string {
	name := strings.Replace(c.op.Name, "EqualsIgnoreCase", "Equals", 1)
	if k, ok := serviceref.FindKey(c.key.text); ok && k.Type == "ARN" {
		name = strings.Replace(name, "String", "Arn", 1)
	}
	return strings.Replace(name, "Equals", "Like", 1)
}
