package forge

import (
	"fmt"
	"slices"
	"strings"
)

// roles are the roles of a project's members, lowest first, with GitLab's names in
// lower case. "none" is a user who is no member.
// Source: GitLab "Members API", access levels.
var roles = []string{"none", "guest", "planner", "reporter", "developer", "maintainer", "owner"}

// Roles lists the roles that Access can be minted with, lowest first.
func Roles() []string { return slices.Clone(roles) }

// What the Terraform state API asks for.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state": Developer reads,
// Maintainer locks, unlocks, writes and deletes.
const (
	readsState  = "developer"
	adminsState = "maintainer"
)

// atLeast reports whether a role includes another. The empty role is "none".
func atLeast(role, want string) bool {
	return slices.Index(roles, role) >= slices.Index(roles, want)
}

func checkRole(role string) error {
	if slices.Contains(roles, role) {
		return nil
	}
	return fmt.Errorf("role %q is not one of %s", role, strings.Join(roles, ", "))
}
