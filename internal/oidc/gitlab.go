package oidc

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GitLab describes the CI job that asks GitLab for an ID token. Only Project is
// required; the zero value of every other field is what GitLab issues for a push
// to the branch main of a private project on gitlab.com.
//
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens".
type GitLab struct {
	// Issuer is the instance. Empty: https://gitlab.com.
	Issuer string
	// Project is the path of the project whose code runs, "group/sub/project". In
	// a merge request pipeline that is the source project.
	Project string
	// JobProject is the path of the project that the pipeline runs in. Empty:
	// Project. It differs only for a fork's merge request whose pipeline runs in
	// the target project.
	JobProject string
	// Visibility is private, internal or public. Empty: private.
	Visibility string
	// Ref is the branch or tag, without refs/. Empty: main. In a merge request
	// pipeline it is the source branch.
	Ref string
	// RefType is branch or tag. Empty: branch. GitLab has no other value: a
	// merge request pipeline says branch.
	RefType string
	// RefProtected says whether Ref is protected. Nil: GitLab's own default,
	// which protects the default branch (taken to be main) and no tag, and never a
	// merge request pipeline.
	RefProtected *bool
	// Source is why the pipeline runs, one of GitLab's pipeline sources. Empty: push.
	Source string
	// Environment is the job's environment. Empty: the job has none, and its
	// token then has none of the four environment claims.
	Environment string
	// EnvironmentProtected says whether it is a protected environment.
	EnvironmentProtected bool
	// DeploymentTier of the environment. Empty: the tier of that name, else other.
	DeploymentTier string
	// EnvironmentAction is start, prepare, stop, verify or access. Empty: start.
	EnvironmentAction string
	// User is the login of the user who runs the job. Empty: developer.
	User string
	// UserEmail of that user. Empty: LOGIN@example.com.
	UserEmail string
	// UserAccessLevel of that user in the project. Empty: maintainer on a
	// protected ref, else developer.
	UserAccessLevel string
	// Groups are the groups the user is a direct member of. Nil: the project's
	// namespace.
	Groups []string
	// SubComponents is the project's ci_id_token_sub_claim_components. Nil:
	// project_path, ref_type, ref.
	SubComponents []string
	// Audience is what the job asks for. Nil: the instance's URL.
	Audience []string
	// Issued is the time of issue. Zero: the Unix epoch.
	Issued time.Time
	// TTL is how long the token is valid, the job's timeout. Zero: one hour,
	// GitLab's default timeout.
	TTL time.Duration
	// Replace are claims that replace the job's after all else; nil removes one.
	Replace map[string]any
	// Fault makes a token that must be refused.
	Fault Fault
}

// gitLabSources are the pipeline sources of GitLab's Ci::Pipeline.
var gitLabSources = []string{
	"push", "web", "trigger", "schedule", "api", "external", "pipeline", "chat", "webide",
	"merge_request_event", "external_pull_request_event", "parent_pipeline",
	"ondemand_dast_scan", "ondemand_dast_validation", "security_orchestration_policy",
	"container_registry_push", "duo_workflow", "pipeline_execution_policy_schedule",
}

// environmentName is what an environment may be called; without a colon it cannot
// end its part of a customised subject.
// Source: GitLab "CI/CD YAML syntax reference", environment:name.
var environmentName = regexp.MustCompile(`^[A-Za-z0-9 _./${}-]+$`)

func isEnvironment(name string) bool { return len(name) <= 255 && environmentName.MatchString(name) }

// gitLabTiers are the deployment tiers.
// Source: GitLab "Environments", deployment tier of environments.
var gitLabTiers = []string{"production", "staging", "testing", "development", "other"}

// gitLabSubComponents are the claims a project may put into its sub claim.
// Source: GitLab "Projects API", ci_id_token_sub_claim_components; that the list
// holds environment was seen in public configurations only.
var gitLabSubComponents = []string{
	"project_path", "ref_type", "ref", "ref_protected", "environment", "environment_protected", "deployment_tier",
}

// Claims returns the issuer of the token that GitLab issues for the job, and its
// claims with their JSON types, jti excepted: that is the signer's to draw. The
// error names what GitLab could not run.
func (job GitLab) Claims() (issuer string, claims map[string]any, err error) {
	if err := job.check(); err != nil {
		return "", nil, err
	}
	job.defaults()
	claims = job.claims()
	if claims["sub"], err = job.subject(claims); err != nil {
		return "", nil, err
	}
	// Observed in public tokens: nbf is five seconds before iat.
	times(claims, job.Issued, 5*time.Second, job.TTL, job.Fault)
	override(claims, job.Replace)
	return job.Issuer, claims, nil
}

