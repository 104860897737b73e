package trust

import (
	"regexp"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// withIDs is the beginning of a subject in GitHub's immutable form.
var withIDs = regexp.MustCompile(`^repo:([^:@/*?]+)@[0-9]+/([^:@/*?]+)@[0-9]+:`)

// plainRepo is that of one without IDs.
var plainRepo = regexp.MustCompile(`^repo:([^:@/*?]+)/([^:@/*?]+):`)

// subjectImmutable: a subject without the IDs, for a repository that has them.
// Source: GitHub "OpenID Connect reference": repositories created, renamed or
// transferred after 2026-07-15 have the immutable form, and others by choice.
var subjectImmutable = &impossible{id: "subject-immutable", scope: ScopeProject, find: func(w *want) (why, fix string) {
	has, wants := withIDs.FindStringSubmatch(w.carried()), plainRepo.FindStringSubmatch(w.value)
	if w.kind != oidc.KindGitHub || has == nil || wants == nil || has[1] != wants[1] || has[2] != wants[2] {
		return "", ""
	}
	return "the repository has the immutable subject, with the IDs of owner and repository in it: it was created, renamed or transferred after 2026-07-15, or has chosen so",
		"write " + has[0] + w.value[len(wants[0]):]
}}

// subjectNotImmutable: a subject with IDs, for a repository that has none.
var subjectNotImmutable = &impossible{id: "subject-not-immutable", scope: ScopeProject, find: func(w *want) (why, fix string) {
	has, wants := plainRepo.FindStringSubmatch(w.carried()), withIDs.FindStringSubmatch(w.value)
	if w.kind != oidc.KindGitHub || has == nil || wants == nil || has[1] != wants[1] || has[2] != wants[2] {
		return "", ""
	}
	return "the repository does not have the immutable subject: its tokens have no IDs in the sub",
		"let the repository choose the immutable form, if the IDs are its own; " + has[0] + w.value[len(wants[0]):] + " would trust whoever has the name"
}}

// subjectOtherIDs: a subject with the IDs of another repository of that name.
var subjectOtherIDs = &impossible{id: "subject-other-ids", scope: ScopeProject, find: func(w *want) (why, fix string) {
	has, wants := withIDs.FindStringSubmatch(w.carried()), withIDs.FindStringSubmatch(w.value)
	if w.kind != oidc.KindGitHub || has == nil || wants == nil || has[1] != wants[1] || has[2] != wants[2] || has[0] == wants[0] {
		return "", ""
	}
	return "the repository has the name that the policy wants, and other IDs: it is not the one that was meant, which was deleted or renamed, and somebody took the name",
		"find out whose repository this is before you trust it"
}}
