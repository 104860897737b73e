package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var denyMissesMissingKey = &Rule{
	ID: "deny-misses-missing-key", Severity: Warning,
	Summary: "a Deny that a request passes by leaving the key out",
	Why:     "a positive condition is not met where the key is missing, so the Deny does not apply there",
	Fix:     "use the operator with IfExists, or deny the missing key too (Null true)",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			if !s.denies() {
				continue
			}
			for _, c := range s.conditions {
				escape := escapes(c)
				if escape == "" || p.deniesMissing(c.key.text) || s.open {
					continue
				}
				p.report(c.operator, "%s, and %s does not deny it", escape, c.op.Name).fix("write %q, or deny a missing %s in a statement of its own", c.op.Name+"IfExists", shown(c.key.text))
			}
		}
	},
}

// escapes says which request has no such key, for the keys by which denials are
// known to be escaped. To leave a key out that only a list of unwanted values is
// about is no escape, and most Deny statements are such lists.
func escapes(c *condition) string {
	if c.op.Missing() || c.op.Negated {
		return ""
	}
	texts, ok := c.texts()
	switch key := strings.ToLower(c.key.text); {
	case key == "aws:multifactorauthpresent" && c.op.Family == policy.FamilyBool && ok && slices.Equal(texts, []string{"false"}):
		// Source: IAM User Guide, reference_policies_condition-keys, aws:MultiFactorAuthPresent.
		return "a request signed with long-term keys carries no aws:MultiFactorAuthPresent"
	case key == "aws:multifactorauthage" && c.op.Ordered:
		return "a request without MFA carries no aws:MultiFactorAuthAge"
	case key == "s3:tlsversion" && c.op.Ordered:
		return "a request over plain HTTP carries no s3:TlsVersion"
	case (key == "s3:x-amz-server-side-encryption" || key == "s3:x-amz-server-side-encryption-aws-kms-key-id") && c.op.Family != policy.FamilyNull:
		return "an upload without the header carries no " + key
	}
	return ""
}

// deniesMissing reports a Deny that applies where the key is missing, or may.
func (d *document) deniesMissing(key string) bool {
	for _, s := range d.stmts {
		if !s.denies() {
			continue
		}
		for _, c := range s.conditions {
			same := c.is(key)
			if strings.EqualFold(key, "s3:TlsVersion") {
				same = same || c.is("aws:SecureTransport")
				if c.is("aws:SecureTransport") && c.op.Family == policy.FamilyBool {
					return true
				}
			}
			if !same {
				continue
			}
			if _, known := c.texts(); c.op.Missing() || c.lacks() || c.op.Family == policy.FamilyNull && !known {
				return true
			}
		}
	}
	return d.open
}
