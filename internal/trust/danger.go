package trust

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// danger is a way in which an Allow statement admits strangers, or would after
// the next change.
type danger struct {
	id string
	// find says why, how to mend it, and at which condition; nil: the statement
	// as a whole. An empty why: the danger is not there.
	find func(g *guard) (why, fix string, at *condition)
	// each is the same for one condition, in place of find.
	each func(g *guard, c *condition) (why, fix string)
}

// guard is an Allow statement that tokens are presented to.
type guard struct {
	*explainer
	*held
	issuer string
	kind   oidc.Kind
}

var dangers = []*danger{
	anyPrincipal, noSubject, anySubject, negatedSubject, noAudience, ifExistsOnToken, forAllOnToken, negatedOnMissing,
	pullRequestPublic, mergeRequestWrites,
}

// dangers finds what is dangerous in a statement.
func (e *explainer) dangers(h *held) (found []Finding) {
	if h.effect != policy.EffectAllow || !h.action || len(h.providers()) == 0 && !h.anyone() {
		return nil
	}
	g := &guard{explainer: e, held: h, issuer: e.token.issuer(), kind: e.answer.Forge}
	if !h.principal && len(h.providers()) > 0 {
		g.issuer = plainIssuer(h.providers()[0])
		g.kind = oidc.KindOf(g.issuer)
	}
	add := func(d *danger, why, fix string, at *condition) {
		if why == "" {
			return
		}
		f := Finding{Rule: d.id, Statement: h.index, Why: why, Fix: fix, Line: h.line, Column: h.at.Column}
		if at != nil {
			f.Line, f.Column, f.Value = at.line, at.column, at.operator.Name+" "+at.key
		}
		found = append(found, f)
	}
	for _, d := range dangers {
		if d.find != nil {
			why, fix, at := d.find(g)
			add(d, why, fix, at)
			continue
		}
		for i := range h.conditions {
			why, fix := d.each(g, &h.conditions[i])
			add(d, why, fix, &h.conditions[i])
		}
	}
	return append(found, g.subjects()...)
}

// claim is the claim of the statement's issuer that a condition is on; empty: it
// is on something else.
func (g *guard) claim(c *condition) string {
	class, claim := classify(c.key, g.issuer)
	if class != ClassClaim {
		return ""
	}
	return strings.ToLower(claim)
}

// limits reports whether a condition keeps out tokens whose claim differs: a
// positive comparison of text that a missing claim does not pass.
func (c *condition) limits() bool {
	return c.operator.Family == policy.FamilyString && !c.operator.Negated && !c.operator.Missing()
}

// open reports whether a value lets everything through.
func (c *condition) open(value string) bool {
	return c.operator.Like && value != "" && strings.Trim(value, "*") == ""
}

// subjects are the dangers of single values of the subject.
func (g *guard) subjects() (found []Finding) {
	role := "plan"
	if g.role.Writes {
		role = "apply"
	}
	for i := range g.conditions {
		c := &g.conditions[i]
		if g.claim(c) != "sub" || c.operator.Negated || c.operator.Family != policy.FamilyString {
			continue
		}
		for j, v := range c.values {
			at := c.at
			if at.Kind == policy.ElementList {
				at = at.Items[j]
			}
			id, why, fix := g.subject(c, v, role)
			if why != "" {
				found = append(found, Finding{Rule: id, Statement: g.index, Value: v, Why: why, Fix: fix, Line: at.Line, Column: at.Column})
			}
		}
	}
	return found
}

// subject finds the danger of one value. What matches no token is none.
func (g *guard) subject(c *condition, v, role string) (id, why, fix string) {
	if expr := subGrammar(g.kind, true); expr == "" || c.open(v) || !possible(c.operator, v, expr) {
		return "", "", ""
	}
	if why, fix = ownerWildcard(g.kind, c, v); why != "" {
		return "owner-wildcard", why, fix
	}
	if !c.operator.Like && strings.ContainsAny(v, "*?") {
		return "", "", ""
	}
	if why, fix = g.customisedOwner(c, v); why != "" {
		return "subject-of-anyone", why, fix
	}
	id, why, fix = room.CheckSubject(string(g.kind), role, v)
	switch id {
	case "subject-names-one-project", "subject-names-one-repository",
		"subject-apply-names-ref", "subject-apply-names-ref-type", "subject-apply-no-pull-request":
		return id, why, fix
	}
	return "", "", ""
}
