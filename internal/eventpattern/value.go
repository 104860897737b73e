package eventpattern

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	stringValue kind = iota
	numberValue
	boolValue
	nullValue
)

type op uint8

const (
	opExact op = iota
	opPrefix
	opPrefixFold
	opSuffix
	opSuffixFold
	opFold
	opWildcard
	opNumeric
	opCIDR
	opExists
	opAbsent
	opBut
)

// matcher is one value of a field's array.
type matcher struct {
	op        op
	kind      kind         // of opExact
	text      string       // operand of the operators over strings; the JSON text of other kinds
	glob      []string     // of opWildcard: the pieces between the stars
	low, high int64        // of opNumeric, inclusive, in millionths
	net       netip.Prefix // of opCIDR
	of        []matcher    // of opBut: none of these
	// wanted is the JSON text, for explanations.
	wanted string
}

// value is a leaf of an event.
type value struct {
	kind kind
	text string // without quotes and escapes; the JSON text of other kinds
	raw  string // the JSON text
	// from and to bound its place in arrays, in scratch.places.
	from, to int
}

// takes reports whether the matcher takes a value that is there.
func (m *matcher) takes(v *value) bool {
	switch m.op {
	case opExact:
		return m.kind == v.kind && m.text == v.text
	case opExists:
		return true
	case opAbsent:
		return false
	case opBut:
		for i := range m.of {
			if m.of[i].takes(v) {
				return false
			}
		}
		return true
	case opNumeric:
		if v.kind != numberValue {
			return false
		}
		n, ok := scaled(v.text)
		return ok && m.low <= n && n <= m.high
	}
	if v.kind != stringValue {
		return false
	}
	switch m.op {
	case opPrefix:
		return strings.HasPrefix(v.text, m.text)
	case opSuffix:
		return strings.HasSuffix(v.text, m.text)
	case opFold:
		return strings.EqualFold(v.text, m.text)
	case opPrefixFold:
		return hasPrefixFold(v.text, m.text)
	case opSuffixFold:
		return hasSuffixFold(v.text, m.text)
	case opWildcard:
		return globs(m.glob, v.text)
	case opCIDR:
		if v.text == "" || len(v.text) > 45 || v.text[0] > 'f' {
			return false // no address, and ParseAddr would make an error of it
		}
		ip, err := netip.ParseAddr(v.text)
		return err == nil && m.net.Contains(ip)
	}
	return false
}

// globs matches text against the pieces between stars.
func globs(pieces []string, text string) bool {
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return text == first
	}
	if !strings.HasPrefix(text, first) || !strings.HasSuffix(text[len(first):], last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return true
}

func hasPrefixFold(s, prefix string) bool {
	for prefix != "" {
		if s == "" {
			return false
		}
		a, n := utf8.DecodeRuneInString(s)
		b, m := utf8.DecodeRuneInString(prefix)
		if !sameFold(a, b) {
			return false
		}
		s, prefix = s[n:], prefix[m:]
	}
	return true
}

func hasSuffixFold(s, suffix string) bool {
	for suffix != "" {
		if s == "" {
			return false
		}
		a, n := utf8.DecodeLastRuneInString(s)
		b, m := utf8.DecodeLastRuneInString(suffix)
		if !sameFold(a, b) {
			return false
		}
		s, suffix = s[:len(s)-n], suffix[:len(suffix)-m]
	}
	return true
}

func sameFold(a, b rune) bool {
	if a == b {
		return true
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
