package oidc

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// GitHub describes the workflow job that asks GitHub for an ID token. Only
// Repository is required; the zero value of every other field is what GitHub
// issues for a push to the branch main of a private repository.
//
// Source: GitHub "OpenID Connect reference".
type GitHub struct {
	// Issuer is GitHub's issuer. Empty: https://token.actions.githubusercontent.com.
	Issuer string
	// Enterprise is the slug of the enterprise that owns the repository. Empty:
	// none, and the token has no enterprise claims.
	Enterprise string
	// EnterpriseIssuer says that the enterprise has switched its issuer to the
	// form that ends with its slug.
	EnterpriseIssuer bool
	// Repository is "owner/name".
	Repository string
	// Visibility is private, internal or public. Empty: private.
	Visibility string
	// Ref is the branch or tag, without refs/. Empty: main. For a pull request
	// it is the head branch.
	Ref string
	// RefType is branch or tag. Empty: branch.
	RefType string
	// RefProtected says whether Ref is protected. GitHub protects none by default.
	RefProtected bool
	// Event is the event's name, "push", "schedule", "workflow_dispatch",
	// "pull_request". Empty: push.
	Event string
	// PullRequest is the number of the pull request. Zero: 1, where Event is
	// pull_request.
	PullRequest int
	// BaseRef is the pull request's target branch. Empty: main.
	BaseRef string
	// Environment is the job's environment. Empty: the job has none.
	Environment string
	// Workflow is the file that runs. Empty: .github/workflows/ci.yml.
	Workflow string
	// JobWorkflow is the reusable workflow the job is in,
	// "owner/name/.github/workflows/file.yml@refs/heads/main". Empty: the job is in
	// Workflow itself.
	JobWorkflow string
	// Immutable says that the repository has the immutable subject format, with
	// the IDs of owner and repository. It is the default for repositories created,
	// renamed or transferred after 2026-07-15.
	Immutable bool
	// OwnerID and RepositoryID are the numbers of owner and repository. Empty: made
	// up from their names.
	OwnerID, RepositoryID string
	// SubKeys is the customisation of the subject, include_claim_keys. Nil: the
	// default subject.
	SubKeys []string
	// Actor is the login of the user who started the run. Empty: developer.
	Actor string
	// Audience is what the job asks for. Nil: the URL of the repository's owner.
	// The official AWS action asks for sts.amazonaws.com.
	Audience []string
	// Issued is the time of issue. Zero: the Unix epoch.
	Issued time.Time
	// TTL is how long the token is valid. Zero: five minutes.
	TTL time.Duration
	// Replace are claims that replace the job's after all else; nil removes one.
	Replace map[string]any
	// Fault makes a token that must be refused.
	Fault Fault
}

// Claims returns the issuer of the token that GitHub issues for the job, and its
// claims, jti excepted: that is the signer's to draw. The error names what
// GitHub could not run, and a subject that it does not document.
func (job GitHub) Claims() (issuer string, claims map[string]any, err error) {
	job.Issuer = or(job.Issuer, GitHubIssuer)
	if base, slug, ok := cutSlug(job.Issuer); ok {
		if job.Enterprise != "" && job.Enterprise != slug {
			return "", nil, fmt.Errorf("issuer %q is not that of enterprise %q", job.Issuer, job.Enterprise)
		}
		job.Issuer, job.Enterprise, job.EnterpriseIssuer = base, slug, true
	}
	if err := job.check(); err != nil {
		return "", nil, err
	}
	job.defaults()
	claims = job.claims()
	if claims["sub"], err = job.subject(claims); err != nil {
		return "", nil, err
	}
	// The documented example: nbf is ten minutes before iat, exp five after.
	times(claims, job.Issued, 10*time.Minute, job.TTL, job.Fault)
	override(claims, job.Replace)
	return job.Issuer, claims, nil
}

// cutSlug splits the issuer of an enterprise into GitHub's and its slug.
func cutSlug(issuer string) (base, slug string, ok bool) {
	rest, https := strings.CutPrefix(issuer, "https://")
	host, slug, ok := strings.Cut(rest, "/")
	return "https://" + host, slug, https && ok && isSlug(slug)
}

