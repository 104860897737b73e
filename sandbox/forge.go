package sandbox

import "github.com/strongroom-dev/strongroom/sandbox/internal/forge"

type (
	// AccessRequest asks the stand-in for GitLab for a token of its API.
	AccessRequest = forge.AccessRequest
	// Access is such a token and what goes with it.
	Access = forge.Access
	// ForgeEvent is one request to GitLab's API. It holds no secret.
	ForgeEvent = forge.Event
	// StateVersion is a version of a state that GitLab keeps, without its content.
	StateVersion = forge.Version
)

// The kinds of access token: a person's, and a pipeline job's.
const (
	PersonalAccess = forge.Personal
	JobAccess      = forge.Job
)

// AccessToken mints a token of GitLab's API: a personal access token, or a job's. It
// declares the project, if it is new, and the user's role in it; a project that nobody
// asked a token for is not there. The error names the field that is wrong.
func (s *Sandbox) AccessToken(r AccessRequest) (*Access, error) { return s.parts.forge.MintAccess(r) }

// MintAccess is AccessToken, for the control API.
func (s *Sandbox) MintAccess(r AccessRequest) (*Access, error) { return s.AccessToken(r) }

// ForgeEvents returns the requests to GitLab's API so far, oldest first: the last
// 10,000 of them. Those for ID tokens' keys are not among them.
func (s *Sandbox) ForgeEvents() []ForgeEvent { return s.parts.forge.Events() }

// StateVersions lists the versions that GitLab keeps of a state, highest serial first.
// issuer is the GitLab's, project a number or a path.
func (s *Sandbox) StateVersions(issuer, project, name string) ([]StateVersion, error) {
	return s.parts.forge.Versions(issuer, project, name)
}

// AccessRoles lists the roles of an AccessRequest, lowest first.
func AccessRoles() []string { return forge.Roles() }
