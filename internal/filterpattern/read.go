package filterpattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// reader walks over a pattern's text.
type reader struct {
	text    string
	at      int
	regexes int
}

func (r *reader) fail(at int, format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...), Column: utf8.RuneCountInString(r.text[:at]) + 1, Pattern: r.text}
}

func (r *reader) end() bool { return r.at == len(r.text) }

// peek is the next byte; 0 at the end.
func (r *reader) peek() byte {
	if r.end() {
		return 0
	}
	return r.text[r.at]
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func (r *reader) spaces() {
	for !r.end() && space(r.text[r.at]) {
		r.at++
	}
}

// take reads the literal, if it is next.
func (r *reader) take(literal string) bool {
	if !strings.HasPrefix(r.text[r.at:], literal) {
		return false
	}
	r.at += len(literal)
	return true
}

// while reads the bytes that ok takes.
func (r *reader) while(ok func(b byte) bool) string {
	from := r.at
	for !r.end() && ok(r.text[r.at]) {
		r.at++
	}
	return r.text[from:r.at]
}

func alphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// wordByte is what a term may have without quotation marks.
func wordByte(b byte) bool { return alphanumeric(b) || b == '_' }

// nextRune is for an error's text.
func (r *reader) nextRune() string {
	if r.end() {
		return "the end"
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return fmt.Sprintf("%q", c)
}

// quoted reads a string in quotation marks, in which \" and \\ stand for themselves.
// That these two are escapes, and no others, is not documented.
func (r *reader) quoted() (string, error) {
	from := r.at
	r.at++
	var b strings.Builder
	for !r.end() {
		switch c := r.text[r.at]; c {
		case '"':
			r.at++
			return b.String(), nil
		case '\\':
			if r.at+1 == len(r.text) || r.text[r.at+1] != '"' && r.text[r.at+1] != '\\' {
				return "", r.fail(r.at, `in a quoted string \" and \\ alone are escapes`)
			}
			b.WriteByte(r.text[r.at+1])
			r.at += 2
		default:
			b.WriteByte(c)
			r.at++
		}
	}
	return "", r.fail(from, "the quotation mark is not closed")
}
