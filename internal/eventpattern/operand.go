package eventpattern

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// numeric reads the array of a numeric expression: an operator and a number, and
// for a range a second operator and number.
func (r *reader) numeric() (m matcher, err error) {
	m = matcher{op: opNumeric, low: math.MinInt64, high: math.MaxInt64}
	tok, err := r.next()
	if err != nil {
		return m, err
	}
	if tok != json.Delim('[') {
		return m, r.fail("Value of numeric must be an array.")
	}
	operator, err := r.text1("Invalid member in numeric match: " + r.peeked())
	if err != nil {
		return m, err
	}
	switch operator {
	case "=", ">", ">=", "<", "<=":
	default:
		return m, r.fail("Unrecognized numeric range operator: " + operator)
	}
	n, err := r.number(operator)
	if err != nil {
		return m, err
	}
	m.bound(operator, n)
	if tok, err = r.next(); err != nil {
		return m, err
	}
	if tok == json.Delim(']') {
		return m, nil
	}
	if operator[0] != '>' {
		return m, r.fail("Too many elements in numeric expression")
	}
	second, ok := tok.(string)
	if !ok {
		return m, r.fail("Bad value in numeric range: " + r.text[r.start:r.end])
	}
	if second != "<" && second != "<=" {
		return m, r.fail("Bad numeric range operator: " + second)
	}
	top, err := r.number(second)
	if err != nil {
		return m, err
	}
	if n >= top {
		return m, r.fail("Bottom must be less than top")
	}
	m.bound(second, top)
	if tok, err = r.next(); err != nil {
		return m, err
	}
	if tok != json.Delim(']') {
		return m, r.fail("Too many terms in numeric range expression")
	}
	return m, nil
}

// peeked is the text that comes next, for a message.
func (r *reader) peeked() string {
	rest := strings.TrimLeft(r.text[r.tokens.end:], " \t\r\n,:")
	if i := strings.IndexAny(rest, " \t\r\n,:]}"); i > 0 {
		rest = rest[:i]
	}
	return rest
}

func (m *matcher) bound(operator string, n int64) {
	switch operator {
	case "=":
		m.low, m.high = n, n
	case ">":
		m.low = n + 1
	case ">=":
		m.low = n
	case "<":
		m.high = n - 1
	case "<=":
		m.high = n
	}
}

func (r *reader) number(operator string) (int64, error) {
	tok, err := r.next()
	if err != nil {
		return 0, err
	}
	n, ok := tok.(json.Number)
	if !ok {
		if operator == "=" {
			operator = "equals"
		}
		return 0, r.fail("Value of " + operator + " must be numeric")
	}
	return r.comparable(n)
}

func (r *reader) comparable(n json.Number) (int64, error) {
	i, ok := scaled(n.String())
	if !ok {
		return 0, r.fail("Value must be between -5.0E9 and 5.0E9, inclusive")
	}
	return i, nil
}

// scaled is a number in millionths; ok is false outside of the numbers that can be
// compared. Digits beyond the sixth decimal are cut off.
// Source: EventBridge User Guide "Comparison operators for use in event patterns",
// Numeric matching: "limited to values between -5.0e9 and +5.0e9 inclusive, with 15
// digits of precision, or six digits to the right of the decimal point".
func scaled(text string) (n int64, ok bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < -5e9 || f > 5e9 {
		return 0, false
	}
	f *= 1e6
	// A decimal fraction is rarely a whole number of millionths in binary.
	if whole := math.Round(f); math.Abs(f-whole) < 1e-3 {
		return int64(whole), true
	}
	return int64(math.Floor(f)), true
}

// anythingBut reads what a value must not be: a string, a number, a list of either,
// or an expression over strings.
func (r *reader) anythingBut() (m matcher, err error) {
	m.op = opBut
	tok, err := r.next()
	if err != nil {
		return m, err
	}
	if tok != json.Delim('{') {
		m.of, err = r.butValues(tok)
		return m, err
	}
	name, err := r.text1("Anything-But expression name not found")
	if err != nil {
		return m, err
	}
	ops := map[string]op{"prefix": opPrefix, "suffix": opSuffix, "equals-ignore-case": opFold, "wildcard": opWildcard}
	inner, ok := ops[name]
	if !ok {
		return m, r.fail("Unsupported anything-but pattern: " + name)
	}
	if m.of, err = r.butTexts(name, inner); err != nil {
		return m, err
	}
	return m, r.end1()
}

