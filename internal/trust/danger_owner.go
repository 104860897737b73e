package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// ownerWildcard: a wildcard before the end of the owner's name, so that strangers
// can register a name that matches.
func ownerWildcard(kind oidc.Kind, c *condition, v string) (why, fix string) {
	prefix := map[oidc.Kind]string{oidc.KindGitLab: "project_path:", oidc.KindGitHub: "repo:"}[kind]
	if !c.operator.Like || prefix == "" {
		return "", ""
	}
	at := strings.IndexAny(v, "*?")
	if at < 0 {
		return "", ""
	}
	owner, inProject := strings.CutPrefix(v[:at], prefix)
	if inProject && strings.Contains(owner, "/") {
		return "", "" // the wildcard is in the project or after it
	}
	what := map[oidc.Kind]string{oidc.KindGitLab: "group", oidc.KindGitHub: "owner"}[kind]
	if !inProject && strings.Contains(v[:at], ":") {
		return "", "" // a customised subject, which begins with another claim
	}
	if name, _, ids := strings.Cut(owner, "@"); ids {
		return fmt.Sprintf("the wildcard stands for the ID of the %s: whoever registers the name %s, once it is given up, gets in, and that is what the ID is for", what, show(name)),
			"write the ID: " + prefix + name + "@OWNERID/REPOSITORY@REPOSITORYID:"
	}
	example := owner + "-evil"
	if owner == "" {
		example = "mallory"
	}
	return fmt.Sprintf("the wildcard stands in the name of the %s: anybody can register one that matches, such as %s, and get in", what, show(example)),
		fmt.Sprintf("name the %s and the project in full: %sOWNER/PROJECT:", what, prefix)
}
