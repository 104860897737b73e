package filterpattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// operators, longest first.
var operators = []string{"!=", ">=", "<=", "=", ">", "<"}

// comparison is an operator and what stands on its right.
type comparison struct {
	op   string
	text string // without quotation marks
	// shown is the operand as it was written.
	shown string
	regex *regexp.Regexp
	// begin and end tell whether an asterisk is before and after core.
	begin, end bool
	core       string
	// number is set if numeric is.
	numeric bool
	number  float64
}

// comparison reads an operator and its operand. stop ends an unquoted one.
func (r *reader) comparison(stop string) (*comparison, error) {
	r.spaces()
	c := &comparison{}
	for _, op := range operators {
		if r.take(op) {
			c.op = op
			break
		}
	}
	if c.op == "" {
		return nil, r.fail(r.at, "one of = != < > <= >= is wanted here, not %s", r.nextRune())
	}
	r.spaces()
	from := r.at
	var err error
	switch r.peek() {
	case '"':
		c.text, err = r.quoted()
	case '%':
		c.regex, err = r.regex()
	default:
		c.text = r.while(func(b byte) bool { return !space(b) && strings.IndexByte(stop, b) < 0 })
		if err = r.unquoted(from, c.text); err == nil {
			c.number, c.numeric = number(c.text)
		}
	}
	if err != nil {
		return nil, err
	}
	c.shown = r.text[from:r.at]
	if c.op != "=" && c.op != "!=" && !c.numeric {
		return nil, r.fail(from, "%s compares with a number, and %s is none", c.op, c.shown)
	}
	c.core = c.text
	if c.regex == nil {
		c.core, c.begin = strings.CutPrefix(c.core, "*")
		c.core, c.end = strings.CutSuffix(c.core, "*")
	}
	return c, nil
}

// unquoted checks an operand without quotation marks.
// Source: the guide's page, String: "Strings that contain types other than
// alphanumeric characters and the underscore symbol must be placed in double quotation
// marks"; its examples have full stops and asterisks without.
func (r *reader) unquoted(from int, text string) error {
	if text == "" {
		return r.fail(from, "a string or a number is wanted here, not %s", r.nextRune())
	}
	if _, ok := number(text); ok {
		return nil
	}
	for i := range len(text) {
		if !wordByte(text[i]) && text[i] != '.' && text[i] != '*' {
			return r.fail(from, "%s is put in double quotation marks: without them a string has letters, digits, underscores, full stops and asterisks", text)
		}
	}
	return nil
}

var numberForm = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// number reads an integer or decimal with an optional sign and exponent.
func number(text string) (float64, bool) {
	if !numberForm.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// holds reports whether a value of an event is what is wanted. written is the value's
// text; isNumber says that it may be compared as a number.
func (c *comparison) holds(written string, isNumber bool) bool {
	if c.op != "=" && c.op != "!=" {
		n, ok := number(written)
		return isNumber && ok && c.ordered(n)
	}
	return c.equal(written, isNumber) == (c.op == "=")
}

func (c *comparison) ordered(n float64) bool {
	switch c.op {
	case ">":
		return n > c.number
	case ">=":
		return n >= c.number
	case "<":
		return n < c.number
	}
	return n <= c.number
}

func (c *comparison) equal(written string, isNumber bool) bool {
	if c.regex != nil {
		return c.regex.MatchString(written)
	}
	if isNumber && c.numeric {
		if n, ok := number(written); ok {
			return n == c.number
		}
	}
	switch {
	case c.begin && c.end:
		return strings.Contains(written, c.core)
	case c.begin:
		return strings.HasSuffix(written, c.core)
	case c.end:
		return strings.HasPrefix(written, c.core)
	}
	return written == c.core
}

func (c *comparison) String() string { return fmt.Sprintf("%s %s", c.op, c.shown) }
