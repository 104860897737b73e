package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// term is a condition of the edited statement.
type term struct {
	operator, key string
	values        []string
}

// narrow are the conditions that admit the token and no more than the statement
// did: what is met and harmless stays, what can never be met goes, and the
// subject and the audience are said exactly.
func (e *explainer) narrow(h *held) (terms []term, why string) {
	t := e.token
	dangerous := map[*condition]bool{}
	for i := range h.conditions {
		c := &h.conditions[i]
		dangerous[c] = slices.ContainsFunc(e.answer.Dangers, func(f Finding) bool {
			return f.Statement == h.index && f.Line == c.line && f.Column == c.column
		})
	}
	sub, aud := []string{}, false
	for i := range h.conditions {
		c, met := &h.conditions[i], h.results[i].Met
		class, claim := classify(c.key, t.issuer())
		isClaim := class == ClassClaim
		keep := term{c.operator.Name, c.key, c.values}
		switch claim = strings.ToLower(claim); {
		case isClaim && claim == "sub" && c.operator.Family == policy.FamilyString && !c.operator.Negated:
			sub = append(sub, e.harmless(h, c)...)
		case isClaim && claim == "aud" && met && c.limits() && !slices.ContainsFunc(c.values, c.open):
			terms, aud = append(terms, keep), true
		case isClaim && claim == "aud" && !c.operator.Negated:
			// Replaced below.
		case dangerous[c]:
			// It keeps nobody out.
		case met:
			terms = append(terms, keep)
		case isClaim && c.operator.Negated, c.operator.Family == policy.FamilyNull:
			return nil, fmt.Sprintf("no safe edit: %s keeps this token out on purpose, by %s on %s", h.name(), c.operator.Name, c.key)
		case isClaim:
			if values, ok := t.single(claim); ok {
				terms = append(terms, term{"StringEquals", t.issuer() + ":" + claim, []string{values}})
			}
		case class == ClassHidden, class == ClassForeign, class == ClassMisspelt:
			// It can never be met; the subject takes its place.
		default:
			return nil, fmt.Sprintf("no safe edit: %s wants %s on %s, which is not the token's to have", h.name(), c.operator.Name, c.key)
		}
	}
	if !aud {
		terms = append(terms, term{"StringEquals", t.issuer() + ":aud", []string{t.audience()}})
	}
	like := "StringEquals"
	for _, v := range sub {
		if strings.ContainsAny(v, "*?$") {
			like = "StringLike"
		}
	}
	o, _, _ := policy.ParseOperator(like)
	if !o.Holds(t.subject(), sub) {
		sub = append(sub, t.subject())
	}
	return append(terms, term{like, t.issuer() + ":sub", sub}), ""
}

// single is a claim as STS shows it.
func (t *Presented) single(claim string) (string, bool) {
	return text1(t.Claims[claim])
}

// harmless are the values of a condition on the subject that some token can
// match and that admit no strangers.
func (e *explainer) harmless(h *held, c *condition) (values []string) {
	for j, v := range c.values {
		at := c.at
		if at.Kind == policy.ElementList {
			at = at.Items[j]
		}
		bad := func(f Finding) bool {
			return f.Statement == h.index && f.Line == at.Line && f.Column == at.Column && (f.Scope == ScopeAny || f.Scope == "")
		}
		if slices.ContainsFunc(e.answer.Never, bad) || slices.ContainsFunc(e.answer.Dangers, bad) || c.open(v) || c.operator.Fold {
			continue
		}
		if !c.operator.Like && strings.ContainsAny(v, "*?") {
			continue
		}
		values = append(values, v)
	}
	return values
}
