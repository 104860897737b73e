package policycheck

import "strings"

var versionVariables = &Rule{
	ID: "version-variables", Severity: Error,
	Summary: "policy variables under the version that does not have them",
	Why:     "without Version 2012-10-17, ${...} is plain text that nothing matches",
	Fix:     `write "Version": "2012-10-17"`,
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html",
	Wrong:   `{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}]}`,
	check: func(p *pass) {
		if yes, ok := p.document.variables(); yes || !ok {
			return
		}
		for _, n := range p.variableTexts() {
			if _, rest, ok := strings.Cut(n.text, "${"); ok && strings.Contains(rest, "}") {
				what := "the policy has no Version, which means 2008-10-17"
				if p.version != nil {
					what = "the policy's Version is " + shown(p.version.text)
				}
				p.report(n, "%q is plain text here: %s", shown(n.text), what)
				return
			}
		}
	},
}
