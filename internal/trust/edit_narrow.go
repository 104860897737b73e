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
		case dangerous[c] && isClaim && met:
			// It keeps out tokens with another value, and those without one from now on.
			if claim != "amr" && h.results[i].Carried != nil {
				keep.operator = strings.TrimSuffix(strings.TrimPrefix(keep.operator, "ForAllValues:"), "IfExists")
			}
			terms = append(terms, keep)
		case dangerous[c] && !isClaim:
			// It keeps nobody out.
		case met:
			terms = append(terms, keep)
		case isClaim && c.operator.Negated, c.operator.Family == policy.FamilyNull:
			return nil, fmt.Sprintf("no safe edit: %s keeps this token out on purpose, by %s on %s", h.name(), c.operator.Name, c.key)
		case isClaim && claim == "amr" && c.operator.Set == "" && slices.ContainsFunc(h.results[i].Carried, func(v string) bool { return c.operator.Holds(v, c.values) }):
			terms = append(terms, term{"ForAnyValue:" + c.operator.Name, c.key, c.values})
		case isClaim:
			value, ok := text1(t.Claims[claim])
			if !ok || len(e.possible(h, c)) > 0 {
				return nil, fmt.Sprintf("no safe edit: %s wants %s to %s %s on purpose, and this token is not like that", h.name(), c.key, verb(c.operator), quoted(c.values))
			}
			terms = append(terms, term{"StringEquals", t.issuer() + ":" + claim, []string{value}})
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

// harmless are the values of a condition on the subject that some token of the
// project can match and that admit no strangers.
func (e *explainer) harmless(h *held, c *condition) (values []string) {
	for _, v := range e.possible(h, c) {
		at := c.place(v)
		dangerous := slices.ContainsFunc(e.answer.Dangers, func(f Finding) bool {
			return f.Statement == h.index && f.Line == at.Line && f.Column == at.Column
		})
		pull := e.token.publicPullRequest()
		dangerous = dangerous || pull != "" && c.operator.Holds(pull, []string{v})
		if !dangerous && !c.open(v) && !c.operator.Fold && (c.operator.Like || !strings.ContainsAny(v, "*?")) {
			values = append(values, v)
		}
	}
	return values
}

// possible are the values of a condition that some token of the project can
// match.
func (e *explainer) possible(h *held, c *condition) (values []string) {
	for _, v := range c.values {
		at := c.place(v)
		if !slices.ContainsFunc(e.answer.Never, func(f Finding) bool {
			return f.Statement == h.index && f.Line == at.Line && f.Column == at.Column && f.Scope != ScopeJob
		}) {
			values = append(values, v)
		}
	}
	return values
}

// place is where a value of the condition stands.
func (c *condition) place(value string) *policy.Element {
	for _, item := range c.at.Items {
		if item.Text == value {
			return item
		}
	}
	return c.at
}
