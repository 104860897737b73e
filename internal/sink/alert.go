package sink

import (
	"fmt"
	"strings"
)

// Severity says how loudly an alert is told. The zero value is Info.
type Severity int

// The severities, lowest first.
const (
	Info     Severity = iota // told to nobody
	Warning                  // ntfy, default priority
	Critical                 // Pushover and ntfy, high priority
)

// ParseSeverity reads "critical", "warning" or "info".
func ParseSeverity(s string) (Severity, error) {
	for v := Info; v <= Critical; v++ {
		if s == v.String() {
			return v, nil
		}
	}
	return Info, fmt.Errorf("severity %q is not critical, warning or info", plain(s, 40))
}

// String returns the name that ParseSeverity reads.
func (s Severity) String() string {
	switch s {
	case Critical:
		return "critical"
	case Warning:
		return "warning"
	}
	return "info"
}

// Alert is one thing to tell, once. The zero value is nothing to tell.
type Alert struct {
	// Type is a path such as "guardduty/UnauthorizedAccess:EC2-SSHBruteForce"; it
	// selects runbook and severity. See doc.go, "Types".
	Type string
	// Key is the same for two alerts about the same finding.
	Key string
	// Severity is the payload's own, before SINK_SEVERITIES.
	Severity Severity
	// Title is one line; Text may have several. Both come from outside.
	Title, Text string
	// Facts are shown below the text, in this order.
	Facts []Fact
	// Link is an https address to look at if there is no runbook. Empty: none.
	Link string
	// Group, if not empty, lets alerts of one request be told in one message.
	Group string
}

// Fact is a line below an alert's text, such as Account and its number.
type Fact struct{ Name, Value string }

// facts makes a list of names and values, without the empty ones.
func facts(pairs ...string) []Fact {
	var out []Fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Fact{pairs[i], pairs[i+1]})
		}
	}
	return out
}

// typePath joins what an alert is about to its type. A part may have slashes of its
// own; characters that do not belong in a path become "-".
func typePath(parts ...string) string {
	var out []string
	for _, part := range parts {
		for segment := range strings.SplitSeq(part, "/") {
			s := strings.Map(func(r rune) rune {
				switch {
				case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._:!@&-", r):
					return r
				}
				return '-'
			}, segment)
			if s = strings.Trim(s, "."); s != "" {
				out = append(out, s)
			}
		}
	}
	return cutBytes(strings.Join(out, "/"), 200)
}

// lookup returns the value of the longest prefix of the type that the map has and
// that ends at a "/", or else that of "*".
func lookup[V any](m map[string]V, kind string) (v V, ok bool) {
	for p := kind; p != ""; {
		if v, ok = m[p]; ok {
			return v, true
		}
		cut := strings.LastIndexByte(p, '/')
		if cut < 0 {
			break
		}
		p = p[:cut]
	}
	v, ok = m["*"]
	return v, ok
}
