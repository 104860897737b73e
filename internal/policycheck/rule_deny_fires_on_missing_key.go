package policycheck

import "strings"

var denyFiresOnMissingKey = &Rule{
	ID: "deny-fires-on-missing-key", Severity: Warning,
	Summary: "a Deny that also hits the requests that do not carry the key",
	Why: "a negated condition, and one with ForAllValues, is met where the key is missing. That is right where everybody has to send the key (an encryption header on uploads), " +
		"and wrong for a key that honest requests do not have",
	Fix:   "add a Null guard; IfExists does not help, as it is met by a missing key too",
	Page:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong: `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:username": "admin"}}}]}`,
	Right: `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:username": "admin"}, "Null": {"aws:username": "false"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			if !s.denies() || s.open {
				continue
			}
			for _, c := range s.conditions {
				if c.op.Set == "ForAllValues" && !c.op.Negated && !guarded(s, c) {
					// Source: IAM User Guide, reference_policies_condition-single-vs-multi-valued-context-keys.
					p.report(c.operator, "a request without %s meets %s, and is denied", shown(c.key.text), c.op.Name).
						fix(`if it is not meant, add "Null": {%q: "false"} to the same Condition`, shown(c.key.text))
					continue
				}
				who, mild := honest[strings.ToLower(c.key.text)], false
				if who == "" {
					who, mild = throughServices[strings.ToLower(c.key.text)], true
				}
				if mild && strings.HasPrefix(strings.ToLower(c.key.text), "aws:principal") && s.principal.everyone() == nil {
					continue // a policy of the caller is never a service's
				}
				if who == "" || !c.op.Negated || c.op.Set != "" || guarded(s, c) || aboutServices(s) {
					continue
				}
				if mild {
					p.report(c.operator, "%s, and %s denies them all", who, c.op.Name).as(Info).
						fix(`if they are not meant, add "Bool": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"} to the same Condition`)
					continue
				}
				f := p.report(c.operator, "%s, and %s denies them all", who, c.op.Name)
				f.fix(`if they are not meant, add "Null": {%q: "false"} to the same Condition`, shown(c.key.text))
			}
		}
	},
}

// honest says which requests lack a key that is easily taken for always there.
// Source: IAM User Guide, reference_policies_condition-keys (availability);
// S3 API_PutObject for the header.
var honest = map[string]string{
	"aws:username":       "roles carry no aws:username",
	"aws:sourcearn":      "only calls of AWS services carry aws:SourceArn",
	"aws:sourceaccount":  "only calls of AWS services carry aws:SourceAccount",
	"aws:sourceorgid":    "only calls of AWS services carry aws:SourceOrgID",
	"aws:sourceorgpaths": "only calls of AWS services carry aws:SourceOrgPaths",
	"s3:x-amz-server-side-encryption-aws-kms-key-id": "uploads that leave the key to the bucket's default carry no s3:x-amz-server-side-encryption-aws-kms-key-id",
}

// throughServices says which requests lack a key by which a bucket or another
// resource is closed to strangers. AWS's own examples leave that open, so it is
// told and no more.
// Source: IAM User Guide, access_policies_data-perimeters; S3 User Guide,
// example-bucket-policies-vpc-endpoint.
var throughServices = map[string]string{
	"aws:sourcevpc":         "calls of AWS services, and of the console, carry no aws:SourceVpc",
	"aws:sourcevpce":        "calls of AWS services, and of the console, carry no aws:SourceVpce",
	"aws:principalorgid":    "calls that AWS services make for themselves carry no aws:PrincipalOrgID",
	"aws:principalorgpaths": "calls that AWS services make for themselves carry no aws:PrincipalOrgPaths",
}

// aboutServices reports a statement that looks at whether a service calls.
func aboutServices(s *statement) bool {
	for _, c := range s.conditions {
		for _, key := range []string{"aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:ViaAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "kms:ViaService"} {
			if c.is(key) {
				return true
			}
		}
	}
	if s.principal != nil {
		for _, p := range s.principal.list {
			if p.typ == "Service" {
				return true
			}
		}
	}
	return false
}
