package trust

import (
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// anyPrincipal: Principal "*".
var anyPrincipal = &danger{id: "principal-anyone", find: func(g *guard) (why, fix string, at *condition) {
	if !g.anyone() {
		return "", "", nil
	}
	return "Principal \"*\" trusts every identity provider of the account, those of other teams and those that come later, and every caller of AWS for other actions",
		fmt.Sprintf("write \"Principal\": {\"Federated\": %q}", g.role.shownARN(g.token)), nil
}}

// bindings are the claims besides sub that tie a token to a project or its owner.
var bindings = map[oidc.Kind][]string{
	oidc.KindGitLab:    {"project_id", "namespace_id"},
	oidc.KindGitHub:    {"repository", "repository_id", "repository_owner_id", "enterprise_id"},
	oidc.KindBuildkite: {"organization_id", "organization_slug", "pipeline_id", "pipeline_slug"},
	oidc.KindCircleCI:  {"oidc.circleci.com/project-id"},
	oidc.KindGoogle:    {"google/organization_number", "email"},
}

// binds reports whether a condition ties the token to a project.
func (g *guard) binds(c *condition) bool {
	claim := g.claim(c)
	return c.limits() && (claim == "sub" || slices.Contains(bindings[g.kind], claim)) && !slices.ContainsFunc(c.values, c.open)
}

// noSubject: nothing says whose tokens come in.
var noSubject = &danger{id: "no-subject", find: func(g *guard) (why, fix string, at *condition) {
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.binds(c) || g.claim(c) == "sub" {
			return "", "", nil // the other rules tell what is wrong with it
		}
	}
	who := "everyone who can run a job at " + g.issuer
	switch {
	case g.issuer == "gitlab.com":
		who = "anybody in the world who has an account at gitlab.com, which costs nothing,"
	case g.kind == oidc.KindGitHub:
		who = "anybody in the world who has an account at GitHub, which costs nothing,"
	case g.kind == oidc.KindGitLab:
		who = "everyone who has a project at " + g.issuer
	}
	return "no condition says whose tokens come in: " + who + " gets in with a token that passes the rest",
		fmt.Sprintf("add a condition StringEquals on %s:sub", g.issuer), nil
}}

// anySubject: sub is like "*".
var anySubject = &danger{id: "subject-any", find: func(g *guard) (why, fix string, at *condition) {
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.claim(c) == "sub" && !c.operator.Negated && slices.ContainsFunc(c.values, c.open) && !g.bound() {
			return "\"*\" takes every subject: the condition is there and keeps nobody out", "name the project in full", c
		}
	}
	return "", "", nil
}}

// negatedSubject: only a negated condition on the sub.
var negatedSubject = &danger{id: "subject-negated-only", find: func(g *guard) (why, fix string, at *condition) {
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.claim(c) == "sub" && c.operator.Negated && !g.bound() {
			return "a negated condition names who stays out, and everybody else comes in", "name who comes in, by StringEquals", c
		}
	}
	return "", "", nil
}}

// bound reports whether some condition ties the token to a project.
func (g *guard) bound() bool {
	for i := range g.conditions {
		if g.binds(&g.conditions[i]) {
			return true
		}
	}
	return false
}

// noAudience: nothing says what the token is for.
var noAudience = &danger{id: "no-audience", find: func(g *guard) (why, fix string, at *condition) {
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.claim(c) == "aud" && c.operator.Family == policy.FamilyString && !c.operator.Negated && !slices.ContainsFunc(c.values, c.open) {
			return "", "", nil
		}
	}
	return "no condition says what the token was issued for: the client list of the provider is then the only check, and whoever adds an audience there opens this role too",
		fmt.Sprintf("add a condition StringEquals on %s:aud", g.issuer), nil
}}
