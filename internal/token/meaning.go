package token

import (
	"slices"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// The groups that claims are shown in, in their order.
var groups = []string{"who", "where", "ref", "environment", "times", "other"}

// meaning is what a claim says, in a few words, and where it is shown.
type meaning struct{ group, text string }

// registered are the claims that every issuer's tokens have, and those with a
// meaning for AWS.
// Source: RFC 7519; OpenID Connect Core 1.0; IAM User Guide, id_session-tags.
var registered = map[string]meaning{
	"iss": {"who", "the issuer: whose identity provider AWS looks up"},
	"sub": {"who", "the subject: what most trust policies match"},
	"aud": {"who", "the audience: who the token is for"},
	"azp": {"who", "the party it was issued to; AWS takes it for the audience"},
	"amr": {"who", "how the user signed in"},
	"jti": {"other", "the token's own ID"},
	"iat": {"times", "issued at"},
	"nbf": {"times", "not valid before"},
	"exp": {"times", "not valid from then on"},

	"https://aws.amazon.com/tags":            {"other", "session tags: AWS makes aws:RequestTag keys of them"},
	"https://aws.amazon.com/source_identity": {"other", "the source identity: sts:SourceIdentity"},
}

// gitLab is what GitLab's claims mean.
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens", token
// payload.
var gitLab = map[string]meaning{
	"user_id":           {"who", "ID of the user who runs the job"},
	"user_login":        {"who", "login of that user"},
	"user_email":        {"who", "e-mail address of that user"},
	"user_access_level": {"who", "role of that user in the project"},
	"user_identities":   {"who", "that user's identities at other providers"},
	"groups_direct":     {"who", "groups that user is a direct member of"},

	"namespace_id":       {"where", "ID of the project's group or user"},
	"namespace_path":     {"where", "path of the project's group or user"},
	"project_id":         {"where", "ID of the project; in a merge request's pipeline, of its source"},
	"project_path":       {"where", "path of that project"},
	"project_visibility": {"where", "who may see the project"},
	"job_namespace_id":   {"where", "ID of the group whose project the job runs in"},
	"job_namespace_path": {"where", "path of the group whose project the job runs in"},
	"job_project_id":     {"where", "ID of the project that the job runs in"},
	"job_project_path":   {"where", "path of the project that the job runs in"},
	"pipeline_id":        {"where", "ID of the pipeline"},
	"pipeline_source":    {"where", "why the pipeline runs"},
	"job_id":             {"where", "ID of the job"},
	"job_source":         {"where", "where the job's definition comes from"},
	"job_config":         {"where", "the policy that added the job"},
	"runner_id":          {"where", "ID of the runner"},
	"runner_environment": {"where", "whose runner it is: gitlab-hosted or self-hosted"},
	"ci_config_ref_uri":  {"where", "the pipeline definition and its ref"},
	"ci_config_sha":      {"where", "commit of the pipeline definition"},

	"ref":           {"ref", "branch or tag; in a merge request's pipeline, the source branch"},
	"ref_type":      {"ref", "branch or tag, and never anything else"},
	"ref_path":      {"ref", "the ref in full"},
	"ref_protected": {"ref", "whether the ref is protected"},
	"sha":           {"ref", "commit that the job works on"},

	"environment":           {"environment", "the job's environment"},
	"environment_protected": {"environment", "whether it is a protected environment"},
	"deployment_tier":       {"environment", "its deployment tier"},
	"environment_action":    {"environment", "what the job does to it"},
}

// gitHub is what GitHub's claims mean.
// Source: GitHub "OpenID Connect reference", OIDC token claims.
var gitHub = map[string]meaning{
	"actor":    {"who", "login of the user who started the run"},
	"actor_id": {"who", "ID of that user"},

	"repository":            {"where", "owner and name of the repository"},
	"repository_id":         {"where", "ID of the repository"},
	"repository_owner":      {"where", "owner of the repository"},
	"repository_owner_id":   {"where", "ID of the owner"},
	"repository_visibility": {"where", "who may see the repository"},
	"enterprise":            {"where", "the enterprise that owns it"},
	"enterprise_id":         {"where", "ID of the enterprise"},
	"workflow":              {"where", "name of the workflow"},
	"workflow_ref":          {"where", "file of the workflow and its ref"},
	"workflow_sha":          {"where", "commit of the workflow's file"},
	"job_workflow_ref":      {"where", "file the job is defined in, a reusable workflow or the workflow itself"},
	"job_workflow_sha":      {"where", "commit of that file"},
	"event_name":            {"where", "the event that started the run"},
	"run_id":                {"where", "ID of the run"},
	"run_number":            {"where", "which run of the workflow it is"},
	"run_attempt":           {"where", "which attempt of the run it is"},
	"check_run_id":          {"where", "ID of the job's check run"},
	"runner_environment":    {"where", "whose runner it is: github-hosted or self-hosted"},

	"ref":           {"ref", "the ref in full; of a pull request, its merge ref"},
	"ref_type":      {"ref", "branch or tag"},
	"ref_protected": {"ref", "whether the ref is protected"},
	"head_ref":      {"ref", "source branch of a pull request"},
	"base_ref":      {"ref", "target branch of a pull request"},
	"sha":           {"ref", "commit that the run works on"},

	"environment": {"environment", "the job's environment"},
}

// meaningOf tells what a claim means in a token of that kind; known tells whether
// it is one that the issuer documents.
func meaningOf(kind oidc.Kind, name string) (m meaning, known bool) {
	forge := map[oidc.Kind]map[string]meaning{oidc.KindGitLab: gitLab, oidc.KindGitHub: gitHub}[kind]
	if m, known = forge[name]; known {
		return m, true
	}
	if m, known = registered[name]; known {
		return m, true
	}
	return meaning{group: "other"}, false
}

// order is the place of a claim in its group: as its issuer documents it, and
// unknown ones last.
func order(kind oidc.Kind, name string) int {
	first := []string{"iss", "sub", "aud", "azp", "iat", "nbf", "exp"}
	if i := slices.Index(first, name); i >= 0 {
		return i
	}
	if i := slices.Index(oidc.ClaimNames(kind), name); i >= 0 {
		return len(first) + i
	}
	return 1000
}
