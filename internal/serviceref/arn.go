package serviceref

import "strings"

// ResourceTypes lists the resource types that an ARN, or a pattern of a policy's
// Resource element, can stand for, in order of type: of the service's types, those
// whose ARNs it has in common with one of their forms. * and ? are wildcards, and
// a policy variable such as ${aws:username} stands for any text. Where one type's
// form is more special than another's and takes in all of arn, the other is left
// out: "arn:aws:s3:::b/k" is an object, not a bucket with a slash in its name.
// Nil: no type of the service has such an ARN. "*" stands for all types, and so
// does a text of more than 4096 bytes, which is not looked into.
//
// A placeholder of a form takes any text that is not empty; the reference does not
// say what an identifier looks like, so that a listed type is a candidate.
func (s *Service) ResourceTypes(arn string) []*Resource {
	if arn == "*" || len(arn) > longestARN {
		return s.resources
	}
	s.readForms.Do(func() {
		for _, r := range s.resources {
			for _, a := range r.ARNs {
				steps := formSteps(a)
				s.forms = append(s.forms, form{r, steps, literals(steps)})
			}
		}
	})
	want := arnSteps(arn)
	var found []*form
	var seen []bool
	for i := range s.forms {
		f := &s.forms[i]
		if size := (len(f.steps) + 1) * (len(want) + 1); size > len(seen) {
			seen = make([]bool, 2*size)
		} else {
			clear(seen[:size])
		}
		if (&meeting{f.steps, want, seen}).meet(0, 0) {
			found = append(found, f)
		}
	}
	var list []*Resource
	for _, c := range found {
		special := false
		for _, d := range found {
			special = special || d.literal > c.literal && takesIn(d.steps, want)
		}
		if !special && (len(list) == 0 || list[len(list)-1] != c.resource) {
			list = append(list, c.resource)
		}
	}
	return list
}

// longestARN is twice what IAM stores as an ARN, and bounds the work on a pattern.
// Source: IAM API Reference, arnType (2048 characters).
const longestARN = 4096

// form is one form of a resource type's ARN.
type form struct {
	resource *Resource
	steps    []step
	literal  int
}

// step is one character of an ARN, or a wildcard.
type step struct {
	char rune
	any  bool // a wildcard
	many bool // for any number of characters, none included
	// within: not for a colon.
	within bool
	// first is the character that keeps a placeholder from being empty.
	first bool
}

func (a step) shares(b step) bool {
	switch {
	case a.any && b.any:
		return true
	case a.any:
		return !a.within || b.char != ':'
	case b.any:
		return !b.within || a.char != ':'
	}
	return a.char == b.char
}

// formSteps reads a form of the reference.
func formSteps(form string) []step {
	var steps []step
	colons := 0
	for len(form) > 0 {
		if strings.HasPrefix(form, "${") {
			if _, rest, ok := strings.Cut(form, "}"); ok {
				within := colons < 5
				steps = append(steps, step{any: true, within: within, first: true}, step{any: true, many: true, within: within})
				form = rest
				continue
			}
		}
		c := rune(form[0])
		if c == ':' {
			colons++
		}
		steps = append(steps, step{char: c, any: c == '*', many: c == '*', within: c == '*' && colons < 5})
		form = form[1:]
	}
	return steps
}

// arnSteps reads an ARN or a pattern of a policy. A wildcard before the fifth
// colon stays in its segment where all six segments are written; where they are
// not, it runs across colons, as in "arn:aws:s3:*". Source: IAM User Guide,
// reference_policies_elements_resource.
func arnSteps(arn string) []step {
	var steps []step
	whole := strings.Count(arn, ":") >= 5
	colons := 0
	for i := 0; i < len(arn); {
		within := whole && colons < 5
		if rest := arn[i:]; strings.HasPrefix(rest, "${") {
			if n := variableEnd(rest); n > 0 {
				switch name := rest[2:n]; name {
				case "*", "?", "$":
					steps = append(steps, step{char: rune(name[0])})
				default:
					steps = append(steps, step{any: true, many: true, within: within})
				}
				i += n + 1
				continue
			}
		}
		r := rune(arn[i])
		i++
		if r >= 0x80 {
			// The bytes of one character beyond ASCII fit placeholders one by one.
			r += 0x10ffff
		}
		if r == ':' {
			colons++
		}
		steps = append(steps, step{char: r, any: r == '*' || r == '?', many: r == '*', within: within && (r == '*' || r == '?')})
	}
	return steps
}

// variableEnd finds the brace that closes the policy variable that text begins
// with; a default in quotes may hold others. Below zero: none does.
func variableEnd(text string) int {
	n := strings.IndexByte(text, '}')
	if n > 0 && strings.Contains(text[:n], "'") {
		if end := strings.Index(text, "'}"); end > 0 {
			return end + 1
		}
	}
	return n
}

func literals(steps []step) int {
	n := 0
	for _, s := range steps {
		if !s.any {
			n++
		}
	}
	return n
}

// meeting looks for a text that fits a and b; seen are the pairs of places that
// were tried.
type meeting struct {
	a, b []step
	seen []bool
}

func (m *meeting) meet(i, j int) bool {
	for {
		if i == len(m.a) && j == len(m.b) {
			return true
		}
		at := i*(len(m.b)+1) + j
		if m.seen[at] {
			return false
		}
		m.seen[at] = true
		if i < len(m.a) && m.a[i].many && m.meet(i+1, j) || j < len(m.b) && m.b[j].many && m.meet(i, j+1) {
			return true
		}
		if i == len(m.a) || j == len(m.b) || !m.a[i].shares(m.b[j]) || m.a[i].many && m.b[j].many {
			return false
		}
		step, other := !m.a[i].many, !m.b[j].many
		if step {
			i++
		}
		if other {
			j++
		}
	}
}

// takesIn reports that every text of want fits form, if placeholders may be
// empty. It can miss some that do, never the other way round.
func takesIn(form, want []step) bool {
	// places are where in form a text may be after each step of want.
	places := make([]bool, len(form)+1)
	next := make([]bool, len(form)+1)
	spread := func(p []bool) {
		for i := range form {
			if p[i] && (form[i].many || form[i].first) {
				p[i+1] = true
			}
		}
	}
	places[0] = true
	spread(places)
	for _, w := range want {
		clear(next)
		for i, f := range form {
			if !places[i] {
				continue
			}
			switch {
			case f.many:
				next[i] = next[i] || !f.within || w.any && w.within || !w.any && w.char != ':'
			case w.many || f.first:
			case w.any:
				next[i+1] = next[i+1] || f.any && (!f.within || w.within)
			default:
				next[i+1] = next[i+1] || f.shares(w)
			}
		}
		spread(next)
		places, next = next, places
	}
	return places[len(form)]
}