// check refuses a job that GitLab could not run.
func (job *GitLab) check() error {
	if err := checkPath("project", job.Project, 0); err != nil {
		return err
	}
	if job.JobProject != "" {
		if err := checkPath("job project", job.JobProject, 0); err != nil {
			return err
		}
	}
	if err := checkShortRef("ref", job.Ref); err != nil {
		return err
	}
	if job.RefType != "" && job.RefType != "branch" && job.RefType != "tag" {
		return fmt.Errorf("ref type %q: GitLab only issues branch and tag; a merge request pipeline has its source branch and ref type branch", job.RefType)
	}
	if job.Source == "merge_request_event" && job.RefType == "tag" {
		return fmt.Errorf("a merge request has a source branch, not a tag")
	}
	if job.Environment == "" && (job.EnvironmentProtected || job.DeploymentTier != "" || job.EnvironmentAction != "") {
		return fmt.Errorf("a job without an environment has no claim about one")
	}
	if job.Environment != "" && !isEnvironment(job.Environment) {
		return fmt.Errorf("environment %q is not a name that GitLab accepts", job.Environment)
	}
	if job.TTL < 0 {
		return fmt.Errorf("a token cannot live for %s", job.TTL)
	}
	for _, err := range []error{
		checkFault(job.Fault),
		oneOf("source", job.Source, gitLabSources...),
		oneOf("visibility", job.Visibility, "private", "internal", "public"),
		oneOf("deployment tier", job.DeploymentTier, gitLabTiers...),
		oneOf("environment action", job.EnvironmentAction, "start", "prepare", "stop", "verify", "access"),
		oneOf("user access level", job.UserAccessLevel, "guest", "planner", "reporter", "developer", "maintainer", "owner"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (job *GitLab) defaults() {
	job.Issuer = or(job.Issuer, GitLabIssuer)
	job.JobProject = or(job.JobProject, job.Project)
	job.Visibility = or(job.Visibility, "private")
	job.Ref = or(job.Ref, "main")
	job.RefType = or(job.RefType, "branch")
	job.Source = or(job.Source, "push")
	if job.RefProtected == nil {
		protected := job.RefType == "branch" && job.Ref == "main" && job.Source != "merge_request_event"
		job.RefProtected = &protected
	}
	if job.Environment != "" {
		tier := "other"
		if slices.Contains(gitLabTiers, job.Environment) {
			tier = job.Environment
		}
		job.DeploymentTier = or(job.DeploymentTier, tier)
		job.EnvironmentAction = or(job.EnvironmentAction, "start")
	}
	job.User = or(job.User, "developer")
	job.UserEmail = or(job.UserEmail, job.User+"@example.com")
	level := "developer"
	if *job.RefProtected {
		level = "maintainer"
	}
	job.UserAccessLevel = or(job.UserAccessLevel, level)
	if job.Groups == nil {
		job.Groups = []string{namespace(job.Project)}
	}
	if len(job.Audience) == 0 {
		job.Audience = []string{job.Issuer}
	}
	if job.TTL == 0 {
		job.TTL = time.Hour
	}
}

// claims are all but those of time and sub. Booleans and IDs are strings in
// GitLab's tokens, except runner_id.
func (job *GitLab) claims() map[string]any {
	prefix := "refs/heads/"
	if job.RefType == "tag" {
		prefix = "refs/tags/"
	}
	sha := commit(job.Project, job.Ref)
	instance := strings.TrimPrefix(job.Issuer, "https://")
	runner := "self-hosted"
	if job.Issuer == GitLabIssuer {
		runner = "gitlab-hosted"
	}
	c := map[string]any{
		"iss": job.Issuer, "aud": audience(job.Audience),
		"namespace_id": id("namespace", namespace(job.Project)), "namespace_path": namespace(job.Project),
		"project_id": id("project", job.Project), "project_path": job.Project,
		"project_visibility": job.Visibility,
		"job_namespace_id":   id("namespace", namespace(job.JobProject)), "job_namespace_path": namespace(job.JobProject),
		"job_project_id": id("project", job.JobProject), "job_project_path": job.JobProject,
		"user_id": id("user", job.User), "user_login": job.User, "user_email": job.UserEmail,
		"user_access_level": job.UserAccessLevel, "groups_direct": job.Groups,
		"pipeline_id": id("pipeline", sha+job.Source), "pipeline_source": job.Source,
		"job_id": id("job", sha+job.Source), "runner_id": 12345678, "runner_environment": runner,
		"sha": sha, "ref": job.Ref, "ref_type": job.RefType, "ref_path": prefix + job.Ref,
		"ref_protected":     strconv.FormatBool(*job.RefProtected),
		"ci_config_ref_uri": instance + "/" + job.Project + "//.gitlab-ci.yml@" + prefix + job.Ref,
		"ci_config_sha":     sha,
	}
	if job.Environment != "" {
		c["environment"] = job.Environment
		c["environment_protected"] = strconv.FormatBool(job.EnvironmentProtected)
		c["deployment_tier"] = job.DeploymentTier
		c["environment_action"] = job.EnvironmentAction
	}
	return c
}

// subject joins the sub claim from its components as claim:value. A component
// that this token has no claim for is refused: what GitLab writes then is not
// documented.
func (job *GitLab) subject(claims map[string]any) (string, error) {
	components := job.SubComponents
	if components == nil {
		components = []string{"project_path", "ref_type", "ref"}
	}
	if len(components) == 0 || components[0] != "project_path" {
		return "", fmt.Errorf("sub components %q do not begin with project_path, as GitLab requires", components)
	}
	parts := make([]string, len(components))
	for i, name := range components {
		if err := oneOf("sub component", or(name, " "), gitLabSubComponents...); err != nil {
			return "", err
		}
		value, ok := claims[name].(string)
		if !ok {
			return "", fmt.Errorf("sub component %q: this job has no such claim", name)
		}
		parts[i] = name + ":" + value
	}
	return strings.Join(parts, ":"), nil
}

// namespace is the group or user that a project is in.
func namespace(project string) string { return project[:strings.LastIndexByte(project, '/')] }
