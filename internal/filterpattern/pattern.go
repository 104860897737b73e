package filterpattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxLength is how long a filter pattern may be, in characters. Compile does not
// enforce it: the API does. Source: CloudWatch Logs API_PutMetricFilter, filterPattern.
const MaxLength = 1024

// maxRegexes is how many regular expressions a delimited or JSON pattern may have.
// Source: the guide's page, Quotas.
const maxRegexes = 2

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	text    string
	matcher matcher
	regexes int
}

// matcher is one of the three kinds of patterns.
type matcher interface {
	// explain says whether the message matches, and why or why not.
	explain(message string) (matched bool, why string)
	// values are what the pattern names in a message that it matches.
	values(message string) map[string]string
	// value is what a selector stands for; ok is false if it has none.
	value(message, selector string) (value string, ok bool)
	// selects says what is wrong with a selector; "" if nothing is.
	selects(selector string) string
}

// Error says what is wrong with a pattern, and where.
type Error struct {
	// Reason is a sentence.
	Reason string
	// Column is where the reader stood, in characters from 1.
	Column int
	// Pattern is the text.
	Pattern string
}

// Error is the reason and the place.
func (e *Error) Error() string {
	return fmt.Sprintf("invalid filter pattern at character %d: %s", e.Column, e.Reason)
}

// Compile reads a pattern; the empty one matches everything. The error is an *Error.
func Compile(text string) (*Pattern, error) {
	r := &reader{text: text}
	p := &Pattern{text: text}
	if !utf8.ValidString(text) {
		return nil, r.fail(0, "it is not UTF-8")
	}
	var err error
	switch trimmed := strings.TrimSpace(text); {
	case strings.HasPrefix(trimmed, "{"):
		if !strings.HasSuffix(trimmed, "}") {
			return nil, r.fail(len(text), "If a filter pattern starts with '{' it must end with '}'")
		}
		p.matcher, err = r.condition()
	case strings.HasPrefix(trimmed, "["):
		if !strings.HasSuffix(trimmed, "]") {
			return nil, r.fail(len(text), "If a filter pattern starts with '[' it must end with ']'")
		}
		p.matcher, err = r.delimited()
	default:
		p.matcher, err = r.terms()
	}
	if err != nil {
		return nil, err
	}
	p.regexes = r.regexes
	return p, nil
}

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.text }

// Regexes is how many regular expressions the pattern has: a log group takes five
// filters that have any.
func (p *Pattern) Regexes() int { return p.regexes }

// Structured reports whether the pattern is a JSON or a space-delimited one, the only
// ones that metric values and dimensions can be taken from.
func (p *Pattern) Structured() bool {
	_, plain := p.matcher.(*terms)
	return !plain
}

// Match reports whether the pattern matches the message.
func (p *Pattern) Match(message []byte) bool {
	matched, _ := p.matcher.explain(string(message))
	return matched
}

// Explain is Match with its reason, a phrase: the parts that hold if the message
// matches, and otherwise those that do not.
func (p *Pattern) Explain(message []byte) (matched bool, why string) {
	return p.matcher.explain(string(message))
}

// Values are what the pattern extracts from a message that it matches, by "$.selector"
// or "$field", as TestMetricFilter shows them; nil for one that it does not match, and
// empty for a pattern of terms.
func (p *Pattern) Values(message []byte) map[string]string {
	if !p.Match(message) {
		return nil
	}
	return p.matcher.values(string(message))
}

// Value is what "$.selector" or "$field" stands for in a message, matched or not; ok is
// false if that has no such string or number.
func (p *Pattern) Value(message []byte, selector string) (value string, ok bool) {
	if p.Selects(selector) != "" {
		return "", false
	}
	return p.matcher.value(string(message), selector)
}

// Selects says what is wrong with a selector that a metric's value or dimension is to
// be taken from; "" if nothing is.
func (p *Pattern) Selects(selector string) string { return p.matcher.selects(selector) }
