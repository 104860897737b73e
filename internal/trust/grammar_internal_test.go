package trust

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

func operator(t *testing.T, name string) policy.Operator {
	t.Helper()
	o, _, ok := policy.ParseOperator(name)
	if !ok {
		t.Fatalf("no operator %s", name)
	}
	return o
}

// A subject that a forge issues fits the grammar of its subjects, or a policy
// that trusts it would be called impossible.
func TestGrammarTakesWhatForgesIssue(t *testing.T) {
	jobs := []oidc.TokenRequest{
		{Project: "a/b/c/d", Ref: "feature/x_y-1.2"}, {Project: "Acme.Co/in_fra", Ref: "renovate/@types-node"},
		{Project: "acme/infra", Ref: "1.0.0+build", RefType: "tag"}, {Project: "acme/infra", Ref: "ünïcode"},
		{Project: "acme/infra", Environment: "review/a b", Sub: []string{"project_path", "environment", "deployment_tier", "environment_protected", "ref_protected"}},
		{Project: "acme/infra", Sub: []string{"project_path"}},
		{Forge: "github", Project: "Octo_emu/.github", Environment: "prod: eu/west"},
		{Forge: "github", Project: "octo/x", Immutable: true}, {Forge: "github", Project: "octo/x", Immutable: true, Environment: "a b"},
		{Forge: "github", Project: "octo/x", Sub: []string{"repository_owner", "repository_visibility"}},
		{Forge: "github", Project: "octo/x", Sub: []string{"repo", "context", "job_workflow_ref"}},
		{Forge: "github", Project: "octo/x", Sub: []string{"ref", "actor", "event_name"}},
		{Forge: "github", Project: "octo/x", Sub: []string{"repository_id"}, Immutable: true},
	}
	for _, forge := range []string{"gitlab", "github"} {
		for _, shape := range oidc.Shapes(forge) {
			r := oidc.TokenRequest{Forge: forge, Shape: shape, Project: "acme/infra"}
			if shape == "fork-mr" {
				r.Fork = "mallory/infra"
			}
			jobs = append(jobs, r)
		}
	}
	exact := operator(t, "StringEquals")
	for _, r := range jobs {
		issuer, claims, err := r.Claims(time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		kind, sub := oidc.KindOf(issuer), claims["sub"].(string)
		if !possible(exact, sub, subGrammar(kind, true)) {
			t.Errorf("%s: %q is said to be impossible", kind, sub)
		}
		if byDefault := possible(exact, sub, subGrammar(kind, false)); byDefault != (r.Sub == nil) {
			t.Errorf("%s: %q has the default form: %t", kind, sub, byDefault)
		}
		for claim, expr := range claimGrammars[kind] {
			if v, ok := claims[claim].(string); ok && !possible(exact, v, expr) {
				t.Errorf("%s: %s = %q is said to be impossible", kind, claim, v)
			}
		}
	}
}

func TestPossible(t *testing.T) {
	for _, c := range []struct {
		operator, value string
		kind            oidc.Kind
		want            bool
	}{
		{"StringLike", "*", oidc.KindGitLab, true},
		{"StringEquals", "*", oidc.KindGitLab, false},
		{"StringLike", "project_path:acme/*:ref_type:mr:*", oidc.KindGitLab, false},
		{"StringLike", "project_path:acme/*:ref_type:b*", oidc.KindGitLab, true},
		{"StringLike", "project_path:acme/*:ref_type:*", oidc.KindGitLab, true},
		{"StringLike", "*mr*", oidc.KindGitLab, true},
		{"StringLike", "project_path:acme/infra:ref_type:???:*", oidc.KindGitLab, true},
		{"StringLike", "project_path:acme/infra:ref_type:??:*", oidc.KindGitLab, false},
		{"StringLike", "project_path:${aws:PrincipalTag/group}/infra:*", oidc.KindGitLab, true},
		{"StringEqualsIgnoreCase", "PROJECT_PATH:ACME/INFRA:REF_TYPE:TAG:REF:V1", oidc.KindGitLab, true},
		{"StringEquals", "PROJECT_PATH:ACME/INFRA:REF_TYPE:TAG:REF:V1", oidc.KindGitLab, false},
		{"StringLike", "repo:acme/infra:*:environment:prod", oidc.KindGitHub, true},
		{"StringLike", "repo:acme/infra:ref:refs/heads/*", oidc.KindGitHub, true},
		{"StringEquals", "repo:acme/infra:ref:main", oidc.KindGitHub, false},
		{"StringEquals", "repo:acme@1/infra:pull_request", oidc.KindGitHub, false},
		{"StringEquals", "", oidc.KindGitHub, false},
		{"StringLike", "", oidc.KindGitLab, false},
	} {
		if got := possible(operator(t, c.operator), c.value, subGrammar(c.kind, true)); got != c.want {
			t.Errorf("%s %q of %s: got %t", c.operator, c.value, c.kind, got)
		}
	}
}
