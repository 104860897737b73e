package sink

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable removes what a text from outside must not do to a screen or a log:
// control characters, direction marks and invalid UTF-8. Line ends and tabs become
// a space, unless lines are kept.
func printable(s string, lines bool) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n', r == '\t', r == '\r', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s))
}

// plain returns at most n characters of a text from outside, on one line.
func plain(s string, n int) string { return cutRunes(printable(s, false), n) }

// cutRunes cuts to n characters, the last of which is then an ellipsis.
func cutRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	return string([]rune(s)[:n-1]) + "…"
}

// cutBytes cuts to n bytes between two characters, without a mark.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
