package explain

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// path walks the policies in the order of the evaluation.
type path struct {
	t *trial
	f *finding
	// worlds are the ways the request may have been; listed are the keys they list.
	worlds []world
	listed map[string]bool
	// say are the types of policy that have a say at all.
	say     map[policy.Reason]bool
	bounded bool
}

func newPath(t *trial, f *finding) *path {
	p := &path{t: t, f: f, say: map[policy.Reason]bool{}}
	p.worlds, p.listed = t.worlds()
	for _, set := range []*policy.Set{f.bestSet, f.worstSet} {
		for _, step := range set.Explain(f.bestRequest).Steps {
			p.say[layer(step.Type)] = true
		}
	}
	switch t.q.Principal.Type {
	case policy.User, policy.AssumedRole, policy.FederatedUser:
		p.bounded = t.p.Set.Boundary != nil
	}
	return p
}

// steps holds every statement against the request.
func (w *path) steps() []Step {
	own := w.t.p.layers()
	best := (&Policies{Set: *w.f.bestSet}).layers()
	worst := (&Policies{Set: *w.f.worstSet}).layers()
	find := func(list []stratum, like stratum) *stratum {
		for i := range list {
			if list[i].typ == like.typ && list[i].level == like.level {
				return &list[i]
			}
		}
		return nil
	}
	steps := []Step{}
	for _, typ := range Layers() {
		why, unread := w.t.p.unread(typ)
		any := false
		for _, l := range own {
			if l.typ != typ {
				continue
			}
			any = true
			s := w.step(l, find(best, l), find(worst, l))
			if unread && s.State != StateDenies {
				s.Note = "more of these may exist: " + why
				if s.State == StateSilent || s.State == StateAllows {
					s.State = StateMayDeny
				}
			}
			steps = append(steps, s)
		}
		if any {
			continue
		}
		s := Step{Type: w.name(typ), State: StateNone, Outcome: policy.Silent, Statements: []Statement{}, Nearest: []Statement{}}
		if unread {
			s.State, s.Note = StateUnread, why
			if !w.say[typ] {
				s.State = StateNoSay
			}
		}
		steps = append(steps, s)
	}
	return steps
}

// name is the term for a resource's policy that fits the resource.
func (w *path) name(typ policy.Reason) policy.Reason {
	if typ != policy.ReasonResource {
		return typ
	}
	kind := policy.ResourceKind(w.t.q.Resource)
	if r := w.t.p.Set.Resource; r != nil {
		kind = r.Kind()
	}
	switch kind {
	case policy.Trust:
		return policy.ReasonTrust
	case policy.Key:
		return policy.ReasonKeyPolicy
	}
	return typ
}

func (w *path) step(own stratum, best, worst *stratum) Step {
	s := Step{Type: w.name(own.typ), Level: own.level, State: StateSilent, Outcome: policy.Silent, Statements: []Statement{}, Nearest: []Statement{}}
	if !w.say[own.typ] {
		s.State, s.Note = StateNoSay, w.noSay(own.typ)
		return s
	}
	var near []Statement
	for i, p := range own.policies {
		for j := range p.Len() {
			st := w.statement(p, j, best.policies[i], worst.policies[i])
			st.layer, st.at = own.typ, own.level
			if st.Applies != "no" {
				s.Statements = append(s.Statements, st)
			} else if st.Effect == policy.EffectAllow {
				near = append(near, st)
			}
		}
	}
	s.State = state(s.Statements)
	switch s.State {
	case StateAllows:
		s.Outcome = policy.Allows
	case StateDenies, StateMayDeny:
		s.Outcome = policy.Denies
	}
	if s.State != StateAllows && s.State != StateDenies && s.State != StateMayDeny {
		s.Nearest = nearest(near, w.t.q.Action)
	}
	if own.typ == policy.ReasonResource && s.State == StateAllows && !slices.ContainsFunc(s.Statements, func(st Statement) bool { return st.Effect == policy.EffectAllow && !st.Delegates }) {
		s.Note = "it lets the account decide: the caller's own policies must allow as well"
	}
	return s
}

