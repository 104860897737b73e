package oidc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

// TokenRequest asks for a token in the terms that both forges share, for the
// command line and the control API. Fields that the named forge does not have
// are refused, as are unknown JSON fields.
type TokenRequest struct {
	// Forge is "gitlab" or "github". Empty: gitlab.
	Forge string `json:"forge,omitempty"`
	// Shape is a kind of pipeline, one of Shapes. Empty: branch, or tag when
	// RefType says so.
	Shape string `json:"shape,omitempty"`
	// Issuer is the iss claim. Empty: gitlab.com's or GitHub's.
	Issuer string `json:"issuer,omitempty"`
	// Project is the path of the project or repository. Required.
	Project string `json:"project"`
	// Fork is the source project of a fork-mr. GitLab only.
	Fork    string `json:"fork,omitempty"`
	Ref     string `json:"ref,omitempty"`
	RefType string `json:"ref_type,omitempty"`
	// RefProtected nil means the forge's default.
	RefProtected *bool `json:"ref_protected,omitempty"`
	// Source is GitLab's pipeline source or GitHub's event, where the shape does
	// not already say it.
	Source               string `json:"source,omitempty"`
	Environment          string `json:"environment,omitempty"`
	EnvironmentProtected bool   `json:"environment_protected,omitempty"` // GitLab only
	DeploymentTier       string `json:"deployment_tier,omitempty"`       // GitLab only
	EnvironmentAction    string `json:"environment_action,omitempty"`    // GitLab only
	Visibility           string `json:"visibility,omitempty"`
	User                 string `json:"user,omitempty"`
	UserAccessLevel      string `json:"user_access_level,omitempty"` // GitLab only
	// Sub customises the subject: GitLab's sub claim components, GitHub's claim keys.
	Sub []string `json:"sub,omitempty"`
	// Immutable is GitHub's subject format with IDs.
	Immutable bool `json:"immutable,omitempty"`
	// OwnerID and RepositoryID are GitHub's numbers. Empty: made up from the names.
	OwnerID      string `json:"owner_id,omitempty"`
	RepositoryID string `json:"repository_id,omitempty"`
	// Enterprise is the slug of the GitHub enterprise; with EnterpriseIssuer its
	// own issuer is used.
	Enterprise       string `json:"enterprise,omitempty"`
	EnterpriseIssuer bool   `json:"enterprise_issuer,omitempty"`
	// JobWorkflow is GitHub's reusable workflow.
	JobWorkflow string `json:"job_workflow,omitempty"`
	// BaseRef and PullRequest belong to GitHub's shape pull-request.
	BaseRef     string `json:"base_ref,omitempty"`
	PullRequest int    `json:"pull_request,omitempty"`
	// Audience nil means the forge's default.
	Audience []string `json:"audience,omitempty"`
	// TTLSeconds zero means the forge's default.
	TTLSeconds int64 `json:"ttl_seconds,omitempty"`
	// Replace are claims that replace the job's after all else; null removes one.
	Replace map[string]any `json:"claims,omitempty"`
	Fault   Fault          `json:"fault,omitempty"`
}

// UnmarshalJSON refuses unknown fields.
func (r *TokenRequest) UnmarshalJSON(data []byte) error {
	type plain TokenRequest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	dec.UseNumber() // a claim such as 12345678901234567 must not become a float
	return dec.Decode((*plain)(r))
}

// shapes gives, for each kind of pipeline, the pipeline source or event.
var shapes = map[Kind]map[string]string{
	KindGitLab: {
		"branch": "", "tag": "", "mr": "merge_request_event", "fork-mr": "merge_request_event",
		"schedule": "schedule", "web": "web", "trigger": "trigger", "api": "api",
		"pipeline": "pipeline", "parent-pipeline": "parent_pipeline",
	},
	KindGitHub: {
		"branch": "", "tag": "", "pull-request": "pull_request",
		"schedule": "schedule", "dispatch": "workflow_dispatch",
	},
}

