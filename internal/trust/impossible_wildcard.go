package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// wildcardInEquals: StringEquals with * or ?. Only the claims that cannot hold
// these characters are judged.
// Source: IAM User Guide, reference_policies_elements_condition_operators:
// StringEquals is exact, StringLike takes wildcards.
var wildcardInEquals = &impossible{id: "wildcard-in-equals", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.condition.operator.Like || !strings.ContainsAny(w.value, "*?") || w.claim == "aud" {
		return "", ""
	}
	if w.kind != oidc.KindGitLab && w.kind != oidc.KindGitHub {
		return "", ""
	}
	name := w.condition.operator.Name
	like := "StringLike"
	if set := w.condition.operator.Set; set != "" {
		like = set + ":" + like
	}
	return fmt.Sprintf("%s compares * and ? as plain characters, and no %s of %s has them", name, w.claim, w.kind),
		fmt.Sprintf("write the value in full, or use %s and let the wildcard stand after the project", like)
}}
