package policycheck

import (
	"slices"
	"strings"
)

var trustNoAudience = &Rule{
	ID: "trust-no-audience", Severity: Warning,
	Summary: "a role for tokens that does not ask who the token was made for",
	Why:     "a token that a pipeline made for another service opens the role too; then only the provider's list of client IDs stands between",
	Fix:     `add "StringEquals": {"ISSUER:aud": "..."} with the audience that the pipeline asks for`,
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
	Kind:    kindTrust,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:main"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:main"}}}]}`,
	check: func(p *pass) {
		for _, w := range p.webStatements() {
			if w.statement.open {
				continue
			}
			for _, i := range w.issuers {
				keys := []string{"aud", "oaud", "app_id"}
				if slices.ContainsFunc(w.conditions, func(c *condition) bool {
					name, which, ok := claim(c.key.text)
					if !ok || !strings.EqualFold(name, i.name) || !slices.Contains(keys, strings.ToLower(which)) || !binds(c) {
						return false
					}
					texts, known := c.texts()
					return !known || !slices.ContainsFunc(texts, func(v string) bool { return c.op.Like && strings.Trim(v, "*?") == "" })
				}) {
					continue
				}
				key := "aud"
				if !slices.Contains(exposed(i.name), key) {
					key = "app_id"
				}
				f := p.report(i.at, "no condition holds %s:%s to one value", i.name, key)
				f.fix(`add "StringEquals": {%q: "..."} with the audience that the tokens are made for`, i.name+":"+key)
				if i.at.text == i.name {
					// These have no provider in the account, and so no list of clients.
					f.Message += ", and the provider has no list of clients to hold it to"
					f.Severity = Error
				}
			}
		}
	},
}
