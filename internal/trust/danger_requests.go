package trust

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// pullRequestPublic: a public repository whose pull requests come in.
var pullRequestPublic = &danger{id: "pull-request-public", find: func(g *guard) (why, fix string, at *condition) {
	pull := g.token.publicPullRequest()
	if pull == "" || g.issuer != g.token.issuer() {
		return "", "", nil
	}
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.claim(c) == "sub" && !c.operator.Negated && c.operator.Holds(pull, c.values) {
			return "the repository is public, and the subject lets its pull requests in: the code that then runs with the role is the pull request's, before anybody has read it",
				"name a branch, or an environment with required reviewers", c
		}
	}
	return "", "", nil
}}

// publicPullRequest is the subject of the pull requests of the token's repository
// where that is public on GitHub; else it is empty.
func (t *Presented) publicPullRequest() string {
	visibility, _ := t.Claims["repository_visibility"].(string)
	if visibility != "public" || oidc.KindOfToken(t.Issuer, t.Claims) != oidc.KindGitHub {
		return ""
	}
	if m := withIDs.FindString(t.subject()); m != "" {
		return m + "pull_request"
	}
	return "repo:" + t.project() + ":pull_request"
}

// mergeRequestWrites: a merge or pull request is admitted to a role that writes.
var mergeRequestWrites = &danger{id: "merge-request-writes", find: func(g *guard) (why, fix string, at *condition) {
	what := g.token.unreviewed()
	if !g.role.Writes || what == "" || !g.applies() {
		return "", "", nil
	}
	return fmt.Sprintf("%s gets a role that writes: what it runs has not been reviewed", what), "give it a role that only reads, and name the protected branch or tag here", nil
}}

// unreviewed says what kind of pipeline the token is of, where that is one of
// code that nobody has reviewed; else it is empty.
func (t *Presented) unreviewed() string {
	is := func(claim, value string) bool { s, _ := t.Claims[claim].(string); return s == value }
	job, _ := t.Claims["job_project_path"].(string)
	switch kind := oidc.KindOfToken(t.Issuer, t.Claims); {
	case kind == oidc.KindGitLab && job != "" && !is("project_path", job):
		return "a fork's merge request pipeline"
	case kind == oidc.KindGitLab && is("pipeline_source", "merge_request_event"):
		return "a merge request pipeline"
	case kind == oidc.KindGitHub && is("event_name", "pull_request"):
		return "a pull request's workflow"
	}
	return ""
}
