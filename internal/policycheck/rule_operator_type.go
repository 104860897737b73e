package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var operatorType = &Rule{
	ID: "operator-type", Severity: Error,
	Summary: "an operator that does not fit the type of its key",
	Why:     "the values are compared as something they are not: the condition is never met, or met by text that only looks alike",
	Fix:     "use an operator of the key's type",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceIp": "203.0.113.0/24"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				k, ok := serviceref.FindKey(c.key.text)
				if !ok {
					continue
				}
				if severity, bad := mismatch(c, k); bad {
					p.report(c.operator, "%s compares %s, and %s is %s", c.op.Name, ofFamily[c.op.Family], shown(c.key.text), ofType(k.Type)).
						as(severity).fix("use %s", operatorFor(c.op, k.Type))
				}
			}
		}
	},
}

var ofFamily = map[policy.Family]string{
	policy.FamilyString: "text", policy.FamilyNumeric: "numbers", policy.FamilyDate: "dates", policy.FamilyBool: "booleans",
	policy.FamilyBinary: "bytes", policy.FamilyIP: "IP addresses", policy.FamilyARN: "ARNs",
}

func ofType(t string) string {
	switch t {
	case "ARN", "IPAddress":
		return "an " + map[string]string{"ARN": "ARN", "IPAddress": "IP address"}[t]
	}
	return "a " + map[string]string{"String": "text", "Numeric": "number", "Date": "date", "Bool": "boolean", "Binary": "sequence of bytes"}[t]
}

// mismatch tells the pairs that cannot work from those that mostly do. Text
// operators on ARNs, and ARN operators on text that holds ARNs (an encryption
// context), are in AWS's own examples.
func mismatch(c *condition, k *serviceref.Key) (Severity, bool) {
	f, t := c.op.Family, policy.Family(k.Type)
	switch {
	case f == t || f == policy.FamilyNull:
		return "", false
	case f == policy.FamilyString && t == policy.FamilyARN, f == policy.FamilyARN && t == policy.FamilyString:
		return "", false
	case f == policy.FamilyString && t == policy.FamilyIP:
		// Text equals one address; it contains no block of them. A variable is
		// another address of the request.
		block := slices.ContainsFunc(c.values.items, func(v *node) bool { return v.known() && strings.Contains(v.text, "/") })
		if block {
			return Error, true
		}
		return Warning, !slices.ContainsFunc(c.values.items, func(v *node) bool { return !v.known() || strings.Contains(v.text, "${") })
	case f == policy.FamilyString:
		// The request's value is text too, as long as it is written the same way.
		return Warning, true
	case f == policy.FamilyBool && t == policy.FamilyString:
		// Claims and tags that say "true".
		return "", false
	case f == policy.FamilyNumeric && t == policy.FamilyDate:
		// aws:EpochTime compares as a number. Source: IAM User Guide,
		// reference_policies_condition-keys, aws:EpochTime.
		return "", false
	case t == policy.FamilyString && (f == policy.FamilyNumeric || f == policy.FamilyDate):
		// A tag, or a claim, may hold a number.
		return Warning, !strings.Contains(k.Name, "Tag/")
	}
	return Error, true
}

// operatorFor is the operator of the key's type that says the same.
func operatorFor(o policy.Operator, typ string) string {
	name := map[string]string{
		"String": "StringEquals", "ARN": "ArnLike", "Numeric": "NumericEquals", "Date": "DateEquals",
		"Bool": "Bool", "IPAddress": "IpAddress", "Binary": "BinaryEquals",
	}[typ]
	if o.Negated {
		switch typ {
		case "IPAddress":
			name = "NotIpAddress"
		case "ARN":
			name = "ArnNotLike"
		case "String", "Numeric", "Date":
			name = strings.Replace(name, "Equals", "NotEquals", 1)
		case "Bool":
			name = `Bool with the other value`
		}
	}
	if o.IfExists && typ != "Bool" {
		name += "IfExists"
	}
	if o.Set != "" {
		name = o.Set + ":" + name
	}
	return name
}
