package trust

import "fmt"

// claimForm: a value that the claim never has, such as a branch's plain name in
// GitHub's ref.
var claimForm = &impossible{id: "claim-form", scope: ScopeAny, find: func(w *want) (why, fix string) {
	expr, ok := claimGrammars[w.kind][w.claim]
	if !ok || possible(w.condition.operator, w.value, expr) {
		return "", ""
	}
	return fmt.Sprintf("%s's claim %s never has this value: %s", w.kind, w.claim, claimForms[w.claim]), "write the value as a decoded token of a real job has it"
}}

// claimForms say in words what claimGrammars say.
var claimForms = map[string]string{
	"ref_protected": "it is \"true\" or \"false\"", "runner_environment": "it is \"gitlab-hosted\" or \"self-hosted\"",
	"namespace_id": numeric, "project_id": numeric, "user_id": numeric,
	"repository_id": numeric, "repository_owner_id": numeric, "actor_id": numeric, "enterprise_id": numeric,
	"ref": "it is the full ref, such as refs/heads/main", "repository": "it is OWNER/REPOSITORY",
	"job_workflow_ref": "it is OWNER/REPOSITORY/.github/workflows/FILE@REF",
}

const numeric = "it is a number"
