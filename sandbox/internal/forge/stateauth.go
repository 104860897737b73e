package forge

import (
	"fmt"
	"net/http"
	"path"
	"strings"
)

// caller is who a request proved to be.
type caller struct {
	user string
	kind string
	// job is the project of the job that a job token belongs to, jobID its number.
	job, jobID string
}

// The refusals of GitLab's API. The bodies are GitLab's.
// Source: lib/api/helpers.rb and lib/api/api_guard.rb.
var (
	unauthorized = answer{status: http.StatusUnauthorized, json: message("401 Unauthorized")}
	forbidden    = answer{status: http.StatusForbidden, json: message("403 Forbidden")}
	noProject    = answer{status: http.StatusNotFound, json: message("404 Project Not Found")}
	expired      = answer{status: http.StatusUnauthorized, json: map[string]string{
		"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh."}}
	lowScope = answer{status: http.StatusForbidden, json: map[string]string{
		"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api read_api"}}
)

// authenticate tells who asks. The order is GitLab's: a job token as a bearer, then a
// personal token wherever it is, then a job token as gitlab-ci-token's password. The
// JOB-TOKEN header says nothing here: these routes take a job token by basic
// authentication only.
// Source: lib/gitlab/auth/auth_finders.rb, lib/api/api_guard.rb; state.rb,
// job_token_allowed: :basic_auth; GitLab's issue 375242.
func (f *Forge) authenticate(is *issuer, r *http.Request) (c caller, refused *answer) {
	bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if isBearer {
		if t := f.runningJob(is, bearer); t != nil {
			return t.caller(), nil
		}
	}
	user, password, isBasic := r.BasicAuth()
	personal := r.Header.Get("PRIVATE-TOKEN")
	switch {
	case personal != "":
	case isBearer:
		personal = bearer
	case isBasic:
		personal = password // whatever the user name is
	}
	if t := f.findToken(is, Personal, personal); t != nil {
		switch {
		case !f.clock().Before(t.Expires):
			return c, &expired
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			if !t.has("api", "read_api") {
				return c, &lowScope
			}
		case !t.has("api"):
			return c, &lowScope
		}
		return t.caller(), nil
	}
	if isBasic && user == JobUser && r.Header.Get("PRIVATE-TOKEN") == "" {
		if t := f.runningJob(is, password); t != nil {
			return t.caller(), nil
		}
	}
	return c, &unauthorized
}

// runningJob finds the token of a job that is not over.
func (f *Forge) runningJob(is *issuer, secret string) *token {
	if t := f.findToken(is, Job, secret); t != nil && f.clock().Before(t.Expires) {
		return t
	}
	return nil
}

func (t *token) caller() caller {
	return caller{user: t.User, kind: t.Kind, job: t.Project, jobID: t.JobID}
}

// authorize finds the project and checks that the caller has the role in it. All
// projects are private: who is no member is not told that one exists. A job's token
// reaches its own project alone: the sandbox has no allowlists.
func (f *Forge) authorize(is *issuer, id string, c caller, role string) (*project, *answer) {
	p := f.findProject(is, id)
	if p == nil {
		return nil, &noProject
	}
	if c.kind == Job && c.job != p.ID {
		own := f.projects.Get(join(is.url, c.job))
		return nil, &answer{status: http.StatusForbidden, json: message(fmt.Sprintf(
			"403 Forbidden - Authentication by CI/CD job token not allowed from %s to %s.", path.Base(own.Path), path.Base(p.Path)))}
	}
	m := f.members.Get(join(is.url, p.ID, c.user))
	if m == nil || !atLeast(m.Role, "guest") {
		return nil, &noProject
	}
	if !atLeast(m.Role, readsState) || !atLeast(m.Role, role) {
		return nil, &forbidden
	}
	return p, nil
}

// findProject finds a project by its number or its path, whose letters' case does not
// matter.
func (f *Forge) findProject(is *issuer, id string) *project {
	if p := f.projects.Get(join(is.url, id)); p != nil {
		return p
	}
	for _, p := range f.projects.Prefix(is.url + "\x00") {
		if strings.EqualFold(p.Path, id) {
			return p
		}
	}
	return nil
}
