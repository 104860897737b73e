package eventpattern

// Match reports whether the pattern selects the event.
func (p *Pattern) Match(e Event) bool {
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	s.gather(e, p.root)
	for i := range p.branches {
		s.chosen = s.chosen[:0]
		if s.matches(p.branches[i].fields) {
			return true
		}
	}
	return false
}

// matches finds a value for each field, such that values inside of arrays lie in
// the same elements.
// Source: EventBridge User Guide "Arrays in event patterns"; Event Ruler, array
// consistency: fields of an array's elements must match in one element.
func (s *scratch) matches(fields []field) bool {
	if len(fields) == 0 {
		return true
	}
	f, rest := &fields[0], fields[1:]
	values := s.values[f.leaf]
	if len(values) == 0 {
		return f.absent && s.matches(rest)
	}
	var last *value
	for i := range values {
		v := &values[i]
		if last != nil && s.samePlace(last, v) || !f.takes(v) {
			continue
		}
		before := len(s.chosen)
		if !s.choose(v) {
			continue
		}
		free := len(s.chosen) == before
		if s.matches(rest) {
			return true
		}
		s.chosen = s.chosen[:before]
		if free {
			return false // every other value of the field asks for more
		}
		last = v
	}
	return false
}

func (f *field) takes(v *value) bool {
	for i := range f.matchers {
		if f.matchers[i].takes(v) {
			return true
		}
	}
	return false
}

// choose adds the value's places to those chosen, unless one is in another element
// of the same array.
func (s *scratch) choose(v *value) bool {
	before := len(s.chosen)
next:
	for _, p := range s.places[v.from:v.to] {
		for _, c := range s.chosen {
			if c.array != p.array {
				continue
			}
			if c.index != p.index {
				s.chosen = s.chosen[:before]
				return false
			}
			continue next
		}
		s.chosen = append(s.chosen, p)
	}
	return true
}

func (s *scratch) samePlace(a, b *value) bool {
	x, y := s.places[a.from:a.to], s.places[b.from:b.to]
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}
