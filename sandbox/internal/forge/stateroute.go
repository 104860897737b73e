package forge

import (
	"net/http"
	"net/url"
	"strings"
)

// route is what a request to the Terraform state API is about.
// Source: GitLab's lib/api/terraform/state.rb and state_version.rb.
type route struct {
	project, name, serial string
	kind                  routeKind
}

type routeKind int

const (
	stateRoute routeKind = iota
	lockRoute
	versionRoute
	authorizeRoute
)

// operations name what each method of a route does; a method that is not here is 405.
// LOCK and UNLOCK, which engines use unless they are told otherwise, are not: GitLab's
// pages set lock_method to POST and unlock_method to DELETE.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state", manual configuration.
var operations = map[routeKind]map[string]string{
	stateRoute:     {http.MethodGet: "GetState", http.MethodHead: "GetState", http.MethodPost: "WriteState", http.MethodDelete: "DeleteState"},
	lockRoute:      {http.MethodPost: "LockState", http.MethodDelete: "UnlockState"},
	versionRoute:   {http.MethodGet: "GetVersion", http.MethodHead: "GetVersion", http.MethodDelete: "DeleteVersion"},
	authorizeRoute: {http.MethodPost: "AuthorizeUpload"},
}

// allowed lists a route's methods as the Allow header does.
func (k routeKind) allowed() string {
	switch k {
	case stateRoute:
		return "OPTIONS, GET, HEAD, POST, DELETE"
	case lockRoute:
		return "OPTIONS, POST, DELETE"
	case versionRoute:
		return "OPTIONS, GET, HEAD, DELETE"
	}
	return "OPTIONS, POST"
}

// parseRoute reads an escaped path below /api/v4. known says that the path is the
// Terraform state API's; a path that is known and not ok is GitLab's own 404: a state's
// name has no slash, but may have an escaped one.
func parseRoute(path string) (r route, known, ok bool) {
	s := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(s) < 4 || s[0] != "projects" || s[2] != "terraform" || s[3] != "state" {
		return r, false, false
	}
	if len(s) < 5 {
		return r, true, false
	}
	var err error
	if r.project, err = url.PathUnescape(s[1]); err != nil || r.project == "" {
		return r, true, false
	}
	if r.name, err = url.PathUnescape(s[4]); err != nil || r.name == "" || strings.ContainsRune(r.name, 0) {
		return r, true, false
	}
	switch rest := s[5:]; {
	case len(rest) == 0:
		r.kind = stateRoute
	case len(rest) == 1 && rest[0] == "lock":
		r.kind = lockRoute
	case len(rest) == 1 && rest[0] == "authorize":
		r.kind = authorizeRoute
	case len(rest) == 2 && rest[0] == "versions" && rest[1] != "":
		r.kind, r.serial = versionRoute, rest[1]
		// state.rb says that a name may have dots; state_version.rb does not, and then
		// Grape's own rule ends a name at the first one (as GitLab's issue 218906 shows
		// for a project's path). Not tried on a real GitLab. Choice gitlab-dots.
		if strings.Contains(s[4], ".") {
			return r, true, false
		}
	default:
		return r, true, false
	}
	return r, true, true
}
