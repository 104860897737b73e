package policy

import (
	"slices"
	"strings"
)

// Explanation is a decision with everything that led to it. It shares nothing
// with the request and stays valid when that is reused.
type Explanation struct {
	Verdict Verdict `json:"verdict"`
	// Reason is that of the Decision.
	Reason Reason `json:"reason"`
	// Principal is the caller's ARN, empty for an anonymous one.
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// SameAccount: the caller's account owns the resource.
	SameAccount bool `json:"same_account"`
	// Steps are the policy types that have a say, in order: SCPs and RCPs by
	// level, endpoint, resource, identity, boundary, session. Never nil.
	Steps []Step `json:"steps"`
}

// Outcome is what one step says.
type Outcome string

const (
	// Allows: a statement allows, none denies.
	Allows Outcome = "allows"
	// Denies: a Deny statement applies.
	Denies Outcome = "denies"
	// Silent: no statement applies.
	Silent Outcome = "silent"
)

// Step is what one policy type, or one level of it, says about the request.
type Step struct {
	// Type of the policies.
	Type Reason `json:"type"`
	// Level of the hierarchy for SCPs and RCPs, from 1, the root; 0: none.
	Level   int     `json:"level"`
	Outcome Outcome `json:"outcome"`
	// Note says what follows from the outcome where that is not plain, such as
	// an allow that counts for nothing; empty: nothing.
	Note string `json:"note"`
	// Statements that applied. Never nil.
	Statements []StatementResult `json:"statements"`
	// Nearest are the Allow statements that lack least, at most three, if the
	// step does not allow. Those that lack the action alone, and name another of
	// the same service, are among them only if no other is nearer. Never nil.
	Nearest []StatementResult `json:"nearest"`
}

// StatementResult is one statement held against the request.
type StatementResult struct {
	// Policy is the name given to Parse.
	Policy string `json:"policy"`
	// Index of the statement, from 0, and Line of its opening brace, from 1.
	Index  int    `json:"index"`
	Line   int    `json:"line"`
	Sid    string `json:"sid"`
	Effect Effect `json:"effect"`
	// Principal, Action and Resource tell which elements match; those that the
	// statement does not have match.
	Principal bool `json:"principal"`
	Action    bool `json:"action"`
	Resource  bool `json:"resource"`
	// Delegates: the statement names the caller's account, not the caller.
	Delegates bool `json:"delegates"`
	// Conditions in document order. Never nil.
	Conditions []ConditionResult `json:"conditions"`
}

// ConditionResult is one condition held against the request.
type ConditionResult struct {
	// Operator and Key as the policy writes them.
	Operator string `json:"operator"`
	Key      string `json:"key"`
	// Wanted are the policy's values as written, variables and all. They are
	// shared with the policy: do not change them.
	Wanted []string `json:"wanted"`
	// Carried are the request's values; nil: the request does not carry the key.
	Carried []string `json:"carried"`
	Met     bool     `json:"met"`
}

// maxNearest bounds the near misses of a step.
const maxNearest = 3

// Explain answers the request as Decide does, with reasons.
func (s *Set) Explain(r *Request) *Explanation {
	var tr trace
	d, t := s.decide(r, &tr)
	home := new(home)
	x := &home.Explanation
	x.Verdict, x.Reason = d.Verdict, d.Reason
	x.Principal, x.Action, x.Resource = r.Principal.ARN, r.Action, r.Resource
	x.SameAccount = t.sameAccount && t.caller != Anonymous && t.caller != Service
	x.Steps = home.steps[:0]
	if d.Reason == ReasonNotNeeded {
		return x
	}
	e := explainer{
		request: r, bounded: s.Boundary != nil && t.identity,
		results: home.results[:], conditions: home.conditions[:], carried: home.carried[:],
	}
	add := func(why Reason, level int, list ...*Policy) *Step {
		x.Steps = append(x.Steps, Step{})
		step := &x.Steps[len(x.Steps)-1]
		e.step(step, &tr, why, level, list)
		return step
	}
	if t.scp {
		for i, level := range s.SCPs {
			add(ReasonSCP, i+1, level...)
		}
	}
	if t.rcp {
		for i, level := range s.RCPs {
			add(ReasonRCP, i+1, level...)
		}
	}
	if len(s.Endpoint) > 0 {
		add(ReasonEndpoint, 0, s.Endpoint...)
	}
	if t.resource != nil || t.mustAllow || !t.identity {
		if t.caller != Root || t.resource != nil || t.mustAllow || !t.sameAccount {
			step := add(t.reason, 0, t.resource)
			step.Note = t.note(step)
		}
	}
	if d.Reason == ReasonPublicAccess {
		x.Steps = append(x.Steps, Step{Type: ReasonPublicAccess, Outcome: Denies,
			Note:       "RestrictPublicBuckets is on and the bucket policy is public: only AWS services and the owner's account pass",
			Statements: []StatementResult{}, Nearest: []StatementResult{}})
	}
	if t.identity {
		step := add(ReasonIdentity, 0, s.Identity...)
		if step.Outcome == Silent && !t.sameAccount && t.caller != Root {
			step.Note = "the resource is another account's: its policy and the caller's must both allow"
		}
		if s.Boundary != nil {
			add(ReasonBoundary, 0, s.Boundary)
		}
		if len(s.Session) > 0 {
			add(ReasonSession, 0, s.Session...)
		}
	}
	return x
}

