package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// subjectCustomised: the policy wants the default subject and the project has
// customised its own, or the reverse.
var subjectCustomised = &impossible{id: "subject-customised", scope: ScopeProject, find: func(w *want) (why, fix string) {
	plain, has := subGrammar(w.kind, false), w.carried()
	if plain == "" || has == "" {
		return "", ""
	}
	exact, _, _ := policy.ParseOperator("StringEquals")
	setting := "ci_id_token_sub_claim_components of the project"
	if w.kind == oidc.KindGitHub {
		setting = "include_claim_keys of the repository or its organization"
	}
	wanted, carried := possible(w.condition.operator, w.value, plain), possible(exact, has, plain)
	switch {
	case !wanted && carried:
		return fmt.Sprintf("only a customised subject is like this, and the token has %s's default one", w.kind),
			"write the subject as the token has it, or customise it: " + setting
	case wanted && !carried && (!w.wild() || before(w.value) != before(has)):
		return fmt.Sprintf("this is the default form of the subject, and this token's is customised (%s)", setting), "write the subject as the token has it"
	}
	return "", ""
}}

// wild reports whether the value has wildcards or variables.
func (w *want) wild() bool {
	return strings.Contains(w.value, "${") || w.condition.operator.Like && strings.ContainsAny(w.value, "*?")
}

// before is the name that a subject begins with.
func before(sub string) string {
	name, _, _ := strings.Cut(sub, ":")
	return name
}
