package trust

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestShown is how much of a stranger's text stands in a sentence.
const longestShown = 300

// show quotes a text that a stranger may have written, so that it cannot act on
// a terminal, and cuts it.
func show(s string) string {
	if utf8.RuneCountInString(s) > longestShown {
		return strconv.Quote(string([]rune(s)[:longestShown])) + "…"
	}
	return strconv.Quote(s)
}

// printable spells out what could act on a terminal: control characters, changes
// of the direction of writing. Line feeds stay.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// clean makes the sentences of the answer printable: they quote a token, which a
// stranger may have written.
func (a *Answer) clean() {
	all := []*string{&a.Reason, &a.AWS, &a.Provider.ARN, &a.Edit.Why}
	for i := range a.Statements {
		for j := range a.Statements[i].Clauses {
			all = append(all, &a.Statements[i].Clauses[j].Note)
		}
	}
	for _, list := range [][]Finding{a.Never, a.Dangers} {
		for i := range list {
			all = append(all, &list[i].Why, &list[i].Fix)
		}
	}
	for _, s := range all {
		*s = printable(*s)
	}
}
