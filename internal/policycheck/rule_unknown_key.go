package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

var unknownKey = &Rule{
	ID: "unknown-key", Severity: Error,
	Summary: "a condition key that AWS does not have",
	Why:     "no request carries it: a positive condition is never met, a negated one always is",
	Fix:     "look the key up in the Service Authorization Reference; strongroom's copy may be older than the key",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransprot": "false"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				key := c.key.text
				if strings.Contains(key, hole) || isIssuerKey(key) || !strings.Contains(key, ":") {
					continue // trust-claim-not-exposed and syntax tell
				}
				if _, ok := serviceref.FindKey(key); ok {
					continue
				}
				f := p.report(c.key, "AWS has no condition key %q", shown(key))
				if near := nearestKey(key); near != "" {
					f.fix("did you mean %q?", near)
				}
			}
		}
	},
}
