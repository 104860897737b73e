package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

var trustClaimNotExposed = &Rule{
	ID: "trust-claim-not-exposed", Severity: Error,
	Summary: "a condition on a claim that AWS does not see",
	Why: "STS makes condition keys of few claims. To a condition on another one the key is missing, whatever the token says: " +
		"a positive condition is never met, and a negated one, IfExists or ForAllValues always is",
	Fix:   "use a claim that STS exposes for the issuer; mostly that is the subject",
	Page:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html",
	Kind:  kindTrust,
	Wrong: `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:ref": "main"}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:*"}}}]}`,
	Right: `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:ref_protected": "true"}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:*"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				name, which, ok := claim(c.key.text)
				if !ok || strings.Contains(c.key.text, hole) {
					continue
				}
				effect := "never met"
				if c.op.Missing() || c.lacks() {
					effect = "always met"
				}
				switch claims := exposed(name); {
				case p.kind != policy.Trust && p.kind != policy.RCP:
					// Of a session only these remain. Source: IAM User Guide,
					// reference_policies_iam-condition-keys, "Available in session".
					if claims := []string{"aud", "sub", "amr", "app_id", "user_id", "id", "oaud"}; !slices.Contains(claims, strings.ToLower(which)) {
						p.report(c.key, "only trust policies see %s, so the condition is %s", shown(c.key.text), effect).fix("put the condition into the role's trust policy")
					}
				case !slices.ContainsFunc(claims, func(have string) bool { return strings.EqualFold(have, which) }):
					p.report(c.key, "STS makes no condition key of the claim %s of %s: the condition is %s", shown(which), shown(name), effect).
						fix("use one of: %s", strings.Join(claims, ", "))
				}
			}
		}
		for _, w := range p.webStatements() {
			if !w.open {
				p.otherIssuer(w)
			}
		}
	},
}

// otherIssuer finds conditions on claims of an issuer that the statement trusts
// no provider of.
func (p *pass) otherIssuer(w web) {
	for _, c := range w.conditions {
		name, which, ok := claim(c.key.text)
		if !ok || strings.Contains(name, hole) || slices.ContainsFunc(w.issuers, func(i issuer) bool { return strings.EqualFold(i.name, name) }) {
			continue
		}
		// Accounts of Google stand in its tokens under their own name.
		if oidc.KindOf(name) == oidc.KindCircleCI {
			continue
		}
		p.report(c.key, "tokens of %s carry no %s", w.issuers[0].name, shown(c.key.text)).fix("write %q", w.issuers[0].name+":"+which)
	}
}
