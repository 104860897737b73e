package filterpattern

import (
	"fmt"
	"strconv"
	"strings"
)

// selector is a path into a JSON event.
type selector struct {
	text  string
	steps []step
	// wild: one of the steps stands for all elements or fields.
	wild bool
}

// step is a field's name, an element's number, or all of either.
type step struct {
	name  string
	index int // -1: it is a name, or all fields
	all   bool
}

// selector reads $.a.b[0], $.a[*].b, $.* or $.['a.b'].
// Source: the guide's page, Property selector and Wildcard selector.
func (r *reader) selector() (*selector, error) {
	from := r.at
	if !r.take("$") {
		return nil, r.fail(r.at, "a property selector begins with $., and here is %s", r.nextRune())
	}
	s := &selector{}
	if r.peek() != '.' {
		return nil, r.fail(r.at, "a property selector begins with $., and here is %s", r.nextRune())
	}
	for {
		var st step
		var err error
		switch {
		case r.take(".["):
			st, err = r.bracketName()
		case r.take(".*"):
			st = step{index: -1, all: true}
		case r.take("."):
			st = step{name: r.while(nameByte), index: -1}
			if st.name == "" {
				return nil, r.fail(r.at, "the name of a property is wanted here, not %s; names with other characters than letters, digits, - and _ are written $.['NAME']", r.nextRune())
			}
		case r.take("["):
			st, err = r.element()
		default:
			s.text = r.text[from:r.at]
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if st.all && s.wild {
			return nil, r.fail(from, "a property selector has at most one wildcard")
		}
		s.wild = s.wild || st.all
		s.steps = append(s.steps, st)
	}
}

func (r *reader) bracketName() (step, error) {
	from := r.at
	if !r.take("'") {
		return step{}, r.fail(r.at, "a name in brackets is written ['NAME']")
	}
	name := r.while(func(b byte) bool { return b != '\'' })
	if !r.take("']") || name == "" {
		return step{}, r.fail(from, "a name in brackets is written ['NAME']")
	}
	return step{name: name, index: -1}, nil
}

func (r *reader) element() (step, error) {
	from := r.at
	if r.take("*]") {
		return step{all: true}, nil
	}
	digits := r.while(func(b byte) bool { return '0' <= b && b <= '9' })
	n, err := strconv.Atoi(digits)
	if err != nil || !r.take("]") {
		return step{}, r.fail(from, "an element is written [NUMBER] or [*]")
	}
	return step{index: n}, nil
}

// find returns what the selector points to in a document; ok is false if nothing is
// there. A selector with a wildcard points to several.
func (s *selector) find(doc any) (found []any) { return walk(doc, s.steps) }

func walk(at any, steps []step) []any {
	for i, st := range steps {
		object, _ := at.(map[string]any)
		array, _ := at.([]any)
		switch {
		case st.all:
			var list []any
			if st.index < 0 {
				for _, v := range object {
					list = append(list, walk(v, steps[i+1:])...)
				}
				return list
			}
			for _, v := range array {
				list = append(list, walk(v, steps[i+1:])...)
			}
			return list
		case st.index < 0:
			v, ok := object[st.name]
			if !ok {
				return nil
			}
			at = v
		case st.index < len(array):
			at = array[st.index]
		default:
			return nil
		}
	}
	return []any{at}
}

// missing says how far the selector leads, for an explanation.
func (s *selector) missing(doc any) string {
	if s.wild {
		return s.text + " selects nothing"
	}
	at := "$"
	for i := range s.steps {
		st := &s.steps[i]
		name := "." + st.name
		if st.index >= 0 {
			name = fmt.Sprintf("[%d]", st.index)
		}
		if at += name; len(walk(doc, s.steps[:i+1])) == 0 {
			break
		}
	}
	if at == s.text {
		return s.text + " is absent"
	}
	return s.text + " is absent, as " + strings.TrimSuffix(at, ".") + " is"
}
