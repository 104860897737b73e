package policy

import "slices"

// coversPattern answers for a request whose resource is a pattern: an Allow
// applies if it covers one resource of the pattern at least, a Deny if it
// covers all of them (choice resource-pattern). Unlike the rest of Decide it allocates.
func (s *statement) coversPattern(r *Request) bool {
	all, some := false, false
	for i := range s.resources {
		p := &s.resources[i]
		if p.form == formAny {
			all = true
		} else if !r.WildcardOnly {
			covers, overlaps := p.compare(r.Resource, r.Context)
			all, some = all || covers, some || overlaps
		}
	}
	switch {
	case s.effect == EffectAllow && s.notResource:
		return !all
	case s.effect == EffectAllow:
		return all || some
	case s.notResource:
		return !all && !some
	}
	return all
}

// voided reports that all the resources of the question's pattern that the granting
// policies allow are refused by a Deny, which then decides: one that refuses only
// part of the pattern, but that part (choice resource-pattern).
func (s *Set) voided(t *terms, q *query, granting []*Policy) (Reason, hit, bool) {
	var why Reason
	var by hit
	quiet := &query{request: q.request, bounded: q.bounded}
	for _, p := range granting {
		for i := range p.stmts {
			st := &p.stmts[i]
			if st.effect != EffectAllow || st.applies(quiet.request, quiet.bounded, nil) == reachNone {
				continue
			}
			if st.notResource || st.resources == nil {
				return 0, hit{}, false
			}
			for k := range st.resources {
				own := &st.resources[k]
				if _, overlaps := own.compare(q.request.Resource, q.request.Context); !overlaps && own.form != formAny {
					continue
				}
				var ok bool
				if why, by, ok = s.refuses(t, quiet, own); !ok {
					return 0, hit{}, false
				}
			}
		}
	}
	return why, by, by.policy != nil
}

// refuses finds a Deny that takes in all that the pattern own matches.
func (s *Set) refuses(t *terms, q *query, own *pattern) (Reason, hit, bool) {
	want, ok := own.steps(q.request.Context)
	if !ok || own.form == formAny || own.form == formNever {
		return 0, hit{}, false
	}
	for _, l := range s.lists(t) {
		for _, p := range l.policies {
			for i := range p.stmts {
				st := &p.stmts[i]
				if st.effect != EffectDeny || st.notResource || !st.matchesAction(q.request.Action) ||
					st.reach(q.request.Principal, q.bounded) == reachNone || !st.met(q.request.Context, nil) {
					continue
				}
				for k := range st.resources {
					if deny, ok := st.resources[k].steps(q.request.Context); ok && subsumes(deny, want) {
						return l.reason, hit{p, i}, true
					}
				}
			}
		}
	}
	return 0, hit{}, false
}

// list is the policies of one type that bind the request.
type list struct {
	reason   Reason
	policies []*Policy
}

func (s *Set) lists(t *terms) []list {
	var all []list
	if t.scp {
		all = append(all, list{ReasonSCP, slices.Concat(s.SCPs...)})
	}
	if t.rcp {
		all = append(all, list{ReasonRCP, slices.Concat(s.RCPs...)})
	}
	all = append(all, list{ReasonEndpoint, s.Endpoint})
	if t.resource != nil {
		all = append(all, list{t.reason, []*Policy{t.resource}})
	}
	if t.identity {
		all = append(all, list{ReasonIdentity, s.Identity}, list{ReasonSession, s.Session})
		if s.Boundary != nil {
			all = append(all, list{ReasonBoundary, []*Policy{s.Boundary}})
		}
	}
	return all
}

// compare holds p against the pattern want, in which only * is special: whether
// p matches every text of want, and whether it matches one.
func (p *pattern) compare(want string, ctx *Context) (covers, overlaps bool) {
	if p.form == formNever || p.form == formAny {
		return p.form == formAny, p.form == formAny
	}
	own, ok := p.steps(ctx)
	if !ok {
		return false, false
	}
	var other []step
	for _, c := range want {
		other = append(other, step{char: c, any: c == '*', star: c == '*'})
	}
	return subsumes(own, other), intersect(own, other)
}

// steps spells the pattern out; ok is false if a variable of it has no value.
func (p *pattern) steps(ctx *Context) (own []step, ok bool) {
	for i := range p.toks {
		t := &p.toks[i]
		switch t.kind {
		case tokText, tokVariable:
			text, ok := t.value(ctx)
			if !ok {
				return nil, false
			}
			for _, c := range text {
				own = append(own, step{char: c})
			}
		default:
			own = append(own, step{
				any:     true,
				star:    t.kind == tokStar || t.kind == tokStarSegment,
				segment: t.kind == tokStarSegment || t.kind == tokOneSegment,
			})
		}
	}
	return own, true
}

// step is a character, or a wildcard for one or for any number of them.
type step struct {
	char               rune
	any, star, segment bool
}

// shares reports that one character fits both steps.
func (a step) shares(b step) bool {
	switch {
	case a.any && b.any:
		return true
	case a.any:
		return !a.segment || b.char != ':'
	case b.any:
		return !b.segment || a.char != ':'
	}
	return a.char == b.char
}

// subsumes reports that a matches all that b stands for: one way through a for
// the text of b, in which only a star of a takes a star of b. There are patterns
// that cover each other in no such way ("*?" and "?*"); they count as not covered.
func subsumes(a, b []step) bool {
	at := make([]bool, len(a)+1)
	at[0] = true
	skip := func() {
		for i := range a {
			at[i+1] = at[i+1] || at[i] && a[i].star
		}
	}
	skip()
	for _, s := range b {
		next := make([]bool, len(a)+1)
		for i := range a {
			switch {
			case !at[i]:
			case s.star:
				next[i] = next[i] || a[i].star && !a[i].segment
			case a[i].shares(s):
				if a[i].star {
					next[i] = true
				} else {
					next[i+1] = true
				}
			}
		}
		at = next
		skip()
	}
	return at[len(a)]
}

// intersect walks both at once. at[j] tells that the text so far can have
// brought a to the row at hand and b to j.
func intersect(a, b []step) bool {
	at := make([]bool, len(b)+1)
	at[0] = true
	for i := 0; ; i++ {
		// What b's stars and a's star let pass without leaving the row.
		for j := 0; j < len(b); j++ {
			if at[j] && (b[j].star || i < len(a) && a[i].star && a[i].shares(b[j])) {
				at[j+1] = true
			}
		}
		if i == len(a) {
			return at[len(b)]
		}
		next := make([]bool, len(b)+1)
		for j := 0; j <= len(b); j++ {
			if !at[j] {
				continue
			}
			if a[i].star {
				next[j] = true
			}
			if j < len(b) && a[i].shares(b[j]) {
				if b[j].star {
					next[j] = true
				} else {
					next[j+1] = true
				}
			}
		}
		at = next
	}
}