func (r *reader) butValues(tok json.Token) (list []matcher, err error) {
	one := func(tok json.Token) error {
		switch tok := tok.(type) {
		case string:
			list = append(list, matcher{op: opExact, kind: stringValue, text: tok})
		case json.Number:
			n, err := r.comparable(tok)
			if err != nil {
				return err
			}
			list = append(list, matcher{op: opNumeric, low: n, high: n})
		default:
			return r.fail("Inside anything but list, start|null|boolean is not supported.")
		}
		if list[0].op != list[len(list)-1].op {
			return r.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
		}
		return nil
	}
	if tok != json.Delim('[') {
		switch tok.(type) {
		case string, json.Number:
			return list, one(tok)
		}
		return nil, r.fail("Value of anything-but must be an array or single string/number value.")
	}
	for {
		if tok, err = r.next(); err != nil {
			return nil, err
		}
		if tok == json.Delim(']') {
			break
		}
		if err := one(tok); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, r.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return list, nil
}

func (r *reader) butTexts(name string, inner op) (list []matcher, err error) {
	one := func(tok json.Token) error {
		text, ok := tok.(string)
		if !ok {
			return r.fail(fmt.Sprintf("Inside anything-but/%s list, number|start|null|boolean is not supported.", name))
		}
		m := matcher{op: inner, text: text}
		if text == "" && (inner == opPrefix || inner == opSuffix) {
			return r.fail("Null prefix/suffix not allowed")
		}
		if inner == opWildcard {
			var err error
			if m.glob, err = r.glob(text); err != nil {
				return err
			}
		}
		list = append(list, m)
		return nil
	}
	tok, err := r.next()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('[') {
		return list, one(tok)
	}
	for {
		if tok, err = r.next(); err != nil {
			return nil, err
		}
		if tok == json.Delim(']') {
			break
		}
		if err := one(tok); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, r.fail("Empty arrays are not allowed")
	}
	return list, nil
}

// glob reads a wildcard pattern: the pieces between its stars.
// Source: EventBridge User Guide "Comparison operators for use in event patterns",
// Using wildcards: consecutive wildcards are not supported; a backslash escapes a star
// or a backslash.
func (r *reader) glob(text string) ([]string, error) {
	var pieces []string
	var piece strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			if i+1 < len(text) && text[i+1] == '*' {
				return nil, r.fail(fmt.Sprintf("Consecutive wildcard characters at pos %d", i))
			}
			pieces = append(pieces, piece.String())
			piece.Reset()
		case '\\':
			if i+1 == len(text) || text[i+1] != '*' && text[i+1] != '\\' {
				return nil, r.fail(fmt.Sprintf("Invalid escape character at pos %d", i))
			}
			i++
			piece.WriteByte(text[i])
		default:
			piece.WriteByte(text[i])
		}
	}
	return append(pieces, piece.String()), nil
}

func (r *reader) cidr(text string) (netip.Prefix, error) {
	address, bits, ok := strings.Cut(text, "/")
	if !ok || strings.Contains(bits, "/") {
		return netip.Prefix{}, r.fail("Malformed CIDR, one '/' required")
	}
	n, err := strconv.Atoi(bits)
	if err != nil {
		return netip.Prefix{}, r.fail("Malformed CIDR, mask bits must be an integer")
	}
	if n < 0 {
		return netip.Prefix{}, r.fail("Malformed CIDR, mask bits must not be negative")
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, r.fail("Nonstandard IP address: " + address)
	}
	if ip.Is4() && n > 31 {
		return netip.Prefix{}, r.fail("IPv4 mask bits must be < 32")
	}
	if ip.Is6() && n > 127 {
		return netip.Prefix{}, r.fail("IPv6 mask bits must be < 128")
	}
	return netip.PrefixFrom(ip, n).Masked(), nil
}
