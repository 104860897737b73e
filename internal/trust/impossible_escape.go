package trust

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// subjectEscapedColon: GitHub writes a colon inside a value as %3A.
// Source: GitHub "OpenID Connect reference", on the sub claim.
var subjectEscapedColon = &impossible{id: "subject-escaped-colon", scope: ScopeAny, find: func(w *want) (why, fix string) {
	has := w.carried()
	if w.kind != oidc.KindGitHub || !strings.Contains(has, "%3A") || !w.condition.operator.Holds(strings.ReplaceAll(has, "%3A", ":"), []string{w.value}) {
		return "", ""
	}
	return "GitHub writes a colon inside a value of the sub as %3A", "write " + has
}}
