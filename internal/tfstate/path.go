package tfstate

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Step is one step into a value: a name of an object or map, or an index of a
// list.
type Step struct {
	// Name is the attribute's or the map's key; unused when List is true.
	Name string
	// Index is the element of a list, from 0.
	Index int
	// List tells which of the two it is.
	List bool
}

// Path is the way from a resource instance's attributes, or from an output's
// value, to a value in them. The empty path is the whole.
type Path []Step

// String is the path as expressions have it: settings[0].tags["a b"].
func (p Path) String() string { return p.Masked(nil) }

// Masked is String with those names that are secret replaced by what stands for
// them. A nil secret replaces none.
func (p Path) Masked(secret func(string) bool) string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.List:
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.Index))
			b.WriteByte(']')
		case secret != nil && secret(s.Name):
			b.WriteString("[" + hidden(s.Name) + "]")
		case identifier(s.Name):
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		default:
			b.WriteString("[" + strconv.Quote(s.Name) + "]")
		}
	}
	return b.String()
}

// hidden stands for a name that must not be shown.
func hidden(name string) string {
	return "(masked: " + strconv.Itoa(len(name)) + " characters)"
}

// identifier reports whether a name can stand after a dot.
func identifier(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// marks is the part of a value that a state marks as sensitive, as a tree of
// steps. Nil: nothing.
type marks struct {
	whole bool
	below map[Step]*marks
}

// step follows one step. Under a whole mark everything is marked.
func (m *marks) step(s Step) *marks {
	if m == nil || m.whole {
		return m
	}
	return m.below[s]
}

// into follows a name of an object. A value of a type that is only known when it is
// there stands in an object {"value", "type"} of the state's own, of which paths of
// marks know nothing: what is marked of it goes on below "value".
// Source: go-cty "JSON serialization of cty values", cty.DynamicPseudoType.
func (m *marks) into(object map[string]any, name string) *marks {
	below := m.step(Step{Name: name})
	if m == nil || m.whole || name != "value" || len(object) != 2 {
		return below
	}
	if _, wrapped := object["type"]; !wrapped {
		return below
	}
	return below.and(m)
}

// and returns what either marks. Neither is changed.
func (m *marks) and(other *marks) *marks {
	switch {
	case m == nil || other.all():
		return other
	case other == nil || m.all():
		return m
	}
	both := &marks{below: map[Step]*marks{}}
	for s, b := range other.below {
		both.below[s] = b
	}
	for s, b := range m.below {
		both.below[s] = b.and(other.below[s])
	}
	return both
}

// has reports whether a value, or anything in it, is marked.
func (m *marks) has() bool { return m != nil }

func (m *marks) all() bool { return m != nil && m.whole }

// readMarks reads a resource instance's sensitive_attributes: a list of paths of
// steps {"type": "get_attr", "value": NAME} or {"type": "index", "value":
// {"type": TYPE, "value": KEY}}. What it does not understand marks the whole of
// what it stands in: too much hidden is better than too little.
// Source: Terraform's and OpenTofu's internal/states/statefile, version 4.
func readMarks(raw json.RawMessage) *marks {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var paths []json.RawMessage
	if json.Unmarshal(raw, &paths) != nil {
		return &marks{whole: true}
	}
	if len(paths) == 0 {
		return nil
	}
	root := &marks{}
	for _, p := range paths {
		root.add(p)
	}
	return root
}

func (m *marks) add(raw json.RawMessage) {
	var steps []struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &steps) != nil {
		m.whole = true
		return
	}
	for _, s := range steps {
		if m.whole {
			return
		}
		var step Step
		ok := false
		switch s.Type {
		case "get_attr":
			ok = json.Unmarshal(s.Value, &step.Name) == nil
		case "index":
			var key struct {
				Type  string          `json:"type"`
				Value json.RawMessage `json:"value"`
			}
			if json.Unmarshal(s.Value, &key) != nil {
				break
			}
			switch key.Type {
			case "string":
				ok = json.Unmarshal(key.Value, &step.Name) == nil
			case "number":
				step.List = true
				ok = json.Unmarshal(key.Value, &step.Index) == nil
			}
		}
		if !ok {
			break // the mark ends here, and covers all that is below
		}
		next := m.below[step]
		if next == nil {
			next = &marks{}
			if m.below == nil {
				m.below = map[Step]*marks{}
			}
			m.below[step] = next
		}
		m = next
	}
	m.whole = true
}
