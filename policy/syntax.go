package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError says where a document breaks the policy language and how to mend
// it. Parse returns it, always as *SyntaxError.
type SyntaxError struct {
	// Name of the policy, as given to Parse.
	Name string
	// Line and Column of the offending text, from 1; the column counts
	// characters, not bytes.
	Line, Column int
	// Path to the element, such as "Statement[0].Action[2]"; empty for the
	// document itself.
	Path string
	// Msg is the rule that was broken and the text found.
	Msg string
	// Fix is what to write instead; empty when there is nothing sure to say.
	Fix string
}

// Error renders "name:line:column: path: message; fix".
func (e *SyntaxError) Error() string {
	var b strings.Builder
	if e.Name != "" {
		b.WriteString(e.Name)
		b.WriteByte(':')
	}
	b.WriteString(strconv.Itoa(e.Line))
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(e.Column))
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	if e.Fix != "" {
		b.WriteString("; ")
		b.WriteString(e.Fix)
	}
	return b.String()
}

// place turns a byte offset into a line and a column in characters.
func place(src []byte, off int) (line, column int) {
	off = min(max(off, 0), len(src))
	line, start := 1, 0
	for i, c := range src[:off] {
		if c == '\n' {
			line++
			start = i + 1
		}
	}
	return line, utf8.RuneCount(src[start:off]) + 1
}

// nearest returns the candidate that differs from s in at most a third of its
// letters, or "" if none does. Letter case alone counts as one difference.
func nearest(s string, candidates []string) string {
	if len(s) > longestName {
		return ""
	}
	best, bestAt := "", len(s)/3+1
	for _, c := range candidates {
		d := distance(strings.ToLower(s), strings.ToLower(c))
		if d == 0 {
			return c
		}
		if d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// longestName bounds what can be a misspelt name.
const longestName = 64

// distance is Levenshtein's. Neither text is longer than longestName.
func distance(a, b string) int {
	var row [longestName + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diag+cost)
			diag, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
