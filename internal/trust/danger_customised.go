package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// owners are the parts of a customised subject of GitHub that only tokens of
// somebody known have. That of a called workflow (job_workflow_ref) is none of
// them: whoever may call it has it.
var owners = []string{
	"repo:", "repository:", "repository_id:", "repository_owner:", "repository_owner_id:", "workflow_ref:", "enterprise:", "enterprise_id:",
	"actor:", "actor_id:",
}

// customisedOwner: a customised subject that any repository can have, because
// nothing in it tells whose it is, or a wildcard stands there.
// Source: GitHub "OpenID Connect reference", customising the token claims: every
// repository chooses what its own subject is made of.
func (g *guard) customisedOwner(c *condition, v string) (why, fix string) {
	if g.kind != oidc.KindGitHub || g.boundBesides() {
		return "", ""
	}
	fixed := v
	if c.operator.Like {
		if at := strings.IndexAny(v, "*?"); at >= 0 {
			fixed = v[:at]
		}
	}
	if strings.HasPrefix(fixed, "repo:") || fixed == "" {
		return "", "" // the rules on the owner's name judge it
	}
	for _, name := range owners {
		_, value, found := strings.Cut(":"+fixed, ":"+name)
		switch {
		case !found:
		case fixed == v || strings.ContainsAny(value, ":/"):
			return "", ""
		case value != "":
			return fmt.Sprintf("the wildcard stands in %s: anybody can get one that begins the same", strings.TrimSuffix(name, ":")), "write it in full"
		}
	}
	if fixed != v && !strings.Contains(fixed, ":") {
		return "", "" // the wildcard begins too early to tell what is wanted
	}
	return "it does not tell whose token it is: anybody can customise the subject of a repository of their own to have this one" + called(fixed),
		"let the subject begin with the repository (include_claim_keys: repo, ...), or add a condition on repository_id or repository_owner_id"
}

// called says what still stands in the way of a caller of a reusable workflow.
func called(v string) string {
	if strings.HasPrefix(v, "job_workflow_ref:") {
		return ", if they can call that workflow: everybody can where its repository is public"
	}
	return ""
}

// boundBesides reports whether a condition on another claim than the subject ties
// the token to a project or its owner.
func (g *guard) boundBesides() bool {
	for i := range g.conditions {
		if c := &g.conditions[i]; g.claim(c) != "sub" && g.binds(c) {
			return true
		}
	}
	return false
}
