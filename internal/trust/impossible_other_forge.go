package trust

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// gitHubSubjectOnGitLab: a subject as GitHub writes it, wanted of GitLab.
var gitHubSubjectOnGitLab = &impossible{id: "subject-of-github", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if !w.sub(oidc.KindGitLab) || !strings.HasPrefix(w.value, "repo:") && !strings.HasSuffix(w.value, ":pull_request") {
		return "", ""
	}
	return "that is how GitHub writes a subject; the sub of every GitLab token begins with \"project_path:\" and knows no pull_request",
		"write project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH; a merge request pipeline has its source branch there"
}}

// gitLabSubjectOnGitHub: a subject as GitLab writes it, wanted of GitHub.
var gitLabSubjectOnGitHub = &impossible{id: "subject-of-gitlab", scope: ScopeAny, find: func(w *want) (why, fix string) {
	if !w.sub(oidc.KindGitHub) || !strings.HasPrefix(w.value, "project_path:") {
		return "", ""
	}
	return "that is how GitLab writes a subject; GitHub's begins with \"repo:\" unless it is customised, and never with \"project_path:\"",
		"write repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH or repo:OWNER/REPOSITORY:environment:NAME"
}}
