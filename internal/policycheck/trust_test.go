package policycheck_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/policycheck"
	"github.com/strongroom-dev/strongroom/policy"
)

// trustOf is a trust policy for an issuer's tokens with a condition.
func trustOf(issuer, condition string) string {
	provider := fmt.Sprintf("arn:aws:iam::111122223333:oidc-provider/%s", issuer)
	if issuer == "accounts.google.com" {
		provider = issuer
	}
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": %q}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": %s}]}`, provider, condition)
}

const (
	gitlab = "gitlab.com"
	github = "token.actions.githubusercontent.com"
	aud    = `"StringEquals": {"ISS:aud": "sts.amazonaws.com"}`
)

// What a condition on a token says about who is admitted: the rules it breaks.
func TestTrustConditions(t *testing.T) {
	for _, c := range []struct{ name, issuer, condition, want string }{
		// Who is admitted.
		{"a project's branch", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/infra:ref_type:branch:ref:main"}}`, ""},
		{"a whole group", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/*"}}`, ""},
		{"a project's ID", gitlab, `{"StringEquals": {"ISS:aud": "x", "ISS:project_id": "42"}}`, ""},
		{"a group's ID", gitlab, `{"StringEquals": {"ISS:aud": "x", "ISS:namespace_id": "42"}}`, ""},
		{"a group's name goes on", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme*"}}`, "trust-open-subject"},
		{"any project", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:*:ref_type:branch:ref:main"}}`, "trust-open-subject"},
		{"anything", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "*"}}`, "trust-open-subject"},
		{"one of two is open", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": ["project_path:acme/infra:*", "project_path:*"]}}`, "trust-open-subject"},
		{"no subject", gitlab, `{` + aud + `}`, "trust-open-subject"},
		{"protected refs of anybody", gitlab, `{"StringEquals": {"ISS:aud": "x", "ISS:ref_protected": "true"}}`, "trust-open-subject"},
		{"not a subject", gitlab, `{` + aud + `, "StringNotLike": {"ISS:sub": "project_path:evil/*"}}`, "trust-open-subject"},
		{"if there is one", gitlab, `{` + aud + `, "StringLikeIfExists": {"ISS:sub": "project_path:acme/*"}}`, "trust-open-subject"},
		{"for all values", gitlab, `{` + aud + `, "ForAllValues:StringLike": {"ISS:sub": "project_path:acme/*"}}`, "for-all-values-unguarded needless-set-operator trust-open-subject"},
		{"a repository", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:*"}}`, ""},
		{"a repository with IDs", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme@1/infra@2:ref:refs/heads/main"}}`, ""},
		{"an owner", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/*"}}`, ""},
		{"an owner's name goes on", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme*/infra:*"}}`, "trust-open-subject"},
		{"a repository's ID", github, `{"StringEquals": {"ISS:aud": "x", "ISS:repository_id": "42"}}`, ""},
		{"an owner's ID", github, `{"StringEquals": {"ISS:aud": "x", "ISS:repository_owner_id": "42"}}`, ""},
		{"a customised subject", github, `{"StringEquals": {"ISS:aud": "x", "ISS:sub": "repository_owner:acme:workflow:release"}}`, ""},
		{"a reusable workflow", github, `{"StringEquals": {"ISS:aud": "x"}, "StringLike": {"ISS:job_workflow_ref": "acme/ci/.github/workflows/deploy.yml@*"}}`, ""},
		{"a branch of anybody", github, `{"StringEquals": {"ISS:aud": "x", "ISS:ref": "refs/heads/main"}}`, "trust-open-subject"},
		{"an actor", github, `{"StringEquals": {"ISS:aud": "x", "ISS:actor": "ann"}}`, "trust-open-subject"},
		{"a cluster's workload", "oidc.eks.eu-west-2.amazonaws.com/id/AAAA", `{` + aud + `, "StringLike": {"ISS:sub": "system:serviceaccount:default:*"}}`, ""},
		{"a whole cluster", "oidc.eks.eu-west-2.amazonaws.com/id/AAAA", `{` + aud + `}`, "trust-open-subject"},
		{"self-managed", "git.example.com", `{"StringEquals": {"ISS:aud": "x"}, "StringLike": {"ISS:sub": "project_path:acme*"}}`, ""},
		{"Google's client", "accounts.google.com", `{"StringEquals": {"ISS:aud": "123"}}`, ""},
		{"Google's anybody", "accounts.google.com", `{"StringEquals": {"ISS:sub": "123"}}`, "trust-no-audience"},
		// The audience.
		{"no audience", github, `{"StringLike": {"ISS:sub": "repo:acme/infra:*"}}`, "trust-no-audience"},
		{"any audience", github, `{"StringLike": {"ISS:aud": "*", "ISS:sub": "repo:acme/infra:*"}}`, "trust-no-audience"},
		// What no token has.
		{"a merge request as type", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/infra:ref_type:mr:ref:*"}}`, "trust-impossible-subject"},
		{"the same, self-managed", "git.example.com", `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/infra:ref_type:mr:ref:*"}}`, "trust-impossible-subject"},
		{"any type", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/infra:ref_type:*:ref:main"}}`, ""},
		{"a full ref", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "project_path:acme/infra:ref_type:branch:ref:refs/heads/main"}}`, "trust-impossible-subject"},
		{"GitHub's on GitLab", gitlab, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:pull_request"}}`, "trust-impossible-subject"},
		{"a short ref", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:ref:main"}}`, "trust-impossible-subject"},
		{"a branch as such", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:branch:main"}}`, "trust-impossible-subject"},
		{"a merge request on GitHub", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:merge_request"}}`, "trust-impossible-subject"},
		{"a pull request", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:pull_request"}}`, ""},
		{"an environment", github, `{` + aud + `, "StringLike": {"ISS:sub": "repo:acme/infra:environment:prod"}}`, ""},
		{"a star taken for itself", github, `{"StringEquals": {"ISS:aud": "x", "ISS:sub": "repo:acme/infra:*"}}`, "wildcard-in-equals"},
		{"a claim that STS does not see", github, `{"StringEquals": {"ISS:aud": "x", "ISS:sub": "repo:acme/infra:pull_request", "ISS:event_name": "push"}}`, "trust-claim-not-exposed"},
		{"another forge's claim", github, `{"StringEquals": {"ISS:aud": "x", "ISS:sub": "repo:acme/infra:pull_request", "gitlab.com:project_id": "1"}}`, "trust-claim-not-exposed"},
		{"the scheme in a key", github, `{"StringEquals": {"ISS:aud": "x", "ISS:sub": "repo:acme/infra:pull_request", "https://gitlab.com:sub": "x"}}`, "unknown-key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := &policycheck.Rule{Kind: policy.Trust}
			r := run(t, rule, trustOf(c.issuer, strings.ReplaceAll(c.condition, "ISS", c.issuer)))
			var got []string
			for _, f := range r.Findings {
				if !slices.Contains(got, f.Rule.ID) {
					got = append(got, f.Rule.ID)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}
