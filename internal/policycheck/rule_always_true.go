package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var alwaysTrue = &Rule{
	ID: "always-true", Severity: Warning,
	Summary: "a condition of an Allow that every request meets",
	Why:     "it reads like a limit and limits nothing",
	Fix:     "name the values that are meant, or remove the condition",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				if s.denies() && c.op.Family != policy.FamilyNull || !s.effect.known() || isIssuerKey(c.key.text) {
					continue // trust-open-subject tells of claims
				}
				if takesAll(c) && !(c.requires() && presence(c.key.text)) {
					f := p.report(c.operator, "%s on %s is met by every request", c.op.Name, shown(c.key.text))
					if c.requires() && c.op.Family != policy.FamilyNull {
						f.Message = c.op.Name + " on " + shown(c.key.text) + " is met by every request that carries the key"
						f.fix(`name the values that are meant; if it is enough that the key is there, write "Null": {%q: "false"}`, shown(c.key.text))
						if c.op.Family != policy.FamilyIP {
							f.as(Info)
						}
					}
				}
			}
		}
	},
}

// presence reports keys of which AWS's own policies ask by StringLike * that
// they are there: tags, and entries of an encryption context.
func presence(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "tag/") || strings.HasPrefix(key, "kms:encryptioncontext:")
}

// takesAll reports a condition that is met by whatever value the key has.
func takesAll(c *condition) bool {
	if c.op.Negated || c.op.Ordered {
		return false
	}
	var known []string
	for _, v := range c.values.items {
		if v.known() {
			known = append(known, strings.ToLower(v.text))
		}
	}
	switch c.op.Family {
	case policy.FamilyString, policy.FamilyARN:
		return c.op.Like && slices.ContainsFunc(known, func(v string) bool { return v != "" && strings.Trim(v, "*") == "" })
	case policy.FamilyIP:
		return slices.Contains(known, "0.0.0.0/0")
	case policy.FamilyBool, policy.FamilyNull:
		return slices.Contains(known, "true") && slices.Contains(known, "false")
	}
	return false
}
