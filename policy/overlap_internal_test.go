package policy

import "testing"

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

// Two patterns overlap if and only if some text matches both. Short patterns
// that overlap at all do so in a short text.
func TestOverlapAgreesWithTryingAllTexts(t *testing.T) {
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
				want := false
				for _, w := range words {
					if p.match(w, nil) && q.match(w, nil) {
						want = true
						break
					}
				}
				if got := p.overlaps(b, nil); got != want {
					t.Errorf("dialect %d: %q and %q: got %v, want %v", d, a, b, got, want)
				}
			}
		}
	}
}
