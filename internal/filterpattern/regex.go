package filterpattern

import (
	"regexp"
	"strings"
)

// regex reads an expression between percent signs.
// Source: the guide's page, "Supported regular expressions (regex) syntax". It lists
// no space among the characters, but has one in an example.
func (r *reader) regex() (*regexp.Regexp, error) {
	from := r.at
	r.at++
	var b strings.Builder
	b.WriteString("(?s:")
	class := false
	for {
		if r.end() {
			return nil, r.fail(from, "the regular expression is not closed by %%")
		}
		c := r.text[r.at]
		if c == '%' {
			break
		}
		switch {
		case c == '\\':
			if err := r.escape(&b); err != nil {
				return nil, err
			}
			continue
		case c == '[':
			if class {
				return nil, r.fail(r.at, "a '[' in a character class is written \\[")
			}
			class = true
		case c == ']':
			if !class {
				return nil, r.fail(r.at, "this ']' closes nothing; as a character it is written \\]")
			}
			class = false
		case c == '{' && !class:
			if err := r.repetition(&b); err != nil {
				return nil, err
			}
			continue
		case c == '}' && !class:
			return nil, r.fail(r.at, "this '}' closes nothing; as a character it is written \\}")
		case c == '(' || c == ')':
			return nil, r.fail(r.at, "the ( and ) operators are not supported in a regular expression")
		case c >= 0x80:
			return nil, r.fail(r.at, "multi-byte characters are not supported in a regular expression")
		case !alphanumeric(c) && strings.IndexByte(":_#=@/;,- ^$?|*+.{}", c) < 0:
			return nil, r.fail(r.at, "the character %q is not supported in a regular expression", c)
		}
		b.WriteByte(c)
		r.at++
	}
	b.WriteByte(')')
	r.at++
	if r.at-from == 2 {
		return nil, r.fail(from, "the regular expression is empty")
	}
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, r.fail(from, "the regular expression is not valid: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	r.regexes++
	return re, nil
}

// escape reads a backslash and what belongs to it.
func (r *reader) escape(b *strings.Builder) error {
	rest := r.text[r.at+1:]
	switch {
	case rest == "":
		return r.fail(r.at, "the backslash escapes nothing")
	case strings.IndexByte("dDsSwWtn", rest[0]) >= 0:
		b.WriteString(r.text[r.at : r.at+2])
		r.at += 2
	case rest[0] == 'x':
		if len(rest) < 3 || !hex(rest[1]) || !hex(rest[2]) || rest[1] > '7' {
			return r.fail(r.at, `\x takes the two hexadecimal digits of an ASCII character`)
		}
		b.WriteString(r.text[r.at : r.at+4])
		r.at += 4
	case alphanumeric(rest[0]) || rest[0] >= 0x80 || rest[0] == '%' || strings.IndexByte(`^$?[]{}|\*+.:_#=@/;,-`, rest[0]) < 0:
		return r.fail(r.at, "the escape \\%c is not supported in a regular expression", rest[0])
	default:
		b.WriteString(`\`)
		b.WriteByte(rest[0])
		r.at += 2
	}
	return nil
}

func hex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

// repetition reads {m,n}, of which either may be left out.
func (r *reader) repetition(b *strings.Builder) error {
	from := r.at
	r.at++
	digits := func() string { return r.while(func(c byte) bool { return '0' <= c && c <= '9' }) }
	low := digits()
	comma := r.take(",")
	high := ""
	if comma {
		high = digits()
	}
	if !r.take("}") || low == "" && high == "" {
		return r.fail(from, "a repetition is {m}, {m,}, {,n} or {m,n}")
	}
	if low == "" {
		low = "0"
	}
	b.WriteString("{" + low)
	if comma {
		b.WriteString("," + high)
	}
	b.WriteString("}")
	return nil
}
