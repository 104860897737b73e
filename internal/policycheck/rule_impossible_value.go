package policycheck

import (
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var impossibleValue = &Rule{
	ID: "impossible-value", Severity: Error,
	Summary: "a value that the key never has",
	Why:     "a positive condition with it is never met, a negated one always is",
	Fix:     "write a value of the form that the key has",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-2a"]}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-2"]}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				if c.op.Family != policy.FamilyString && c.op.Family != policy.FamilyARN {
					continue
				}
				form, ok := valueForms[strings.ToLower(c.key.text)]
				if !ok {
					continue
				}
				for _, v := range c.values.items {
					if !v.known() || strings.ContainsAny(v.text, "*?") || strings.Contains(v.text, "${") || v.text == "" {
						continue
					}
					text := v.text
					if c.op.Fold {
						text = strings.ToLower(text)
					}
					if !form.re.MatchString(text) {
						p.report(v, "%s is never %q", shown(c.key.text), shown(v.text)).fix("write %s", form.example)
					}
				}
			}
		}
	},
}

type valueForm struct {
	re      *regexp.Regexp
	example string
}

// valueForms are keys whose values have one form. Source: IAM User Guide,
// reference_policies_condition-keys; KMS Developer Guide, conditions-kms; S3
// API_PutObject, x-amz-server-side-encryption.
var valueForms = map[string]valueForm{
	"aws:requestedregion":             {regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]+$`), `a region such as "eu-west-2"`},
	"aws:principalaccount":            {regexp.MustCompile(`^([0-9]{12}|anonymous)$`), "the 12 digits of an account"},
	"aws:sourceaccount":               {regexp.MustCompile(`^[0-9]{12}$`), "the 12 digits of an account"},
	"aws:resourceaccount":             {regexp.MustCompile(`^[0-9]{12}$`), "the 12 digits of an account"},
	"kms:calleraccount":               {regexp.MustCompile(`^[0-9]{12}$`), "the 12 digits of an account"},
	"aws:principalorgid":              {regexp.MustCompile(`^o-[a-z0-9]{10,32}$`), `an organization's ID such as "o-a1b2c3d4e5"`},
	"aws:resourceorgid":               {regexp.MustCompile(`^o-[a-z0-9]{10,32}$`), `an organization's ID such as "o-a1b2c3d4e5"`},
	"aws:sourceorgid":                 {regexp.MustCompile(`^o-[a-z0-9]{10,32}$`), `an organization's ID such as "o-a1b2c3d4e5"`},
	"aws:sourcevpc":                   {regexp.MustCompile(`^vpc-[0-9a-z]+$`), `a VPC's ID such as "vpc-1a2b3c4d"`},
	"aws:sourcevpce":                  {regexp.MustCompile(`^vpce-[0-9a-z]+$`), `an endpoint's ID such as "vpce-1a2b3c4d"`},
	"aws:principaltype":               {regexp.MustCompile(`^(Account|User|FederatedUser|AssumedRole|Anonymous)$`), "Account, User, FederatedUser, AssumedRole or Anonymous"},
	"kms:viaservice":                  {regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$`), `the service with its region, such as "s3.eu-west-2.amazonaws.com"`},
	"s3:x-amz-server-side-encryption": {regexp.MustCompile(`^(AES256|aws:kms|aws:kms:dsse|aws:fsx)$`), "AES256, aws:kms or aws:kms:dsse"},
}
