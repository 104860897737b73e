package eventpattern

import "fmt"

// Explanation is why a pattern selects an event, or why not.
type Explanation struct {
	Matched bool `json:"matched"`
	// Branches are the alternatives that $or makes; one for a pattern without. Never
	// empty.
	Branches []Branch `json:"branches"`
}

// Branch is one alternative of a pattern: all of its fields must match.
type Branch struct {
	Matched bool    `json:"matched"`
	Fields  []Field `json:"fields"`
	// Scattered: every field matches some element of an array, but no one element
	// matches them all.
	Scattered bool `json:"scattered"`
}

// Field is one field of a pattern beside what the event carries.
type Field struct {
	// Path with dots, "detail.severity".
	Path    string `json:"path"`
	Matched bool   `json:"matched"`
	// Wanted are the values of the pattern's array, as JSON.
	Wanted []string `json:"wanted"`
	// Carried are the values that the event has there, as JSON; empty: none. An
	// object there is not a value.
	Carried []string `json:"carried"`
}

// Explain is Match with its reasons.
func (p *Pattern) Explain(e Event) *Explanation {
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	s.gather(e, p.root)
	out := &Explanation{Branches: make([]Branch, 0, len(p.branches))}
	for _, b := range p.branches {
		s.chosen = s.chosen[:0]
		branch := Branch{Matched: s.matches(b.fields), Fields: make([]Field, 0, len(b.fields))}
		all := true
		for i := range b.fields {
			f := s.field(&b.fields[i])
			all = all && f.Matched
			branch.Fields = append(branch.Fields, f)
		}
		branch.Scattered = all && !branch.Matched
		out.Matched = out.Matched || branch.Matched
		out.Branches = append(out.Branches, branch)
	}
	return out
}

func (s *scratch) field(f *field) Field {
	out := Field{Path: f.path, Wanted: []string{}, Carried: []string{}}
	for _, m := range f.matchers {
		out.Wanted = append(out.Wanted, m.wanted)
	}
	values := s.values[f.leaf]
	out.Matched = len(values) == 0 && f.absent
	for i := range values {
		out.Carried = append(out.Carried, values[i].raw)
		out.Matched = out.Matched || f.takes(&values[i])
	}
	return out
}

// Why is a sentence for each field that keeps the branch from matching; nil if it
// matches.
func (b *Branch) Why() (list []string) {
	if b.Scattered {
		return []string{"each field matches an element of an array, but no one element matches them all"}
	}
	for _, f := range b.Fields {
		switch {
		case f.Matched:
		case len(f.Carried) == 0:
			list = append(list, fmt.Sprintf("%s is not in the event, or is no plain value; wanted %s", f.Path, joined(f.Wanted)))
		default:
			list = append(list, fmt.Sprintf("%s is %s; wanted %s", f.Path, joined(f.Carried), joined(f.Wanted)))
		}
	}
	return list
}

func joined(list []string) string {
	const most = 10
	out := ""
	for i, s := range list {
		if i == most {
			return out + fmt.Sprintf(" and %d more", len(list)-most)
		}
		if i > 0 {
			out += " or "
		}
		out += s
	}
	return out
}
