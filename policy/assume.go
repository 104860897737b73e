package policy

// Assume returns the set as it reads when every condition and every Resource
// that turns on an unknown key comes out the same way: with generous set, as it
// allows most (what an Allow wants is met, what a Deny wants is not), otherwise
// as it allows least. A request whose unknown keys could have any value, or be
// absent, is denied if the generous set denies it, allowed if the other one
// allows it, and otherwise cannot be decided.
//
// The answers stand in for values, so that a Decision on the result names a
// statement by its place in the original policy, but its conditions are not the
// ones that were written: show those of the original. Policy.Public is not to be
// asked of the result.
func (s *Set) Assume(unknown func(key string) bool, generous bool) *Set {
	list := func(in []*Policy) []*Policy {
		if in == nil {
			return nil
		}
		out := make([]*Policy, len(in))
		for i, p := range in {
			out[i] = p.assume(unknown, generous)
		}
		return out
	}
	levels := func(in [][]*Policy) [][]*Policy {
		if in == nil {
			return nil
		}
		out := make([][]*Policy, len(in))
		for i, l := range in {
			out[i] = list(l)
		}
		return out
	}
	return &Set{
		Identity: list(s.Identity), Boundary: s.Boundary.assume(unknown, generous), Session: list(s.Session),
		Resource: s.Resource.assume(unknown, generous), SCPs: levels(s.SCPs), RCPs: levels(s.RCPs), Endpoint: list(s.Endpoint),
	}
}

// assume is Assume for one policy; nil stays nil, and a policy that does not turn
// on an unknown key itself.
func (p *Policy) assume(unknown func(string) bool, generous bool) *Policy {
	if p == nil {
		return nil
	}
	turns := false
	for _, key := range p.keys {
		turns = turns || unknown(key)
	}
	if !turns {
		return p
	}
	out := *p
	out.stmts = make([]statement, len(p.stmts))
	for i := range p.stmts {
		out.stmts[i] = p.stmts[i].assume(unknown, (p.stmts[i].effect == EffectAllow) == generous)
	}
	return &out
}

// assume returns the statement with what is unknown in it met, or not met.
func (s *statement) assume(unknown func(string) bool, met bool) statement {
	out := *s
	out.conditions = nil
	for i := range s.conditions {
		switch {
		case s.conditions[i].unknowns(unknown) == nil:
			out.conditions = append(out.conditions, s.conditions[i])
		case !met:
			// No action is among none: the statement never applies.
			out.actions, out.notAction = nil, false
			return out
		}
	}
	if s.resources == nil {
		return out
	}
	out.resources = make([]pattern, 0, len(s.resources))
	for i := range s.resources {
		p := s.resources[i]
		if p.unknowns(nil, unknown) != nil {
			if met == s.notResource {
				continue // what matches nothing
			}
			p = p.widened(unknown)
		}
		out.resources = append(out.resources, p)
	}
	return out
}

// widened is the pattern with a * for every variable of an unknown key, which
// matches all that any value would.
func (p *pattern) widened(unknown func(string) bool) pattern {
	out := pattern{fold: p.fold, ascii: p.ascii}
	for _, t := range p.toks {
		if t.kind == tokVariable && unknown(t.key.name) {
			t = token{kind: tokStar}
		}
		out.add(t)
	}
	out.finish()
	return out
}
