package policy

import (
	"strings"
	"testing"
)

// texts lists all strings over the letters up to a length.
func texts(letters string, length int) []string {
	all := []string{""}
	for from := 0; length > 0; length-- {
		end := len(all)
		for _, t := range all[from:end] {
			for i := range letters {
				all = append(all, t+letters[i:i+1])
			}
		}
		from = end
	}
	return all
}

// Two patterns overlap if some text matches both, and one covers the other if it
// matches all of its texts. For short patterns short texts show it.
func TestPatternsCompareAsTryingAllTextsDoes(t *testing.T) {
	words := texts("a:", 6)
	compile := func(s string, d dialect) pattern {
		p, problem := compileText(s, d, false)
		if problem != "" {
			t.Fatalf("%q: %s", s, problem)
		}
		return p
	}
	for _, d := range []dialect{globText, resourceText} {
		for _, a := range texts("a:*?", 3) {
			p := compile(a, d)
			for _, b := range texts("a:*", 3) {
				q := compile(b, globText)
				all, some := true, false
				for _, w := range words {
					if q.match(w, nil) {
						all, some = all && p.match(w, nil), some || p.match(w, nil)
					}
				}
				covers, overlaps := p.compare(b, nil)
				if overlaps != some {
					t.Errorf("dialect %d: %q and %q overlap %v, want %v", d, a, b, overlaps, some)
				}
				// Where only order differs, "no" is good enough: see subsumes.
				if covers && !all || !covers && all && !strings.Contains(a, "?") && d == globText {
					t.Errorf("dialect %d: %q covers %q %v, want %v", d, a, b, covers, all)
				}
			}
		}
	}
}
