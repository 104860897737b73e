package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// misspeltIssuer: "https://gitlab.com:sub", "gitlab.com/:sub".
var misspeltIssuer = &impossible{id: "key-issuer-form", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.class != ClassMisspelt {
		return "", ""
	}
	return "STS names these keys after the issuer without scheme and without a slash at the end, so no request has this one and the condition is never met",
		fmt.Sprintf("write %s:%s", plainIssuer(w.issuer), w.claim)
}}

// otherIssuer: the key of an issuer whose provider the statement does not trust.
var otherIssuer = &impossible{id: "key-other-issuer", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.class != ClassForeign {
		return "", ""
	}
	for i := range w.held {
		h := &w.held[i]
		if slices.ContainsFunc(h.conditions, func(c condition) bool { return c.at == w.condition.at }) &&
			(h.anyone() || slices.ContainsFunc(h.providers(), func(p string) bool { return strings.EqualFold(p, w.issuer) })) {
			return w.twoIssuers(h)
		}
	}
	return fmt.Sprintf("this is a claim of %s, whose provider the statement does not trust: the tokens that it does trust never have it", w.issuer),
		fmt.Sprintf("write %s:%s", w.token.issuer(), w.claim)
}}

// twoIssuers: the statement wants claims of two issuers at once.
func (w *want) twoIssuers(h *held) (why, fix string) {
	for i := range h.conditions {
		c := &h.conditions[i]
		if class, _ := classify(c.key, w.token.issuer()); class == ClassClaim && !c.operator.Missing() && !c.operator.Negated && c.operator.Family != policy.FamilyNull {
			return fmt.Sprintf("the statement wants claims of %s and of %s at once, and a token has one issuer: conditions of a statement must all be met", w.issuer, w.token.issuer()),
				"write a statement for each issuer"
		}
	}
	return "", ""
}

// claimNotShown: a claim that STS makes no condition key of.
// Source: Service Authorization Reference, AWS STS, condition keys.
var claimNotShown = &impossible{id: "claim-not-shown", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.class != ClassHidden {
		return "", ""
	}
	shown := oidc.ClaimKeys(w.issuer)
	why = fmt.Sprintf("STS shows a trust policy only these claims of %s: %s; a condition on another one sees a missing key", w.issuer, strings.Join(shown, ", "))
	if w.kind == oidc.KindGitLab && w.issuer != "gitlab.com" && slices.Contains(oidc.ClaimKeys(oidc.GitLabIssuer), w.claim) {
		why += "; gitlab.com's further claims are not shown for a GitLab of one's own"
	}
	fix = "remove the condition, and say it by the sub"
	if w.kind == oidc.KindGitLab {
		fix += " (the project's ci_id_token_sub_claim_components puts more claims into it)"
	} else if w.kind == oidc.KindGitHub {
		fix += " (the repository's include_claim_keys puts more claims into it)"
	}
	return why, fix
}}

// amrWithoutSet: amr has many values, and a plain operator is not met by such.
// Source: IAM User Guide, reference_policies_condition-single-vs-multi-valued-
// context-keys: multivalued keys require a set operator [unsure what AWS does
// without one; the engine takes it as not met].
var amrWithoutSet = &impossible{id: "amr-without-set-operator", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.class != ClassClaim || w.claim != "amr" || w.condition.operator.Set != "" || w.condition.operator.Family == policy.FamilyNull {
		return "", ""
	}
	return "amr is a list, and a condition on a list is only met with a set operator", "write ForAnyValue:" + w.condition.operator.Name
}}
