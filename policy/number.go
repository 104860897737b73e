package policy

import "strings"

// decimal is an exact number: comparing as floating point would make large
// neighbours equal. Its parts point into the text it was read from.
type decimal struct {
	neg         bool
	whole, frac string // without leading, and trailing, zeros
}

// parseDecimal reads an integer or decimal number. Exponents, spaces and other
// forms are not. Choice number-forms.
//
// Source: IAM User Guide, reference_policies_elements_condition_operators
// (numeric condition operators).
func parseDecimal(s string) (d decimal, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.neg = s[0] == '-'
		s = s[1:]
	}
	dot := len(s)
	for i := range len(s) {
		if s[i] == '.' && dot == len(s) {
			dot = i
		} else if !isDigit(s[i]) {
			return decimal{}, false
		}
	}
	if s == "" || dot == len(s)-1 {
		return decimal{}, false
	}
	whole, frac := s[:dot], s[min(dot+1, len(s)):]
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	d.whole, d.frac = whole, frac
	if whole == "" && frac == "" {
		d.neg = false
	}
	return d, true
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// compare returns -1, 0 or 1.
func (d decimal) compare(e decimal) int {
	if d.neg != e.neg {
		if d.neg {
			return -1
		}
		return 1
	}
	c := len(d.whole) - len(e.whole)
	if c == 0 {
		c = strings.Compare(d.whole, e.whole)
	}
	if c == 0 {
		c = strings.Compare(d.frac, e.frac)
	}
	if d.neg {
		c = -c
	}
	return max(-1, min(1, c))
}

func (r relation) holds(c int) bool {
	switch r {
	case relLess:
		return c < 0
	case relLessEqual:
		return c <= 0
	case relGreater:
		return c > 0
	case relGreaterEqual:
		return c >= 0
	}
	return c == 0
}
