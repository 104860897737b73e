package filterpattern

import (
	"fmt"
	"regexp"
	"strings"
)

// term is a word, a phrase or a regular expression.
type term struct {
	text  string
	regex *regexp.Regexp // nil: text is to be contained
}

func (t *term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	// " " matches everything.
	// Source: the guide's page, "Example: Match everything".
	return strings.TrimSpace(t.text) == "" || strings.Contains(message, t.text)
}

func (t *term) String() string {
	if t.regex != nil {
		return t.text
	}
	return fmt.Sprintf("%q", t.text)
}

// terms is a pattern for unstructured events.
type terms struct {
	include, exclude, optional []term
}

// terms reads words and phrases; -TERM must not be there, and of ?TERM one must.
// Source: the guide's page, "Using filter patterns to match terms in unstructured log
// events".
func (r *reader) terms() (matcher, error) {
	m := &terms{}
	for r.spaces(); !r.end(); r.spaces() {
		list := &m.include
		switch r.peek() {
		case '-':
			list = &m.exclude
			r.at++
		case '?':
			list = &m.optional
			r.at++
		}
		t, err := r.term()
		if err != nil {
			return nil, err
		}
		*list = append(*list, t)
	}
	// "If you combine "?" with other filter patterns, all question mark terms will be
	// ignored."
	if len(m.include)+len(m.exclude) > 0 {
		m.optional = nil
	}
	return m, nil
}

func (r *reader) term() (term, error) {
	from := r.at
	switch r.peek() {
	case '"':
		text, err := r.quoted()
		if err == nil {
			err = r.apart()
		}
		return term{text: text}, err
	case '%':
		re, err := r.regex()
		if err == nil {
			err = r.apart()
		}
		return term{text: r.text[from:r.at], regex: re}, err
	}
	word := r.while(func(b byte) bool { return !space(b) })
	for i := range len(word) {
		if !wordByte(word[i]) {
			return term{}, r.fail(from, "Invalid character(s) in term '%s': a term with characters other than letters, digits and underscores is put in double quotation marks", word)
		}
	}
	if word == "" {
		return term{}, r.fail(from, "there is no term here")
	}
	return term{text: word}, nil
}

// apart wants a space, or the end.
func (r *reader) apart() error {
	if r.end() || space(r.peek()) {
		return nil
	}
	return r.fail(r.at, "terms are kept apart by spaces, and here is %s", r.nextRune())
}

func (m *terms) explain(message string) (bool, string) {
	var missing, there, found []string
	for i := range m.include {
		if t := &m.include[i]; t.in(message) {
			found = append(found, t.String())
		} else {
			missing = append(missing, t.String())
		}
	}
	for i := range m.exclude {
		if t := &m.exclude[i]; t.in(message) {
			there = append(there, t.String())
		}
	}
	one := len(m.optional) == 0
	for i := range m.optional {
		if t := &m.optional[i]; t.in(message) {
			one, found = true, append(found, t.String())
		}
	}
	var why []string
	if missing != nil {
		why = append(why, "it does not contain "+strings.Join(missing, ", "))
	}
	if there != nil {
		why = append(why, "it contains "+strings.Join(there, ", ")+", which is excluded")
	}
	if !one {
		var names []string
		for i := range m.optional {
			names = append(names, m.optional[i].String())
		}
		why = append(why, "it contains none of "+strings.Join(names, ", "))
	}
	switch {
	case why != nil:
		return false, strings.Join(why, "; ")
	case found != nil:
		return true, "it contains " + strings.Join(found, ", ")
	case m.exclude != nil:
		return true, "it contains nothing that is excluded"
	}
	return true, "the pattern matches everything"
}

func (m *terms) values(string) map[string]string { return map[string]string{} }

func (m *terms) value(string, string) (string, bool) { return "", false }

func (m *terms) selects(string) string {
	return "values are extracted by JSON and space-delimited patterns alone"
}
