package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// letterCase: the value would match but for the case of its letters.
// Source: IAM User Guide, reference_policies_elements_condition_operators:
// StringEquals and StringLike are case-sensitive.
var letterCase = &impossible{id: "letter-case", scope: ScopeProject, find: func(w *want) (why, fix string) {
	if !w.own || w.met || w.condition.operator.Fold {
		return "", ""
	}
	values, _ := oidc.ClaimValues(w.token.Claims[w.claim])
	for _, has := range values {
		if has == w.value || !policy.Covers(pattern(w), has, true) {
			continue
		}
		return fmt.Sprintf("it differs from the token's %s only in the case of letters, and case counts: the token has the name as the forge has it", w.claim),
			"write it in the token's letters: " + has
	}
	// The project alone may be in other letters, and the rest differ besides.
	prefix := map[oidc.Kind]string{oidc.KindGitLab: "project_path:", oidc.KindGitHub: "repo:"}[w.kind]
	project := w.token.project()
	want := prefix + project + ":"
	if w.claim == "sub" && prefix != "" && project != "" && len(w.value) >= len(want) && w.value[:len(want)] != want && strings.EqualFold(w.value[:len(want)], want) {
		return "the project is written in other letters than the forge has, and case counts", "write " + want + w.value[len(want):]
	}
	return "", ""
}}

// pattern is the value with the wildcards that count.
func pattern(w *want) string {
	if w.condition.operator.Like {
		return w.value
	}
	for _, r := range w.value {
		if r == '*' || r == '?' {
			return ""
		}
	}
	return w.value
}
