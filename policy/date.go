package policy

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// instant is a moment in seconds since 1970 and nanoseconds.
type instant struct {
	sec  int64
	nsec int64
}

func (a instant) compare(b instant) int {
	return cmp.Or(cmp.Compare(a.sec, b.sec), cmp.Compare(a.nsec, b.nsec))
}

// parseInstant reads the W3C profile of ISO 8601 (a year, a month, a day, or a
// day with a time and zone) or epoch seconds, so that the two forms compare.
// Four digits are a year. A time without a zone is taken as UTC.
// Choice date-forms.
//
// Source: IAM User Guide, reference_policies_elements_condition_operators
// (date condition operators); W3C NOTE-datetime.
func parseInstant(s string) (instant, bool) {
	if len(s) != 4 || !digitsOnly(s) {
		if t, ok := parseEpoch(s); ok {
			return t, true
		}
	}
	var year, month, day = 0, 1, 1
	rest := s
	ok := true
	field := func(width, low, high int) int {
		if !ok || len(rest) < width || !digitsOnly(rest[:width]) {
			ok = false
			return low
		}
		n := 0
		for i := range width {
			n = n*10 + int(rest[i]-'0')
		}
		rest = rest[width:]
		ok = low <= n && n <= high
		return n
	}
	sep := func(c byte) bool {
		if !ok || len(rest) == 0 || rest[0] != c {
			return false
		}
		rest = rest[1:]
		return true
	}
	year = field(4, 0, 9999)
	if sep('-') {
		month = field(2, 1, 12)
		if sep('-') {
			day = field(2, 1, 31)
		}
	}
	if !ok {
		return instant{}, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day {
		return instant{}, false
	}
	at := instant{sec: date.Unix()}
	if rest == "" {
		return at, true
	}
	if len(s)-len(rest) != len("2006-01-02") || !sep('T') && !sep('t') {
		return instant{}, false
	}
	at.sec += int64(field(2, 0, 23)) * 3600
	if !sep(':') {
		return instant{}, false
	}
	at.sec += int64(field(2, 0, 59)) * 60
	if sep(':') {
		at.sec += int64(field(2, 0, 60))
		if sep('.') {
			n := 0
			for n < len(rest) && isDigit(rest[n]) {
				n++
			}
			at.nsec, ok = nanos(rest[:n])
			ok = ok && n > 0
			rest = rest[n:]
		}
	}
	if !ok {
		return instant{}, false
	}
	switch {
	case rest == "" || rest == "Z" || rest == "z":
		return at, true
	case rest[0] == '+' || rest[0] == '-':
		sign := int64(-1)
		if rest[0] == '-' {
			sign = 1
		}
		rest = rest[1:]
		at.sec += sign * int64(field(2, 0, 23)) * 3600
		sep(':')
		at.sec += sign * int64(field(2, 0, 59)) * 60
		return at, ok && rest == ""
	}
	return instant{}, false
}

func parseEpoch(s string) (instant, bool) {
	whole, frac, dot := strings.Cut(s, ".")
	if digits := strings.TrimPrefix(whole, "-"); digits == "" || !digitsOnly(digits) || dot && frac == "" {
		return instant{}, false
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return instant{}, false
	}
	nsec, ok := nanos(frac)
	if whole[0] == '-' && nsec > 0 {
		sec, nsec = sec-1, 1e9-nsec
	}
	return instant{sec: sec, nsec: nsec}, ok
}

// nanos reads a fraction of a second; digits past nanoseconds are cut.
func nanos(frac string) (int64, bool) {
	var n int64
	for i := range 9 {
		n *= 10
		if i < len(frac) {
			n += int64(frac[i] - '0')
		}
		if i < len(frac) && !isDigit(frac[i]) {
			return 0, false
		}
	}
	return n, digitsOnly(frac)
}
