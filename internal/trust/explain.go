package trust

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Explain says why the role admits the token or refuses it, clause by clause,
// what in its policy can never match and what is dangerous, and the smallest
// safe edit. The verdict is Decide's.
func Explain(r *Role, t *Presented) *Answer {
	v := r.Decide(t)
	a := &Answer{
		Role: r.Name, RoleARN: r.ARN, Issuer: t.Issuer, Forge: oidc.KindOfToken(t.Issuer, t.Claims), Subject: t.subject(),
		Audience: list(oidc.ClaimValues(t.Claims["aud"])), Obstacle: v.Obstacle, Action: v.Action, Depends: append([]string{}, v.Depends...),
		Provider: r.provider(t), Claims: t.claims(), Statements: []Statement{}, Never: []Finding{}, Dangers: []Finding{}, Notes: []string{},
	}
	e := &explainer{role: r, token: t, verdict: v, answer: a}
	all, version := statements(r.Policy)
	for i := range all {
		e.held = append(e.held, r.hold(&all[i], version, t))
	}
	e.version = version
	for i := range e.held {
		h := &e.held[i]
		a.Never = append(a.Never, e.never(h)...)
		a.Dangers = append(a.Dangers, e.dangers(h)...)
		a.Statements = append(a.Statements, Statement{
			Index: h.index, Line: h.line, Sid: h.sid, Effect: h.effect, Applies: h.applies() && !h.hung(),
			Never: h.dead, Clauses: h.clauses(r, t),
		})
	}
	byPlace := func(a, b Finding) int {
		return cmp.Or(a.Statement-b.Statement, a.Line-b.Line, a.Column-b.Column)
	}
	slices.SortStableFunc(a.Never, byPlace)
	slices.SortStableFunc(a.Dangers, byPlace)
	e.conclude()
	a.Edit = e.edit()
	a.clean()
	return a
}

// explainer holds what an explanation is made of.
type explainer struct {
	role    *Role
	token   *Presented
	verdict Verdict
	answer  *Answer
	held    []held
	version string
}

// conclude writes the outcome and its reason.
func (e *explainer) conclude() {
	a, v := e.answer, e.verdict
	switch {
	case v.Obstacle == ManyAudiences:
		a.Outcome = Undecided
	case v.Obstacle != Clear:
		a.Outcome = Refused
		a.AWS = obstacleAnswer(v.Obstacle, e.role, e.token)
	case len(v.Depends) > 0:
		a.Outcome = Undecided
	case v.Admitted:
		a.Outcome = Admitted
	default:
		a.Outcome = Refused
		a.AWS = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
	}
	a.Reason = e.reason()
}

// obstacleAnswer is what AWS says, where its words are known.
// Source: STS API_AssumeRoleWithWebIdentity, errors; AWS re:Post, "resolve
// InvalidIdentityToken errors".
func obstacleAnswer(o Obstacle, r *Role, t *Presented) string {
	switch o {
	case NoProvider:
		return "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://" + t.issuer()
	case WrongAudience:
		return "InvalidIdentityToken: Incorrect token audience"
	}
	return "InvalidIdentityToken"
}

func (e *explainer) reason() string {
	r, t, v := e.role, e.token, e.verdict
	switch v.Obstacle {
	case BadIssuer:
		return "refused before any policy is asked: the token's issuer is not an https URL"
	case NoSubject:
		return "refused before any policy is asked: the token has no sub claim"
	case NoAudience:
		return "refused before any policy is asked: the token has no aud claim"
	case ManyAudiences:
		return "cannot tell: the token has several audiences and no azp, and what AWS makes of that is not documented (the sandbox refuses it)"
	case NoProvider:
		return fmt.Sprintf("refused before any policy is asked: account %s has no identity provider for %s", r.account(), t.issuer())
	case WrongAudience:
		aud, _ := oidc.Audience(t.Claims)
		return fmt.Sprintf("refused before any policy is asked: the token is for %s, and the client list of the provider has only %s", show(aud), quoted(r.Clients[t.issuer()]))
	case BadTags:
		return "refused before any policy is asked: the session tags or the source identity in the token are not ones that STS takes"
	}
	switch {
	case len(v.Depends) > 0:
		return "cannot tell: the policy admits the token in some circumstances only, by " + strings.Join(v.Depends, ", ")
	case v.Admitted:
		i := slices.IndexFunc(e.held, func(h held) bool { return h.effect == policy.EffectAllow && h.applies() })
		text := "admitted: the trust policy allows it"
		if i >= 0 {
			text = fmt.Sprintf("admitted: %s allows it", e.held[i].name())
		}
		if r.Clients == nil {
			aud, _ := oidc.Audience(t.Claims)
			text += fmt.Sprintf(", provided that the client list of the identity provider (not known here) has %s", show(aud))
		}
		return text
	case v.Decision.Verdict == policy.ExplicitDeny:
		for i := range e.held {
			if h := &e.held[i]; h.effect == policy.EffectDeny && h.applies() {
				return fmt.Sprintf("refused: %s denies it", h.name())
			}
		}
		return "refused: a Deny of the trust policy applies to " + v.Action
	}
	return e.refusal()
}

