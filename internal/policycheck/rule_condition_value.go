package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var conditionValue = &Rule{
	ID: "condition-value", Severity: Error,
	Summary: "a value that its operator or its key cannot compare",
	Why:     "AWS refuses the policy, or the condition is decided the same way for every request",
	Fix:     "write a value of the type that the key has",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "no"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`,
	check: func(p *pass) {
		modern, _ := p.document.variables()
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				for _, v := range c.values.items {
					if v.partial {
						continue
					}
					problem, fix := c.op.CheckValue(v.text, modern)
					if problem == "" {
						problem, fix = textForBool(c, v.text)
					}
					if problem != "" {
						p.report(v, "value %q of %s on %s %s", shown(v.text), c.op.Name, shown(c.key.text), problem).fix("%s", fix)
					}
				}
			}
		}
	},
}

// textForBool finds text operators that compare a Bool key with what it never is.
func textForBool(c *condition, v string) (problem, fix string) {
	if c.op.Family != policy.FamilyString || strings.ContainsAny(v, "*?$") {
		return "", ""
	}
	if k, ok := serviceref.FindKey(c.key.text); !ok || k.Type != "Bool" || strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
		return "", ""
	}
	return "is neither true nor false, and the key is one of the two", `write "true" or "false", with the operator Bool`
}
