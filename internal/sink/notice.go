package sink

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// notice is one message to a target: an alert, or several of one group.
type notice struct {
	severity Severity
	alerts   []Alert // at least one
	runbook  string  // empty: none
	link     string  // the runbook, or else where the alert points; empty: none
}

// maxTitle is Pushover's limit; ntfy documents none.
const maxTitle = 250

// title returns one line.
func (n notice) title() string {
	t := plain(n.alerts[0].Title, maxTitle)
	if more := len(n.alerts) - 1; more > 0 {
		suffix := fmt.Sprintf(" (and %d more)", more)
		t = cutRunes(t, maxTitle-utf8.RuneCountInString(suffix)) + suffix
	}
	return first(t, n.alerts[0].Type)
}

// text returns the message in at most so many units, as size counts them. What is cut
// is the text that came from outside, so that facts and runbook stay.
func (n notice) text(most int, size func(string) int, cut func(string, int) string) string {
	var tail []string
	if len(n.alerts) == 1 {
		for _, f := range n.alerts[0].Facts {
			if v := plain(f.Value, 200); v != "" {
				tail = append(tail, f.Name+": "+v)
			}
		}
	}
	if n.runbook != "" {
		tail = append(tail, "Runbook: "+n.runbook)
	}
	head := printable(n.alerts[0].Text, true)
	if len(n.alerts) > 1 {
		var lines []string
		for _, a := range n.alerts {
			lines = append(lines, "- "+plain(a.Title, maxTitle))
		}
		head = strings.Join(lines, "\n")
	}
	end := strings.Join(tail, "\n")
	if size(end) > most { // only with a very long runbook
		end = cut(end, most)
	}
	switch room := most - size(end) - 2; {
	case end == "":
		head = cut(head, most)
	case head == "" || room < 1:
		head = end
	default:
		head = cut(head, room) + "\n\n" + end
	}
	return first(strings.TrimSpace(head), n.title())
}
