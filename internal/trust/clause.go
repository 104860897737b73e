package trust

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// held is a statement held against a token by the policy engine, part by part.
type held struct {
	*statement
	// principal and action are met; lacks are the further actions that the token
	// needs and the statement does not cover.
	principal, action bool
	lacks             []string
	// results of the conditions, in their order.
	results []policy.ConditionResult
	// dead: no token at all can meet it.
	dead bool
}

// hold asks the engine about each part of a statement as a policy of its own.
func (r *Role) hold(s *statement, version string, t *Presented) held {
	_, req := r.Request(t)
	allows := func(p *policy.Policy, action string) bool {
		req.Action = action
		return (&policy.Set{Resource: p}).Decide(req).Verdict == policy.Allow
	}
	h := held{statement: s}
	h.principal = allows(s.alone(version, true, false, nil), assumeAction)
	own := s.alone(version, false, true, nil)
	for i, a := range t.actions() {
		switch ok := allows(own, a); {
		case i == 0:
			h.action = ok
		case !ok:
			h.lacks = append(h.lacks, a)
		}
	}
	if len(s.conditions) == 0 {
		return h
	}
	req.Action = assumeAction
	x := (&policy.Set{Resource: s.alone(version, false, false, s.conditions)}).Explain(req)
	for _, step := range x.Steps {
		for _, res := range append(step.Statements, step.Nearest...) {
			h.results = res.Conditions
		}
	}
	return h
}

// applies reports whether every part is met.
func (h *held) applies() bool {
	return h.principal && h.action && !slices.ContainsFunc(h.results, func(c policy.ConditionResult) bool { return !c.Met })
}

// hung reports whether a condition is on a circumstance.
func (h *held) hung() bool {
	return slices.ContainsFunc(h.conditions, func(c condition) bool { return c.hangs() })
}

// clauses tells the parts of the statement.
func (h *held) clauses(r *Role, t *Presented) []Clause {
	names := []string{}
	for _, p := range h.principals {
		names = append(names, p.kind+" "+p.name)
	}
	line, column := h.place("Principal")
	list := []Clause{{
		Element: "Principal", Wanted: names, Carried: []string{"Federated " + r.shownARN(t)}, Met: h.principal,
		Note: h.principalNote(r, t), Line: line, Column: column,
	}}
	element := "Action"
	if h.notAction {
		element = "NotAction"
	}
	line, column = h.place(element)
	list = append(list, Clause{
		Element: element, Wanted: h.actions, Carried: t.actions(), Met: h.action, Note: h.actionNote(), Line: line, Column: column,
	})
	for i := range h.conditions {
		c, res := &h.conditions[i], h.results[i]
		class, claim := classify(c.key, t.issuer())
		clause := Clause{
			Element: "Condition", Operator: c.operator.Name, Key: c.key, Wanted: c.values, Carried: []string{},
			Missing: res.Carried == nil, Met: res.Met, Class: class, Line: c.line, Column: c.column,
			Note: c.note(class, claim, t, res.Carried),
		}
		if c.hangs() {
			clause.Unknown, clause.Met = true, false
		}
		clause.Carried = append(clause.Carried, res.Carried...)
		list = append(list, clause)
	}
	return list
}

// place is where an element of the statement stands.
func (s *statement) place(element string) (line, column int) {
	for _, m := range s.at.Members {
		if m.Name == element {
			return m.Line, m.Column
		}
	}
	return s.line, 1
}

// providers are the issuers of the OIDC providers that the statement trusts, as
// it writes them.
func (s *statement) providers() (issuers []string) {
	for _, p := range s.principals {
		if p.kind != "Federated" {
			continue
		}
		if _, issuer, ok := strings.Cut(p.name, ":oidc-provider/"); ok {
			issuers = append(issuers, issuer)
		}
	}
	return issuers
}

// anyone reports whether the statement trusts everyone.
func (s *statement) anyone() bool {
	return slices.Contains(s.principals, principal{"AWS", "*"})
}

func (h *held) principalNote(r *Role, t *Presented) string {
	if h.principal {
		return ""
	}
	want := r.providerARN(t)
	for _, p := range h.principals {
		switch {
		case p.kind == "Federated" && strings.EqualFold(p.name, want):
			return "the same but for the case of letters, which counts"
		case p.kind == "Federated" && strings.HasSuffix(p.name, ":oidc-provider/"+t.issuer()):
			return "the provider of another account: STS only takes the one of the role's own account"
		case p.kind == "Federated" && plainIssuer(p.name) == t.issuer():
			return "not the ARN of the provider: that has the issuer without scheme and without a slash at the end"
		}
	}
	if len(h.providers()) == 0 {
		return "a token is presented by the identity provider, not by an AWS principal or a service"
	}
	return "another issuer than the token's"
}

func (h *held) actionNote() string {
	switch {
	case !h.action && !h.notAction && slices.ContainsFunc(h.actions, func(a string) bool { return strings.EqualFold(a, "sts:AssumeRole") }):
		return "sts:AssumeRole is for callers with AWS credentials; a token needs sts:AssumeRoleWithWebIdentity"
	case h.action && len(h.lacks) > 0:
		return "the token also needs " + strings.Join(h.lacks, " and ")
	}
	return ""
}