func (w *path) noSay(typ policy.Reason) string {
	switch {
	case typ == policy.ReasonSCP:
		return "service control policies do not bind this caller"
	case typ == policy.ReasonRCP:
		return "resource control policies do not bind this request"
	case typ == policy.ReasonResource && w.name(typ) == policy.ReasonTrust:
		return "a trust policy only says who may take on the role"
	}
	return "the caller has no policies of this type"
}

// state is what statements that apply, or may, come to.
func state(list []Statement) State {
	has := func(effect policy.Effect, applies string) bool {
		return slices.ContainsFunc(list, func(s Statement) bool { return s.Effect == effect && s.Applies == applies })
	}
	switch {
	case has(policy.EffectDeny, "yes"):
		return StateDenies
	case has(policy.EffectDeny, "unknown"):
		return StateMayDeny
	case has(policy.EffectAllow, "yes"):
		return StateAllows
	case has(policy.EffectAllow, "unknown"):
		return StateMayAllow
	}
	return StateSilent
}

// statement holds one statement against the request. best and worst are its
// policy with what is unknown taken as it allows most and least.
func (w *path) statement(p *policy.Policy, i int, best, worst *policy.Policy) Statement {
	most, least := best, worst
	if p.Statement(i).Effect == policy.EffectDeny {
		most, least = worst, best
	}
	may, must := false, true
	for _, at := range w.worlds {
		r := w.t.q.request(at)
		may = may || w.matches(most.Hold(i, r, w.bounded))
		must = must && w.matches(least.Hold(i, r, w.bounded))
	}
	unknown := func(key string) bool { return w.listed[strings.ToLower(key)] || w.t.unknown(key) }
	hinge := p.Hinges(i, unknown)
	r := w.t.q.request(w.worlds[0])
	out := Statement{StatementResult: p.Hold(i, r, w.bounded), Applies: "no", Conditions: []Condition{}, Lacks: []string{}, Text: p.Statement(i).Source}
	if must {
		out.Applies = "yes"
	} else if may {
		out.Applies = "unknown"
	}
	for _, l := range []struct {
		name  string
		match bool
	}{{"principal", out.Principal}, {"action", out.Action}, {"resource", out.Resource || hinge.Resource != nil}} {
		if !l.match {
			out.Lacks = append(out.Lacks, l.name)
		}
	}
	out.turnOn = append(out.turnOn, hinge.Resource...)
	for j, c := range out.StatementResult.Conditions {
		cond := Condition{ConditionResult: c, Unknown: []string{}}
		if hinge.Conditions[j] != nil {
			cond.Unknown, cond.Met = hinge.Conditions[j], false
			out.turnOn = append(out.turnOn, hinge.Conditions[j]...)
		} else if c.Carried == nil {
			cond.Note, _ = w.t.q.absence(c.Key)
		}
		out.Conditions = append(out.Conditions, cond)
	}
	return out
}

// matches reports that every element of a statement matches.
func (w *path) matches(s policy.StatementResult) bool {
	if !s.Principal || !s.Action || !s.Resource {
		return false
	}
	return !slices.ContainsFunc(s.Conditions, func(c policy.ConditionResult) bool { return !c.Met })
}

// maxNearest bounds how many near misses are shown.
const maxNearest = 3

// nearest are the statements that lack least: at most three, and none that has
// nothing to do with the request.
func nearest(list []Statement, action string) []Statement {
	type miss struct {
		Statement
		weight int
	}
	var all []miss
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	for _, s := range list {
		if !s.Action && !strings.Contains(strings.ToLower(s.Text), `"`+service+`:`) {
			continue // it is about other services
		}
		m := miss{s, 0}
		for _, l := range s.Lacks {
			m.weight += map[string]int{"principal": 40, "action": 30, "resource": 20}[l]
		}
		for _, c := range s.Conditions {
			if !c.Met && len(c.Unknown) == 0 {
				m.weight += 3
			} else if len(c.Unknown) > 0 {
				m.weight++
			}
		}
		if len(s.Lacks) <= 1 || len(s.Lacks) == 2 && s.Action {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b miss) int { return a.weight - b.weight })
	out := []Statement{}
	for _, m := range all[:min(len(all), maxNearest)] {
		// One that lacks the action as well says nothing beside one that does not.
		if len(out) > 0 && m.weight >= 30 && all[0].weight < 30 {
			break
		}
		out = append(out, m.Statement)
	}
	return out
}
