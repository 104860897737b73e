package forge

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// The kinds of access token.
const (
	// Personal is a personal access token: a user's, for every project that the user
	// is a member of.
	Personal = "personal"
	// Job is a CI_JOB_TOKEN: its user's rights, in the project of the job alone.
	Job = "job"
)

// JobUser is the user name that goes with a job token.
// Source: GitLab "CI/CD job token".
const JobUser = "gitlab-ci-token"

// How long tokens live when nobody says: a job until GitLab's default time limit
// for jobs is over, a personal token 30 days.
const (
	jobTTL      = time.Hour
	personalTTL = 30 * 24 * time.Hour
)

// AccessRequest asks for a token of GitLab's API. It declares the project, if it is
// new, and the role of the user in it: what was said last counts, as when a member's
// role is changed.
type AccessRequest struct {
	// Issuer is the GitLab, as in the iss claim of its ID tokens. Empty: gitlab.com.
	Issuer string `json:"issuer,omitempty"`
	// Kind is Personal or Job. Empty: Personal.
	Kind string `json:"kind,omitempty"`
	// Project is the project's path. Required.
	Project string `json:"project"`
	// Role is one of Roles. Empty: maintainer.
	Role string `json:"role,omitempty"`
	// User is who the token belongs to, or who started the job. Empty: the role's name.
	User string `json:"user,omitempty"`
	// Scopes are a personal token's, "api" and "read_api". Empty: api.
	Scopes []string `json:"scopes,omitempty"`
	// TTLSeconds is how long the token lives, by the sandbox's clock. Zero: an hour
	// for a job, 30 days for a person.
	TTLSeconds int64 `json:"ttl_seconds,omitempty"`
}

// Access is a token of GitLab's API and what goes with it.
type Access struct {
	// Username and Token are what HTTP's basic authentication wants.
	Username string `json:"username"`
	Token    string `json:"token"`
	// Project is the project's path, ProjectID its number, the same as in the ID
	// tokens of its jobs.
	Project   string `json:"project"`
	ProjectID string `json:"project_id"`
	// StateURL is the address of the project's states; a state's name follows it.
	StateURL string    `json:"state_url"`
	Expires  time.Time `json:"expires"`
}

// Environment returns, as NAME=value, what an engine's http backend reads: the
// credentials, and, if name is that of a state and not empty, its addresses with the
// methods that GitLab wants.
// Source: OpenTofu "Backend Type: http", configuration variables; GitLab
// "GitLab-managed Terraform/OpenTofu state".
func (a *Access) Environment(name string) []string {
	list := []string{"TF_HTTP_USERNAME=" + a.Username, "TF_HTTP_PASSWORD=" + a.Token}
	if name == "" {
		return list
	}
	at := a.StateURL + url.PathEscape(name)
	return append(list, "TF_HTTP_ADDRESS="+at, "TF_HTTP_LOCK_ADDRESS="+at+"/lock", "TF_HTTP_UNLOCK_ADDRESS="+at+"/lock",
		"TF_HTTP_LOCK_METHOD=POST", "TF_HTTP_UNLOCK_METHOD=DELETE")
}

// project is a project that somebody declared.
type project struct {
	ID, Path string
}

// member is a user's role in a project.
type member struct {
	Role string
}

// token is an access token. Its key in the table is the token's digest: the token
// itself is kept nowhere.
type token struct {
	Kind, Issuer, User string
	Project            string   // the job's
	JobID              string   // empty: not a job
	Scopes             []string // a personal token's
	Expires            time.Time
}

// MintAccess returns a new access token. The errors name the field and what GitLab
// would have.
func (f *Forge) MintAccess(r AccessRequest) (*Access, error) {
	is, err := f.issuer(cmp.Or(r.Issuer, oidc.GitLabIssuer))
	if err != nil {
		return nil, err
	}
	if is.kind != oidc.KindGitLab {
		return nil, fmt.Errorf("issuer %q is %s's: only GitLab keeps states", is.url, is.kind)
	}
	id, err := oidc.GitLabProject(r.Project)
	if err != nil {
		return nil, err
	}
	kind, role := cmp.Or(r.Kind, Personal), cmp.Or(r.Role, adminsState)
	if err := checkRole(role); err != nil {
		return nil, err
	}
	user := cmp.Or(r.User, role)
	if strings.ContainsAny(user, "\x00 :/@\t\n") || user == JobUser {
		return nil, fmt.Errorf("user %q is not a name that GitLab gives a user", user)
	}
	if r.TTLSeconds < 0 {
		return nil, fmt.Errorf("a token cannot live for %d seconds", r.TTLSeconds)
	}
	t := &token{Kind: kind, Issuer: is.url, User: user}
	a := &Access{Username: user, Project: r.Project, ProjectID: id, StateURL: is.url + "/api/v4/projects/" + id + "/terraform/state/"}
	ttl := personalTTL
	switch kind {
	case Personal:
		t.Scopes = r.Scopes
		if len(t.Scopes) == 0 {
			t.Scopes = []string{"api"}
		}
		for _, s := range t.Scopes {
			if s != "api" && s != "read_api" {
				return nil, fmt.Errorf("scope %q is not one of api, read_api: the sandbox's GitLab has no other API", s)
			}
		}
	case Job:
		if len(r.Scopes) > 0 {
			return nil, fmt.Errorf("a job token has no scopes")
		}
		a.Username, t.Project, ttl = JobUser, id, jobTTL
		if t.JobID, err = f.number(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("kind %q is not one of %s, %s", kind, Personal, Job)
	}
	if r.TTLSeconds > 0 {
		ttl = time.Duration(r.TTLSeconds) * time.Second
	}
	t.Expires = f.clock().UTC().Add(ttl).Truncate(time.Second)
	a.Expires = t.Expires
	if a.Token, err = f.secret(kind); err != nil {
		return nil, err
	}
	return a, f.db.Update(func() error {
		if p := f.projects.Get(join(is.url, id)); p != nil && p.Path != r.Project {
			return fmt.Errorf("the IDs that the sandbox makes up for the projects %q and %q are the same: rename one", p.Path, r.Project)
		}
		f.projects.Put(join(is.url, id), &project{ID: id, Path: r.Project})
		f.members.Put(join(is.url, id, user), &member{Role: role})
		f.tokens.Put(digest(a.Token), t)
		return nil
	})
}

// secret makes a token with the prefix that GitLab gives its kind.
// Source: GitLab "Token overview", token prefixes.
func (f *Forge) secret(kind string) (string, error) {
	var b [15]byte
	if _, err := io.ReadFull(f.rand, b[:]); err != nil {
		return "", err
	}
	prefix := "glpat-"
	if kind == Job {
		prefix = "glcbt-64_"
	}
	return prefix + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// findToken returns the token's record, or nil; call it inside a View or Update.
func (f *Forge) findToken(is *issuer, kind, secret string) *token {
	t := f.tokens.Get(digest(secret))
	if t == nil || t.Kind != kind || t.Issuer != is.url {
		return nil
	}
	return t
}

func (t *token) has(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(t.Scopes, s) })
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// join makes a table's key: none of the parts has a zero byte.
func join(parts ...string) string { return strings.Join(parts, "\x00") }
