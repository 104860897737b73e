package filterpattern

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxWildcards is how many wildcard selectors a compound expression may have.
// Source: the guide's page, Quotas.
const maxWildcards = 3

// condition is a pattern for JSON events.
type condition struct {
	expr      expr
	selectors []*selector
}

// property compares what a selector points to.
type property struct {
	s *selector
	c *comparison
}

// state is IS NULL, IS TRUE, IS FALSE and NOT EXISTS.
type state struct {
	s    *selector
	want string
}

// condition reads "{ CONDITION }".
func (r *reader) condition() (matcher, error) {
	r.spaces()
	r.at++
	m := &condition{}
	depth := 0
	var leaf func() (expr, error)
	leaf = func() (expr, error) {
		r.spaces()
		if !r.take("(") {
			return r.property(m)
		}
		if depth++; depth > maxDepth {
			return nil, r.fail(r.at, "there are more than %d parentheses in each other", maxDepth)
		}
		from := r.at - 1
		e, err := r.either(leaf)
		if err != nil {
			return nil, err
		}
		depth--
		if r.spaces(); !r.take(")") {
			return nil, r.fail(r.at, "&&, || or a ) for that at character %d is wanted here, not %s", from+1, r.nextRune())
		}
		return e, nil
	}
	var err error
	if m.expr, err = r.either(leaf); err != nil {
		return nil, err
	}
	if r.spaces(); !r.take("}") {
		return nil, r.fail(r.at, "&&, || or } is wanted here, not %s", r.nextRune())
	}
	if r.spaces(); !r.end() {
		return nil, r.fail(r.at, "nothing may follow the }, and here is %s", r.nextRune())
	}
	wild := 0
	for _, s := range m.selectors {
		if s.wild {
			wild++
		}
	}
	switch {
	case wild > maxWildcards:
		return nil, r.fail(0, "a pattern has at most %d wildcard selectors", maxWildcards)
	case r.regexes > maxRegexes:
		return nil, r.fail(0, "a JSON pattern has at most %d regular expressions", maxRegexes)
	}
	return m, nil
}

func (r *reader) property(m *condition) (expr, error) {
	s, err := r.selector()
	if err != nil {
		return nil, err
	}
	m.selectors = append(m.selectors, s)
	r.spaces()
	from := r.at
	words := []string{r.while(wordByte)}
	if words[0] == "" {
		c, err := r.comparison("&|()}")
		return &property{s, c}, err
	}
	r.spaces()
	words = append(words, r.while(wordByte))
	// Whether the words may be written small is not documented.
	switch text := strings.Join(words, " "); {
	case slices.Contains([]string{"IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS"}, text):
		return &state{s, text}, nil
	case words[0] == "EXISTS" || text == "IS NOT":
		return nil, r.fail(from, "%s is not supported by CloudWatch Logs; a string or number that is there is matched by = \"*\"", strings.TrimSpace(text))
	}
	return nil, r.fail(from, "an operator, IS NULL, IS TRUE, IS FALSE or NOT EXISTS is wanted here, not %s", words[0])
}

// decode reads a message that is one JSON object.
func decode(message string) (any, error) {
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil || doc == nil {
		return nil, fmt.Errorf("it is not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("it is not a JSON object alone")
	}
	return doc, nil
}

func (m *condition) explain(message string) (bool, string) {
	doc, err := decode(message)
	if err != nil {
		return false, err.Error()
	}
	return m.expr.eval(doc)
}

// scalar is a string or number as the event writes it; ok is false for anything else.
// Source: the guide's page, "Value nodes can be strings or numbers".
func scalar(v any) (text string, isNumber, ok bool) {
	switch v := v.(type) {
	case string:
		return v, false, true
	case json.Number:
		return v.String(), true, true
	}
	return "", false, false
}

// shown is a value for an explanation.
func shown(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		if len(v) > 100 {
			return fmt.Sprintf("%q and more", strings.ToValidUTF8(v[:100], ""))
		}
		return fmt.Sprintf("%q", v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "what cannot be shown"
	}
	return string(text)
}

func (p *property) eval(doc any) (bool, string) {
	found := p.s.find(doc)
	if len(found) == 0 {
		return false, fmt.Sprintf("%s, wanted %s", p.s.missing(doc), p.c)
	}
	var carried []string
	for _, v := range found {
		text, isNumber, ok := scalar(v)
		if ok && p.c.holds(text, isNumber) {
			return true, fmt.Sprintf("%s is %s, wanted %s", p.s.text, shown(v), p.c)
		}
		if carried = append(carried, shown(v)); !ok {
			carried[len(carried)-1] += " (neither a string nor a number)"
		}
	}
	slices.Sort(carried) // fields of an object have no order
	return false, fmt.Sprintf("%s is %s, wanted %s", p.s.text, strings.Join(carried, ", "), p.c)
}

func (s *state) eval(doc any) (bool, string) {
	found := s.s.find(doc)
	if s.want == "NOT EXISTS" {
		if len(found) == 0 {
			return true, s.s.missing(doc) + ", wanted NOT EXISTS"
		}
		return false, fmt.Sprintf("%s is %s, wanted NOT EXISTS", s.s.text, shown(found[0]))
	}
	if len(found) == 0 {
		return false, fmt.Sprintf("%s, wanted %s", s.s.missing(doc), s.want)
	}
	for _, v := range found {
		b, isBool := v.(bool)
		if s.want == "IS NULL" && v == nil || isBool && s.want == "IS TRUE" && b || isBool && s.want == "IS FALSE" && !b {
			return true, fmt.Sprintf("%s is %s, wanted %s", s.s.text, shown(v), s.want)
		}
	}
	return false, fmt.Sprintf("%s is %s, wanted %s", s.s.text, shown(found[0]), s.want)
}

func (m *condition) values(message string) map[string]string {
	out := map[string]string{}
	doc, err := decode(message)
	if err != nil {
		return out
	}
	for _, s := range m.selectors {
		if text, ok := s.scalar(doc); ok {
			out[s.text] = text
		}
	}
	return out
}

// scalar is the one string or number that the selector points to.
func (s *selector) scalar(doc any) (string, bool) {
	found := s.find(doc)
	if len(found) != 1 {
		return "", false
	}
	text, _, ok := scalar(found[0])
	return text, ok
}

func (m *condition) value(message, text string) (string, bool) {
	doc, err := decode(message)
	if err != nil {
		return "", false
	}
	s, err := (&reader{text: text}).selector()
	if err != nil {
		return "", false
	}
	return s.scalar(doc)
}

func (m *condition) selects(text string) string {
	r := &reader{text: text}
	s, err := r.selector()
	switch {
	case err != nil:
		return err.Error()
	case !r.end():
		return "nothing may follow the property selector"
	case s.wild:
		return "a wildcard selects no one value"
	}
	return ""
}