// note says what a resource policy's answer is worth.
func (t *terms) note(step *Step) string {
	direct := false
	for i := range step.Statements {
		direct = direct || !step.Statements[i].Delegates
	}
	switch {
	case step.Outcome == Allows && !direct:
		return "it allows the account, so that an identity-based policy must allow as well"
	case step.Outcome == Silent && t.mustAllow:
		return "it must allow: identity-based policies alone do not suffice for this resource"
	case step.Outcome != Denies && t.identity && t.caller != Root && !t.sameAccount:
		return "the resource is another account's: its policy and the caller's must both allow"
	}
	return ""
}

// explainer collects the results of one explanation.
type explainer struct {
	request *Request
	bounded bool
	// What is left of the explanation's home.
	results    []StatementResult
	conditions []ConditionResult
	carried    []string
}

// home is an explanation with room for the parts of a small one, so that it
// takes a single allocation.
type home struct {
	Explanation
	steps      [2]Step
	results    [2]StatementResult
	conditions [2]ConditionResult
	carried    [2]string
}

// take cuts n zero elements off the room, or makes them once it is used up.
func take[T any](room *[]T, n int) []T {
	if n > len(*room) {
		return make([]T, n)
	}
	part := (*room)[:n:n]
	*room = (*room)[n:]
	return part
}

// step fills in an empty step.
func (e *explainer) step(step *Step, tr *trace, why Reason, level int, list []*Policy) {
	step.Type, step.Level, step.Outcome = why, level, Silent
	step.Statements, step.Nearest = []StatementResult{}, []StatementResult{}
	var near [maxNearest]miss
	count, least := 0, 1<<30
	for _, p := range list {
		if p == nil {
			continue
		}
		for i := range p.stmts {
			st := &p.stmts[i]
			m := miss{hit: hit{p, i}, action: true, resource: true}
			lacks, known := 0, false
			if m.reach, known = tr.find(m.hit); m.reach == reachNone {
				// A Deny that does not apply is not shown.
				if known && st.effect == EffectDeny {
					continue
				}
				if m.action = st.matchesAction(e.request.Action); !m.action && (least < otherAction || !st.allowsOf(e.request.Action)) {
					continue
				}
				m.resource, m.reach = st.matchesResource(e.request), st.reach(e.request.Principal, e.bounded)
				lacks = m.lacks(e.request.Context)
			}
			switch {
			case lacks == 0:
				if len(step.Statements) == 0 {
					step.Statements = take(&e.results, 1)
				} else {
					step.Statements = append(step.Statements, StatementResult{})
				}
				e.result(&step.Statements[len(step.Statements)-1], m, true)
				if st.effect == EffectDeny {
					step.Outcome = Denies
				} else if step.Outcome == Silent {
					step.Outcome = Allows
				}
			case lacks > otherAction:
			case st.effect == EffectAllow && lacks < least:
				near[0], count, least = m, 1, lacks
			case st.effect == EffectAllow && lacks == least && count < maxNearest:
				near[count] = m
				count++
			}
		}
	}
	if step.Outcome == Silent && count > 0 {
		step.Nearest = take(&e.results, count)
		for i, m := range near[:count] {
			e.result(&step.Nearest[i], m, false)
		}
	}
}

// allowsOf reports that the statement allows other actions of the same service.
func (s *statement) allowsOf(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	return s.effect == EffectAllow && !s.notAction && slices.ContainsFunc(s.actionText, func(text string) bool { return serviceIs(text, service) })
}

// miss is a statement, and what of it matches.
type miss struct {
	hit
	action, resource bool
	reach            reach
}

// otherAction is what an action that does not match weighs: more than the rest.
const otherAction = 1 << 20

// lacks counts the elements that do not match. A resource or principal that
// does not weighs more than a condition that is not met.
func (m *miss) lacks(ctx *Context) int {
	const weight = 1 << 16
	n := 0
	if !m.action {
		n = otherAction
	}
	if !m.resource {
		n += weight
	}
	if m.reach == reachNone {
		n += weight
	}
	conditions := m.policy.stmts[m.index].conditions
	for i := range conditions {
		if !conditions[i].met(ctx) {
			n++
		}
	}
	return n
}

// result spells a statement out; applies says that all conditions are met.
func (e *explainer) result(res *StatementResult, m miss, applies bool) {
	st := &m.policy.stmts[m.index]
	res.Policy, res.Index, res.Line, res.Sid, res.Effect = m.policy.name, m.index, st.line, st.sid, st.effect
	res.Principal, res.Action, res.Resource = m.reach != reachNone, m.action, m.resource
	res.Delegates = m.reach == reachAccount
	res.Conditions = take(&e.conditions, len(st.conditions))
	for i := range st.conditions {
		c, out := &st.conditions[i], &res.Conditions[i]
		found := e.request.Context.find(c.key)
		out.Operator, out.Key, out.Wanted = c.name, c.key.name, c.values[:len(c.values):len(c.values)]
		out.Met = applies || c.metBy(found, e.request.Context)
		if found != nil {
			values := found.values()
			out.Carried = take(&e.carried, len(values))
			copy(out.Carried, values)
		}
	}
}
