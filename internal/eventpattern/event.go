package eventpattern

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Event is an event that was read once, for any number of patterns.
type Event struct{ text string }

// NewEvent takes the JSON text of an event, which must be an object.
func NewEvent(text string) (Event, error) {
	if !utf8.ValidString(text) {
		return Event{}, errors.New("the event is not valid UTF-8")
	}
	if !json.Valid([]byte(text)) {
		return Event{}, errors.New("the event is not valid JSON")
	}
	text = strings.TrimLeft(text, " \t\r\n")
	if text[0] != '{' {
		return Event{}, errors.New("the event is not a JSON object")
	}
	return Event{text}, nil
}

// place is an element of one array of the event.
type place struct{ array, index int }

// scratch is what a match works with.
type scratch struct {
	values [][]value // by leaf
	places []place   // of all values
	// text, at, stack and arrays belong to the scan.
	text   string
	at     int
	stack  []place
	arrays int
	// chosen is the places of the values that a branch has matched so far.
	chosen []place
}

// gather collects the values of the pattern's fields.
func (s *scratch) gather(e Event, root *node) {
	for i := range s.values {
		s.values[i] = s.values[i][:0]
	}
	s.places, s.stack, s.chosen = s.places[:0], s.stack[:0], s.chosen[:0]
	s.text, s.at, s.arrays = e.text, 0, 0
	s.object(root)
}

// The scan below reads JSON that json.Valid has accepted.

func (s *scratch) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.at++
		default:
			return
		}
	}
}

// quoted passes a string and returns it with its quotes.
func (s *scratch) quoted() string {
	start := s.at
	for s.at++; ; s.at++ {
		// Few strings hold escapes, so look for the end first.
		i := strings.IndexByte(s.text[s.at:], '"')
		if j := strings.IndexByte(s.text[s.at:s.at+i], '\\'); j >= 0 {
			s.at += j + 1 // the escaped character
			continue
		}
		s.at += i + 1
		return s.text[start:s.at]
	}
}

// plain is a string without its quotes and escapes.
func plain(quoted string) string {
	inner := quoted[1 : len(quoted)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var out string
	_ = json.Unmarshal([]byte(quoted), &out) // json.Valid has accepted it
	return out
}

func (s *scratch) object(n *node) {
	for s.at++; ; {
		s.space()
		if s.text[s.at] == '}' {
			s.at++
			return
		}
		child := n.child(plain(s.quoted()))
		s.space()
		if child == nil {
			s.skip()
			continue
		}
		s.value(child)
	}
}

// child follows a name, whose dots are steps.
func (n *node) child(name string) *node {
	for {
		step, rest, more := strings.Cut(name, ".")
		if n = n.children[step]; n == nil || !more {
			return n
		}
		name = rest
	}
}

func (s *scratch) value(n *node) {
	switch s.text[s.at] {
	case '{':
		s.object(n)
	case '[':
		s.array(n)
	default:
		s.scalar(n)
	}
}

func (s *scratch) array(n *node) {
	id := s.arrays
	s.arrays++
	s.at++
	for index := 0; ; index++ {
		s.space()
		switch s.text[s.at] {
		case ']':
			s.at++
			return
		case '{', '[':
			// Only what lies inside of an element must come from the same one.
			s.stack = append(s.stack, place{id, index})
			s.value(n)
			s.stack = s.stack[:len(s.stack)-1]
		default:
			s.scalar(n)
		}
	}
}

func (s *scratch) scalar(n *node) {
	start := s.at
	var v value
	switch s.text[s.at] {
	case '"':
		raw := s.quoted()
		v = value{kind: stringValue, raw: raw}
		if n.leaf >= 0 {
			v.text = plain(raw)
		}
	default:
		for s.at < len(s.text) && strings.IndexByte(" \t\r\n,]}", s.text[s.at]) < 0 {
			s.at++
		}
		v.raw = s.text[start:s.at]
		v.text = v.raw
		switch v.raw[0] {
		case 't', 'f':
			v.kind = boolValue
		case 'n':
			v.kind = nullValue
		default:
			v.kind = numberValue
		}
	}
	if n.leaf < 0 {
		return
	}
	v.from = len(s.places)
	s.places = append(s.places, s.stack...)
	v.to = len(s.places)
	s.values[n.leaf] = append(s.values[n.leaf], v)
}

// skip passes a value that no field asks for.
func (s *scratch) skip() {
	depth := 0
	for {
		switch s.text[s.at] {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		default:
			for s.at < len(s.text) && strings.IndexByte(" \t\r\n,:]}", s.text[s.at]) < 0 {
				s.at++
			}
		}
		if depth == 0 {
			return
		}
		s.space()
	}
}
