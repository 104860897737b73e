package policycheck

var notPrincipalAllow = &Rule{
	ID: "not-principal-allow", Severity: Error,
	Summary: "NotPrincipal with Effect Allow",
	Why:     "it would allow everyone in the world except those listed, the anonymous too; AWS no longer takes it",
	Fix:     "name who is allowed in Principal",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html",
	Kind:    kindResource,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/guest"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			if s.notPrincipal != nil && s.allows() {
				p.report(s.notPrincipal.node, "NotPrincipal with Allow allows everyone who is not listed")
			}
		}
	},
}
