package policy

// coversPattern answers for a request whose resource is a pattern: an Allow
// applies if it covers one resource of the pattern at least, a Deny if it
// covers all of them. Unlike the rest of Decide it allocates.
func (s *statement) coversPattern(r *Request) bool {
	all, some := false, false
	for i := range s.resources {
		p := &s.resources[i]
		if p.form == formAny {
			all = true
		} else if !r.WildcardOnly {
			// A pattern that matches the text of the other one, stars as
			// characters, holds all that the other one stands for.
			all = all || p.match(r.Resource, r.Context)
			some = some || s.notResource == (s.effect == EffectDeny) && p.overlaps(r.Resource, r.Context)
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

// overlaps reports whether some text matches both p and the pattern want, in
// which only * is special.
func (p *pattern) overlaps(want string, ctx *Context) bool {
	if p.form == formNever || p.form == formAny {
		return p.form == formAny
	}
	var steps []step
	for i := range p.toks {
		t := &p.toks[i]
		switch t.kind {
		case tokText, tokVariable:
			text, ok := t.value(ctx)
			if !ok {
				return false
			}
			for _, c := range text {
				steps = append(steps, step{char: c})
			}
		default:
			steps = append(steps, step{
				any:     true,
				star:    t.kind == tokStar || t.kind == tokStarSegment,
				segment: t.kind == tokStarSegment || t.kind == tokOneSegment,
			})
		}
	}
	var other []step
	for _, c := range want {
		other = append(other, step{char: c, any: c == '*', star: c == '*'})
	}
	return intersect(steps, other)
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
