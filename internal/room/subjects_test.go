package room_test

import (
	"encoding/json"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/modules"
)

// rule "" means that the subject is good. Source: facts of GitLab's "OpenID
// Connect (OIDC) Authentication Using ID Tokens" and GitHub's "OpenID Connect
// reference" pages about sub.
var subjects = []struct{ forge, role, subject, rule string }{
	{"gitlab", "plan", "project_path:acme/infra:ref_type:branch:ref:main", ""},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:branch:ref:*", ""},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:*:ref:*", ""},
	{"gitlab", "plan", "project_path:acme/infra:*", ""},
	{"gitlab", "plan", "project_path:acme/platform/team.a/infra_2:ref_type:branch:ref:feature/x-1", ""},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:branch:ref:main", ""},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:tag:ref:v*", ""},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:branch:ref:main:environment_protected:true:deployment_tier:production", ""},

	{"gitlab", "plan", "project_path:acme/infra :ref_type:branch:ref:main", "subject-characters"},
	{"gitlab", "plan", "project_path:${aws:username}/infra:*", "subject-characters"},
	{"gitlab", "plan", "", "subject-begins-with-project"},
	{"gitlab", "plan", "*", "subject-begins-with-project"},
	{"gitlab", "plan", "repo:acme/infra:ref:refs/heads/main", "subject-begins-with-project"},
	{"gitlab", "plan", "project_path*", "subject-begins-with-project"},
	{"gitlab", "plan", "project_path:*", "subject-names-one-project"},
	{"gitlab", "plan", "project_path:acme*/infra:ref_type:branch:ref:main", "subject-names-one-project"},
	{"gitlab", "plan", "project_path:acme/*:ref_type:branch:ref:main", "subject-names-one-project"},
	{"gitlab", "plan", "project_path:acme/infr?:ref_type:branch:ref:main", "subject-names-one-project"},
	{"gitlab", "plan", "project_path:acme/infra*:ref_type:branch:ref:main", "subject-names-one-project"},
	{"gitlab", "plan", "project_path:infra:ref_type:branch:ref:main", "subject-project-path"},
	{"gitlab", "plan", "project_path:/infra:ref_type:branch:ref:main", "subject-project-path"},
	{"gitlab", "plan", "project_path:acme//infra:ref_type:branch:ref:main", "subject-project-path"},
	{"gitlab", "plan", "project_path:acme/infra", "subject-goes-on"},
	{"gitlab", "plan", "project_path:acme/infra:", "subject-goes-on"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:mr:ref:*", "subject-ref-type-mr"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:mr", "subject-ref-type-mr"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:mr*", "subject-ref-type-mr"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:merge_request:ref:x", "subject-ref-type-mr"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:Branch:ref:main", "subject-ref-type"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:branches:ref:main", "subject-ref-type"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:branch:ref:refs/heads/main", "subject-short-ref"},
	{"gitlab", "plan", "project_path:acme/infra:ref_type:branch", "subject-stops-at-ref-type"},
	{"gitlab", "plan", "project_path:acme/infra:environment:production:ref_type:branch:branch:main", "subject-shape"},
	{"gitlab", "plan", "project_path:acme/infra:pull_request", "subject-shape"},
	{"gitlab", "plan", "project_path:acme/infra:ref*", "subject-shape"},
	{"gitlab", "apply", "project_path:acme/infra:*", "subject-apply-names-ref"},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:branch:ref:*", "subject-apply-names-ref"},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:branch:ref:?ain", "subject-apply-names-ref"},
	{"gitlab", "apply", "project_path:acme/infra:environment:production", "subject-apply-names-ref"},
	{"gitlab", "apply", "project_path:acme/infra:ref_type:*:ref:main", "subject-apply-names-ref-type"},
	{"gitlab", "apply", "project_path:acme/infra:ref:main", "subject-apply-names-ref-type"},

	{"github", "plan", "repo:acme/infra:pull_request", ""},
	{"github", "plan", "repo:acme/infra:ref:refs/heads/*", ""},
	{"github", "plan", "repo:acme/infra:ref:*", ""},
	{"github", "plan", "repo:acme/infra:*", ""},
	{"github", "plan", "repo:acme@12/infra@34:pull_request", ""},
	{"github", "plan", "repo:acme/in.fra_2:ref:refs/tags/v1", ""},
	{"github", "apply", "repo:acme/infra:ref:refs/heads/main", ""},
	{"github", "apply", "repo:acme/infra:environment:production", ""},
	{"github", "apply", "repo:acme/infra:environment:eu%3Aproduction", ""},
	{"github", "apply", "repo:acme@12/infra@34:environment:production", ""},
	{"github", "apply", "repo:acme/infra:environment:production:job_workflow_ref:acme/ci/.github/workflows/apply.yml@refs/heads/main", ""},

	{"github", "plan", "repo:acme/infra: pull_request", "subject-characters"},
	{"github", "plan", "project_path:acme/infra:*", "subject-begins-with-repository"},
	{"github", "plan", "*", "subject-begins-with-repository"},
	{"github", "plan", "repo:*", "subject-names-one-repository"},
	{"github", "plan", "repo:acme/*:pull_request", "subject-names-one-repository"},
	{"github", "plan", "repo:acme*/infra:pull_request", "subject-names-one-repository"},
	{"github", "plan", "repo:acme@12/infra@*:pull_request", "subject-names-one-repository"},
	{"github", "plan", "repo:acme@12/infra:pull_request", "subject-immutable-ids"},
	{"github", "plan", "repo:acme/infra@34:pull_request", "subject-immutable-ids"},
	{"github", "plan", "repo:acme@me/infra@34:pull_request", "subject-immutable-ids"},
	{"github", "plan", "repo:infra:pull_request", "subject-repository-path"},
	{"github", "plan", "repo:acme/team/infra:pull_request", "subject-repository-path"},
	{"github", "plan", "repo:acme/infra", "subject-goes-on"},
	{"github", "plan", "repo:acme/infra:ref_type:branch:ref:main", "subject-ref-type"},
	{"github", "plan", "repo:acme/infra:ref:main", "subject-full-ref"},
	{"github", "plan", "repo:acme/infra:ref:refs/pull/1/merge", "subject-full-ref"},
	{"github", "plan", "repo:acme/infra:pullrequest", "subject-shape"},
	{"github", "plan", "repo:acme/infra:environment:a:b", "subject-shape"},
	{"github", "apply", "repo:acme/infra:pull_request", "subject-apply-no-pull-request"},
	{"github", "apply", "repo:acme/infra:*", "subject-apply-names-ref"},
	{"github", "apply", "repo:acme/infra:ref:refs/heads/*", "subject-apply-names-ref"},
	{"github", "apply", "repo:acme/infra:environment:prod*", "subject-apply-names-ref"},
}

func TestCheckSubject(t *testing.T) {
	hit := map[string]bool{}
	for _, tt := range subjects {
		rule, why, fix := room.CheckSubject(tt.forge, tt.role, tt.subject)
		if rule != tt.rule {
			t.Errorf("%s %s %q: rule %q, want %q", tt.forge, tt.role, tt.subject, rule, tt.rule)
		}
		if (rule == "") != (why == "") || (rule == "") != (fix == "") {
			t.Errorf("%s %s %q: rule %q, why %q, fix %q", tt.forge, tt.role, tt.subject, rule, why, fix)
		}
		hit[tt.forge+" "+rule] = true
	}
	data, err := modules.FS.ReadFile("automation-iam/subjects.json")
	if err != nil {
		t.Fatal(err)
	}
	var rules map[string][]struct{ ID string }
	if err := json.Unmarshal(data, &rules); err != nil {
		t.Fatal(err)
	}
	for forge, list := range rules {
		for _, r := range list {
			if !hit[forge+" "+r.ID] {
				t.Errorf("no case is refused by %s's rule %s", forge, r.ID)
			}
		}
	}
}
