package trust

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// impossible is a reason why a condition can never be met, or not by a token of
// this project or job.
type impossible struct {
	id    string
	scope Scope
	// find says why and how to mend it. An empty why: this is not the reason.
	find func(w *want) (why, fix string)
}

// want is a value that a statement wants, or for rules on keys the condition.
type want struct {
	*explainer
	condition *condition
	class     Class
	claim     string
	// issuer of the key, and what is behind it.
	issuer string
	kind   oidc.Kind
	value  string
	// met tells whether the token meets the condition, own whether the token is
	// of the key's issuer.
	met, own bool
}

// impossibleKeys are asked about every condition, impossibleValues about each
// value of those on claims that STS shows. The first that finds something counts.
var (
	impossibleKeys = []*impossible{
		misspeltIssuer, otherIssuer, claimNotShown, amrWithoutSet,
	}
	impossibleValues = []*impossible{
		blanks, wildcardInEquals, gitHubSubjectOnGitLab, gitLabSubjectOnGitHub, refTypeMR, shortRef, subjectRule, subjectForm, claimForm,
		audienceNotClient, audienceNotAsked,
		subjectEscapedColon, subjectCustomised, subjectImmutable, subjectNotImmutable, subjectOtherIDs, subjectNoEnvironment, subjectEnvironmentWins, letterCase,
	}
)

// never finds what in an Allow statement can never match, and remembers in the
// statement whether that is all of it.
func (e *explainer) never(h *held) (found []Finding) {
	if h.effect != policy.EffectAllow {
		return nil
	}
	found = append(found, e.neverAsked(h)...)
	for i := range h.conditions {
		c := &h.conditions[i]
		if c.operator.Missing() || c.operator.Negated || c.operator.Family == policy.FamilyNull {
			continue
		}
		w := e.want(c, h.results[i].Met)
		if f, ok := w.first(impossibleKeys, h.index); ok {
			found = append(found, f)
			h.dead = h.dead || f.Scope == ScopeAny
			continue
		}
		if w.class != ClassClaim && !(w.class == ClassForeign && slices.Contains(h.providers(), w.issuer)) || c.operator.Family != policy.FamilyString {
			continue
		}
		dead := 0
		for j, v := range c.values {
			w.value = v
			f, ok := w.first(impossibleValues, h.index)
			if !ok {
				continue
			}
			if c.at.Kind == policy.ElementList {
				f.Line, f.Column = c.at.Items[j].Line, c.at.Items[j].Column
			} else {
				f.Line, f.Column = c.at.Line, c.at.Column
			}
			found = append(found, f)
			if f.Scope == ScopeAny {
				dead++
			}
		}
		h.dead = h.dead || dead == len(c.values)
	}
	return found
}

func (e *explainer) want(c *condition, met bool) *want {
	w := &want{explainer: e, condition: c, met: met}
	w.class, w.claim = classify(c.key, e.token.issuer())
	w.claim = strings.ToLower(w.claim)
	w.issuer, w.own = e.token.issuer(), w.class == ClassClaim || w.class == ClassHidden
	w.kind = e.answer.Forge
	if !w.own {
		w.issuer, _, _ = claimKey(c.key)
		w.kind = oidc.KindOf(w.issuer)
	}
	return w
}

// first asks the rules in order.
func (w *want) first(rules []*impossible, statement int) (Finding, bool) {
	for _, rule := range rules {
		if why, fix := rule.find(w); why != "" {
			value := w.value
			if value == "" {
				value = w.condition.key
			}
			return Finding{Rule: rule.name(w), Statement: statement, Value: value, Scope: rule.scope, Why: why, Fix: fix, Line: w.condition.line, Column: w.condition.column}, true
		}
	}
	return Finding{}, false
}

// sub reports whether the value is wanted of the subject of a forge.
func (w *want) sub(kind oidc.Kind) bool { return w.claim == "sub" && w.kind == kind }

// carried is the token's own subject where it is of the forge, for the rules on
// what this project or job cannot have.
func (w *want) carried() string {
	if !w.own || w.met || w.claim != "sub" {
		return ""
	}
	return w.token.subject()
}
