package trust

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// subjectNoEnvironment: the policy wants an environment and the job has none.
var subjectNoEnvironment = &impossible{id: "subject-no-environment", scope: ScopeJob, find: func(w *want) (why, fix string) {
	if w.carried() == "" || !strings.Contains(w.value, ":environment:") || w.has("environment") {
		return "", ""
	}
	name := after(w.value, ":environment:")
	if w.kind == oidc.KindGitHub {
		return "the job has no environment, so its sub names the ref or the pull request", "give the job the environment in the workflow:\nenvironment: " + name
	}
	return "the job has no environment, so its token has no claim about one", "give the job the environment in .gitlab-ci.yml:\nenvironment: " + name
}}

// subjectEnvironmentWins: GitHub's sub has the environment of the job instead of
// its ref or pull request.
// Source: GitHub "OpenID Connect reference", example subject claims.
var subjectEnvironmentWins = &impossible{id: "subject-environment-wins", scope: ScopeJob, find: func(w *want) (why, fix string) {
	if w.carried() == "" || w.kind != oidc.KindGitHub || !w.has("environment") || strings.Contains(w.value, ":environment:") {
		return "", ""
	}
	if !strings.Contains(w.value, ":ref:") && !strings.HasSuffix(w.value, ":pull_request") || !strings.Contains(w.token.subject(), ":environment:") {
		return "", ""
	}
	return "the job has an environment, and GitHub then puts that into the sub instead of the ref or the pull request",
		"write the sub as the token has it, " + w.token.subject() + ", or take the environment from the job; the environment's own rules say which branches may use it"
}}

// has reports whether the token has a claim that is not empty.
func (w *want) has(claim string) bool {
	s, _ := w.token.Claims[claim].(string)
	return s != ""
}

// after is the part of a subject that follows a name.
func after(sub, name string) string {
	_, rest, _ := strings.Cut(sub, name)
	value, _, _ := strings.Cut(rest, ":")
	return value
}
