package trust

import (
	"strconv"
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