// Shapes lists the kinds of pipeline a forge ("gitlab", "github") has; nil for
// any other name.
func Shapes(forge string) []string {
	var names []string
	for name := range shapes[Kind(forge)] {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Claims returns the issuer and the claims of the token that the request
// describes, issued at a time, as GitLab.Claims and GitHub.Claims do. The errors
// name the field and what the forge would have.
func (r TokenRequest) Claims(issued time.Time) (issuer string, claims map[string]any, err error) {
	r.Forge = or(r.Forge, string(KindGitLab))
	known, ok := shapes[Kind(r.Forge)]
	if !ok {
		return "", nil, fmt.Errorf("forge %q is not one of gitlab, github", r.Forge)
	}
	source, ok := known[r.Shape]
	switch {
	case r.Shape != "" && !ok:
		return "", nil, fmt.Errorf("shape %q is not one of %s's: %s", r.Shape, r.Forge, strings.Join(Shapes(r.Forge), ", "))
	case source != "" && r.Source != "" && r.Source != source:
		return "", nil, fmt.Errorf("shape %q has source %q, not %q", r.Shape, source, r.Source)
	case (r.Shape == "branch" || r.Shape == "tag") && r.RefType != "" && r.RefType != r.Shape:
		return "", nil, fmt.Errorf("shape %q has ref type %q, not %q", r.Shape, r.Shape, r.RefType)
	case (r.Fork != "") != (r.Shape == "fork-mr"):
		return "", nil, fmt.Errorf("shape fork-mr and the fork's path belong together")
	case r.TTLSeconds < 0 || r.TTLSeconds > int64((7*24*time.Hour)/time.Second):
		return "", nil, fmt.Errorf("ttl_seconds %d is not between 0 and a week", r.TTLSeconds)
	}
	r.Source = or(source, r.Source)
	if r.Shape == "tag" {
		r.RefType = "tag"
	}
	if Kind(r.Forge) == KindGitHub {
		return r.gitHub(issued)
	}
	return r.gitLab(issued)
}

func (r *TokenRequest) gitLab(issued time.Time) (string, map[string]any, error) {
	if err := none("GitLab", map[string]bool{
		"immutable": r.Immutable, "owner_id": r.OwnerID != "", "repository_id": r.RepositoryID != "", "enterprise": r.Enterprise != "", "enterprise_issuer": r.EnterpriseIssuer,
		"job_workflow": r.JobWorkflow != "", "base_ref": r.BaseRef != "", "pull_request": r.PullRequest != 0,
	}); err != nil {
		return "", nil, err
	}
	job := GitLab{
		Issuer: r.Issuer, Project: r.Project, Visibility: r.Visibility,
		Ref: r.Ref, RefType: r.RefType, RefProtected: r.RefProtected, Source: r.Source,
		Environment: r.Environment, EnvironmentProtected: r.EnvironmentProtected,
		DeploymentTier: r.DeploymentTier, EnvironmentAction: r.EnvironmentAction,
		User: r.User, UserAccessLevel: r.UserAccessLevel, SubComponents: r.Sub, Audience: r.Audience,
		TTL: time.Duration(r.TTLSeconds) * time.Second, Replace: r.Replace, Issued: issued, Fault: r.Fault,
	}
	if r.Shape == "fork-mr" {
		job.Project, job.JobProject = r.Fork, r.Project
	}
	if job.Source == "merge_request_event" && job.Ref == "" {
		job.Ref = "feature"
	}
	if job.RefType == "tag" && job.Ref == "" {
		job.Ref = "v1.0.0"
	}
	return job.Claims()
}

func (r *TokenRequest) gitHub(issued time.Time) (string, map[string]any, error) {
	if err := none("GitHub", map[string]bool{
		"environment_protected": r.EnvironmentProtected, "deployment_tier": r.DeploymentTier != "",
		"environment_action": r.EnvironmentAction != "", "user_access_level": r.UserAccessLevel != "",
	}); err != nil {
		return "", nil, err
	}
	job := GitHub{
		Issuer: r.Issuer, Enterprise: r.Enterprise, EnterpriseIssuer: r.EnterpriseIssuer,
		Repository: r.Project, Visibility: r.Visibility, Ref: r.Ref, RefType: r.RefType,
		RefProtected: r.RefProtected != nil && *r.RefProtected, Event: r.Source,
		PullRequest: r.PullRequest, BaseRef: r.BaseRef, Environment: r.Environment, JobWorkflow: r.JobWorkflow,
		Immutable: r.Immutable, OwnerID: r.OwnerID, RepositoryID: r.RepositoryID, SubKeys: r.Sub, Actor: r.User, Audience: r.Audience,
		TTL: time.Duration(r.TTLSeconds) * time.Second, Replace: r.Replace, Issued: issued, Fault: r.Fault,
	}
	if job.Event == "pull_request" && job.Ref == "" {
		job.Ref = "feature"
	}
	if job.RefType == "tag" && job.Ref == "" {
		job.Ref = "v1.0.0"
	}
	return job.Claims()
}

// none refuses the fields that are set although the forge has no such thing.
func none(forge string, set map[string]bool) error {
	var names []string
	for name, is := range set {
		if is {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	return fmt.Errorf("%s has no %s", forge, strings.Join(names, ", "))
}
