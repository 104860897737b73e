package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// web is a statement that lets bearers of tokens assume the role.
type web struct {
	*statement
	// issuers are those of the providers it trusts, without "https://".
	issuers []issuer
	// open: there may be other providers.
	open bool
}

type issuer struct {
	name string
	at   *node
}

// webStatements are the Allow statements of a trust policy for
// AssumeRoleWithWebIdentity.
func (d *document) webStatements() []web {
	if d.kind != policy.Trust {
		return nil
	}
	var all []web
	for _, s := range d.stmts {
		if !s.allows() || s.principal == nil || s.action == nil {
			continue
		}
		if !slices.ContainsFunc(s.action.items, func(n *node) bool {
			return n.known() && (n.text == "*" || policy.Covers(n.text, "sts:AssumeRoleWithWebIdentity", true))
		}) {
			continue
		}
		w := web{statement: s, open: s.principal.open}
		for _, p := range s.principal.list {
			switch name, ok := issuerOf(p); {
			case p.typ != "Federated":
			case ok:
				w.issuers = append(w.issuers, issuer{name, p.node})
			case !p.known():
				w.open = true
			}
		}
		if len(w.issuers) > 0 {
			all = append(all, w)
		}
	}
	return all
}

// issuerOf reads the issuer of a provider's ARN, or of the bare names that STS
// takes. The account of the ARN need not be known.
func issuerOf(p principal) (string, bool) {
	if p.unknown {
		return "", false
	}
	if _, name, ok := strings.Cut(p.text, ":oidc-provider/"); ok {
		return name, !strings.Contains(name, hole) && name != ""
	}
	switch p.text {
	case "accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com":
		return p.text, true
	}
	return "", false
}

// exposed are the claims of an issuer that a trust policy can see.
func exposed(name string) []string {
	switch name {
	// Source: IAM User Guide, reference_policies_iam-condition-keys.
	case "cognito-identity.amazonaws.com":
		return []string{"aud", "sub", "amr"}
	case "www.amazon.com":
		return []string{"app_id", "user_id"}
	case "graph.facebook.com":
		return []string{"app_id", "id"}
	}
	claims := oidc.ClaimKeys(name)
	if oidc.KindOf(name) == oidc.KindGeneric {
		// AWS's table has them for "other OIDC providers"; whether STS fills them
		// is not said.
		claims = append(claims, "email", "oaud")
	}
	return claims
}

// claim splits the key of a claim.
func claim(key string) (issuer, name string, ok bool) {
	if !isIssuerKey(key) {
		return "", "", false
	}
	return strings.Cut(key, ":")
}

// binds reports a condition that a token without the claim, or with any other
// value, does not meet.
func binds(c *condition) bool {
	return !c.op.Negated && !c.op.Missing() && c.op.Family != policy.FamilyNull
}

// shared are issuers whose tokens strangers can get: whoever has an account
// there runs a pipeline. Source: IAM User Guide,
// id_roles_providers_oidc_secure-by-default, and the issuers' own pages.
func shared(name string) bool {
	switch oidc.KindOf(name) {
	case oidc.KindGitHub:
		return name == "token.actions.githubusercontent.com"
	case oidc.KindGitLab, oidc.KindGoogle, oidc.KindBuildkite:
		return true
	}
	switch name {
	case "app.terraform.io", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "api.pulumi.com/oidc", "oidc.vercel.com":
		return true
	}
	return false
}
