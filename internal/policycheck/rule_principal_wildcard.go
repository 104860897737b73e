package policycheck

import "strings"

var principalWildcard = &Rule{
	ID: "principal-wildcard", Severity: Error,
	Summary: "a wildcard inside a principal",
	Why:     "in Principal a * means everyone if it stands alone, and nothing inside an ARN: the statement matches nobody, or is refused",
	Fix:     `name the principals, or write "Principal": "*" with a condition on aws:PrincipalArn`,
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
	Kind:    kindResource,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/*"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, ps := range []*principals{s.principal, s.notPrincipal} {
				if ps == nil {
					continue
				}
				for _, one := range ps.list {
					if strings.ContainsAny(one.text, "*?") && one.text != "*" {
						p.report(one.node, "principal %q has a wildcard, which matches nobody", shown(one.text))
					}
				}
			}
		}
	},
}
