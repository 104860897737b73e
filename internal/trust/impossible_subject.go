package trust

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// named finds what a certain rule of modules/automation-iam/subjects.json says
// of a subject of a forge.
func named(kind oidc.Kind, id string) func(w *want) (why, fix string) {
	return func(w *want) (why, fix string) {
		if !w.sub(kind) {
			return "", ""
		}
		rule, why, fix := room.CheckSubject(string(kind), "plan", w.value)
		if rule != id {
			return "", ""
		}
		return why, fix
	}
}

// refTypeMR: the seed's afternoon. A merge request's pipeline runs on its source
// branch.
var refTypeMR = &impossible{id: "subject-ref-type-mr", scope: ScopeAny, find: named(oidc.KindGitLab, "subject-ref-type-mr")}

// shortRef: GitLab has no branch whose name begins with refs/heads/.
var shortRef = &impossible{id: "subject-short-ref", scope: ScopeAny, find: named(oidc.KindGitLab, "subject-short-ref")}

// subjectRule: a subject that breaks a rule of the module and that no subject of
// the forge, customised or not, is like. The rules refuse more than that, such
// as wildcards, so that they alone do not tell.
var subjectRule = &impossible{scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.possibleSub() {
		return "", ""
	}
	_, why, fix = room.CheckSubject(string(w.kind), "plan", w.value)
	return why, fix
}}

// subjectForm: the same where the module has no rule for it.
var subjectForm = &impossible{id: "subject-form", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if w.possibleSub() {
		return "", ""
	}
	return fmt.Sprintf("no sub of %s is like this, customised or not", w.kind), "copy the sub claim from a decoded token of a real job"
}}

// possibleSub is true for other claims too.
func (w *want) possibleSub() bool {
	expr := subGrammar(w.kind, true)
	return w.claim != "sub" || expr == "" || possible(w.condition.operator, w.value, expr)
}

// name is the rule's id; for the rules of the module it is theirs.
func (i *impossible) name(w *want) string {
	if i.id != "" {
		return i.id
	}
	rule, _, _ := room.CheckSubject(string(w.kind), "plan", w.value)
	return rule
}
