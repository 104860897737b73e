package trust

import (
	"fmt"
	"slices"
	"strings"
)

// neverAsked finds what keeps a statement from being asked about any token: a
// provider that is not written as one, an action that no token is for.
func (e *explainer) neverAsked(h *held) (found []Finding) {
	line, column := h.place("Principal")
	for _, p := range h.principals {
		if p.kind != "Federated" {
			continue
		}
		_, issuer, isARN := strings.Cut(p.name, ":oidc-provider/")
		fix := fmt.Sprintf("write arn:%s:iam::%s:oidc-provider/%s", e.role.partition(), e.role.account(), plainIssuer(p.name))
		switch {
		case isARN && plainIssuer(issuer) != issuer:
			found = append(found, Finding{Rule: "principal-issuer-form", Statement: h.index, Value: p.name, Scope: ScopeAny, Line: line, Column: column,
				Why: "a provider's ARN has the issuer without scheme and without a slash at the end, so this names none", Fix: fix})
		case !isARN && strings.EqualFold(plainIssuer(p.name), e.token.issuer()) && e.token.issuer() != "accounts.google.com":
			found = append(found, Finding{Rule: "principal-issuer-form", Statement: h.index, Value: p.name, Scope: ScopeAny, Line: line, Column: column,
				Why: "only the providers that AWS knows of its own are named by their host; this one is named by the ARN of the provider in the account", Fix: fix})
		}
	}
	if len(h.providers()) > 0 && !h.action && !h.notAction && slices.ContainsFunc(h.actions, func(a string) bool { return strings.EqualFold(a, "sts:AssumeRole") }) {
		line, column = h.place("Action")
		found = append(found, Finding{Rule: "action-assume-role", Statement: h.index, Value: "sts:AssumeRole", Scope: ScopeAny, Line: line, Column: column,
			Why: "sts:AssumeRole is called with AWS credentials; a token is presented by sts:AssumeRoleWithWebIdentity", Fix: "write sts:AssumeRoleWithWebIdentity"})
	}
	if len(found) > 0 && len(found) >= len(h.principals) {
		h.dead = true
	}
	return found
}