// refusal says why no statement allows the token.
func (e *explainer) refusal() string {
	t, v := e.token, e.verdict
	if v.Action != assumeAction {
		return fmt.Sprintf("refused: the token carries %s, and no statement allows %s for it", carries[v.Action], v.Action)
	}
	h := e.nearest()
	if h == nil {
		if i := slices.IndexFunc(e.held, func(h held) bool { return h.effect == policy.EffectAllow && h.principal }); i >= 0 {
			return fmt.Sprintf("refused: %s trusts the provider %s, but not for %s", e.held[i].name(), t.issuer(), assumeAction)
		}
		return "refused: no statement of the trust policy trusts the identity provider " + t.issuer()
	}
	var unmet []int
	for i, res := range h.results {
		if !res.Met {
			unmet = append(unmet, i)
		}
	}
	first := unmet[0]
	for _, i := range unmet {
		if strings.HasSuffix(strings.ToLower(h.conditions[i].key), ":sub") {
			first = i
		}
	}
	c, res := &h.conditions[first], h.results[first]
	text := fmt.Sprintf("refused: %s wants %s to %s %s, and ", h.name(), c.key, verb(c.operator), quoted(c.values))
	class, _ := classify(c.key, t.issuer())
	switch {
	case res.Carried == nil:
		text += "STS sees no such key"
	case class == ClassClaim:
		text += "the token has " + quoted(res.Carried)
	default:
		text += "the request has " + quoted(res.Carried)
	}
	if n := len(unmet) - 1; n == 1 {
		text += "; one more condition is not met"
	} else if n > 1 {
		text += fmt.Sprintf("; %d more conditions are not met", n)
	}
	if e.answer.Statements[h.index].Never {
		text += ". No token can match that"
	}
	return text
}

var carries = map[string]string{"sts:TagSession": "session tags", "sts:SetSourceIdentity": "a source identity"}

// verb reads an operator.
func verb(o policy.Operator) string {
	switch {
	case o.Family == policy.FamilyNull:
		return "be missing:"
	case o.Negated:
		return "be none of"
	case o.Ordered:
		return "be " + o.Name
	case o.Like:
		return "be like"
	}
	return "be"
}

// nearest is the Allow statement for this provider and action with the fewest
// conditions that are not met; nil: there is none.
func (e *explainer) nearest() *held {
	var best *held
	least := 0
	for i := range e.held {
		h := &e.held[i]
		if h.effect != policy.EffectAllow || !h.principal || !h.action {
			continue
		}
		unmet := 0
		for _, res := range h.results {
			if !res.Met {
				unmet++
			}
		}
		if best == nil || unmet < least {
			best, least = h, unmet
		}
	}
	return best
}

// name is how a person finds the statement.
func (s *statement) name() string {
	if s.sid != "" {
		return fmt.Sprintf("statement %d (%s)", s.index+1, show(s.sid))
	}
	return fmt.Sprintf("statement %d", s.index+1)
}

func (r *Role) provider(t *Presented) Provider {
	p := Provider{ARN: r.shownARN(t), Known: r.Clients != nil, ClientIDs: []string{}}
	if clients, ok := r.Clients[t.issuer()]; ok {
		p.Registered, p.ClientIDs = true, append(p.ClientIDs, clients...)
	}
	return p
}

func (t *Presented) claims() []Claim {
	keys := map[string]string{}
	for _, k := range oidc.ConditionKeys(t.issuer(), t.Claims) {
		keys[k.Claim] = k.Name
	}
	claims := []Claim{}
	for _, name := range slices.Sorted(maps.Keys(t.Claims)) {
		claims = append(claims, Claim{Name: name, Values: list(oidc.ClaimValues(t.Claims[name])), Key: keys[name]})
	}
	return claims
}

// list is never nil.
func list(values []string, _ bool) []string { return append([]string{}, values...) }