// check refuses a job that GitHub could not run, or whose subject it does not
// document.
func (job *GitHub) check() error {
	if err := checkPath("repository", job.Repository, 2); err != nil {
		return err
	}
	if err := checkShortRef("ref", job.Ref); err != nil {
		return err
	}
	if err := checkShortRef("base ref", job.BaseRef); err != nil {
		return err
	}
	switch {
	case job.Event == "pull_request_target":
		return fmt.Errorf("event pull_request_target: which subject GitHub issues for it is not documented; mint event push with the claims event_name and sub that you expect (--source push --claim event_name=pull_request_target --claim sub=...)")
	case job.Event == "pull_request" && job.RefType == "tag":
		return fmt.Errorf("a pull request has a head branch, not a tag")
	case job.Event != "pull_request" && (job.PullRequest != 0 || job.BaseRef != ""):
		return fmt.Errorf("only event pull_request has a pull request and a base ref")
	case job.EnterpriseIssuer && job.Enterprise == "":
		return fmt.Errorf("the enterprise's issuer needs the enterprise's slug")
	case job.Enterprise != "" && !isSlug(job.Enterprise):
		return fmt.Errorf("enterprise %q is not a slug", job.Enterprise)
	case job.JobWorkflow != "" && (!strings.Contains(job.JobWorkflow, "/.github/workflows/") || !strings.Contains(job.JobWorkflow, "@")):
		return fmt.Errorf("reusable workflow %q is not like owner/name/.github/workflows/file.yml@refs/heads/main", job.JobWorkflow)
	case job.TTL < 0:
		return fmt.Errorf("a token cannot live for %s", job.TTL)
	}
	for _, err := range []error{
		checkFault(job.Fault),
		oneOf("ref type", job.RefType, "branch", "tag"),
		oneOf("visibility", job.Visibility, "private", "internal", "public"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (job *GitHub) defaults() {
	job.Visibility = or(job.Visibility, "private")
	job.Ref = or(job.Ref, "main")
	job.RefType = or(job.RefType, "branch")
	job.Event = or(job.Event, "push")
	if job.Event == "pull_request" {
		job.PullRequest = max(job.PullRequest, 1)
		job.BaseRef = or(job.BaseRef, "main")
	}
	job.Workflow = or(job.Workflow, ".github/workflows/ci.yml")
	job.Actor = or(job.Actor, "developer")
	if len(job.Audience) == 0 {
		job.Audience = []string{"https://github.com/" + job.owner()}
	}
	if job.TTL == 0 {
		job.TTL = 5 * time.Minute
	}
}

func (job *GitHub) owner() string {
	owner, _, _ := strings.Cut(job.Repository, "/")
	return owner
}

// fullRef is the ref that the workflow runs on; of a pull request, the merge of
// its head into its base.
func (job *GitHub) fullRef() string {
	switch {
	case job.Event == "pull_request":
		return "refs/pull/" + strconv.Itoa(job.PullRequest) + "/merge"
	case job.RefType == "tag":
		return "refs/tags/" + job.Ref
	}
	return "refs/heads/" + job.Ref
}

// claims are all but those of time and sub. All values are strings. The workflow
// claim is the file, as for a workflow that gives itself no name.
func (job *GitHub) claims() map[string]any {
	iss, ref := job.Issuer, job.fullRef()
	if job.EnterpriseIssuer {
		iss += "/" + job.Enterprise
	}
	sha := commit(job.Repository, ref)
	workflow := job.Repository + "/" + job.Workflow + "@" + ref
	c := map[string]any{
		"iss": iss, "aud": audience(job.Audience),
		"ref": ref, "ref_type": job.RefType, "ref_protected": strconv.FormatBool(job.RefProtected), "sha": sha,
		"repository": job.Repository, "repository_id": or(job.RepositoryID, id("project", job.Repository)),
		"repository_owner": job.owner(), "repository_owner_id": or(job.OwnerID, id("namespace", job.owner())),
		"repository_visibility": job.Visibility,
		"actor":                 job.Actor, "actor_id": id("user", job.Actor),
		"event_name": job.Event, "head_ref": "", "base_ref": "",
		"run_id": id("pipeline", sha+job.Event), "run_number": "1", "run_attempt": "1",
		"check_run_id":       id("job", sha+job.Event),
		"runner_environment": "github-hosted",
		"workflow":           job.Workflow, "workflow_ref": workflow, "workflow_sha": sha,
		"job_workflow_ref": workflow, "job_workflow_sha": sha,
	}
	if job.Event == "pull_request" {
		c["head_ref"], c["base_ref"] = job.Ref, job.BaseRef
	}
	if job.JobWorkflow != "" {
		c["job_workflow_ref"] = job.JobWorkflow
		c["job_workflow_sha"] = commit(job.JobWorkflow, "")
	}
	if job.Environment != "" {
		c["environment"] = job.Environment
	}
	if job.Enterprise != "" {
		c["enterprise"], c["enterprise_id"] = job.Enterprise, id("enterprise", job.Enterprise)
	}
	return c
}

// subject is the default subject, or the customised one.
func (job *GitHub) subject(claims map[string]any) (string, error) {
	repo := "repo:" + job.Repository
	if job.Immutable {
		owner, name, _ := strings.Cut(job.Repository, "/")
		repo = fmt.Sprintf("repo:%s@%s/%s@%s", owner, claims["repository_owner_id"], name, claims["repository_id"])
	}
	if job.SubKeys == nil {
		return repo + ":" + job.context(), nil
	}
	if len(job.SubKeys) == 0 {
		return "", fmt.Errorf("a customised subject needs at least one claim key")
	}
	parts := make([]string, len(job.SubKeys))
	for i, name := range job.SubKeys {
		switch name {
		case "repo":
			parts[i] = repo
		case "context":
			parts[i] = job.context()
		default:
			value, ok := claims[name].(string)
			if !ok || name == "iss" || name == "aud" {
				// An environment in the customisation makes GitHub refuse a job
				// without one; the other claims are never absent.
				return "", fmt.Errorf("subject key %q: this job has no such claim", name)
			}
			parts[i] = name + ":" + escape(value)
		}
	}
	return strings.Join(parts, ":"), nil
}

// context is the tail of the default subject: an environment wins over a pull
// request, which wins over the ref.
func (job *GitHub) context() string {
	switch {
	case job.Environment != "":
		return "environment:" + escape(job.Environment)
	case job.Event == "pull_request":
		return "pull_request"
	}
	return "ref:" + job.fullRef()
}

// escape keeps a value from ending its part of the subject.
func escape(value string) string { return strings.ReplaceAll(value, ":", "%3A") }
