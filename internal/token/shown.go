package token

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// shown makes a text of a stranger fit for a terminal: quoted if it has spaces or
// anything that does not print (control characters, directions of writing), and
// cut after limit runes. limit 0: not cut.
func shown(s string, limit int) string {
	cut := false
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		s, cut = string([]rune(s)[:limit]), true
	}
	if s == "" || strings.ContainsAny(s, " \"") || strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) >= 0 {
		s = strconv.Quote(s)
	}
	if cut {
		s += "…"
	}
	return s
}

// escaped is shown for texts that need no quotes, JSON for one.
func escaped(s string, limit int) string {
	cut := ""
	if utf8.RuneCountInString(s) > limit {
		s, cut = string([]rune(s)[:limit]), "…"
	}
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String() + cut
}
