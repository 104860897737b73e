package policy

import (
	"strings"
	"testing"
)

// naive matches by trying everything; runes stand for characters. seg says
// whether wildcards outside the last component stay inside a segment.
func naive(pattern, s []rune, d dialect, colons int) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	bounded := (d == arnText || d == resourceText) && colons < 5
	switch c := pattern[0]; {
	case c == '*' && d != plainText:
		// A run of stars is one, and its last one says whether it ends the
		// segment.
		end := 1
		for end < len(pattern) && pattern[end] == '*' {
			end++
		}
		last := end == len(pattern) || pattern[end] == ':'
		crosses := !bounded || d == resourceText && last
		for i := 0; i <= len(s); i++ {
			if naive(pattern[end:], s[i:], d, colons) {
				return true
			}
			if i < len(s) && s[i] == ':' && !crosses {
				return false
			}
		}
		return false
	case c == '?' && d != plainText:
		return len(s) > 0 && (!bounded || s[0] != ':') && naive(pattern[1:], s[1:], d, colons)
	default:
		if len(s) == 0 || s[0] != c {
			return false
		}
		if c == ':' {
			colons++
		}
		return naive(pattern[1:], s[1:], d, colons)
	}
}

func FuzzGlob(f *testing.F) {
	for _, s := range []string{"", "a", "a*b", "*", "?", "a?c", "a**b", "*a*b*", "arn:aws:s3:::b/*", "arn:*:s*3:x*y:1:r:*", "\u00e9?\u4e16*"} {
		f.Add(s, strings.ReplaceAll(s, "*", "xx:"))
		f.Add(s, strings.ReplaceAll(s, "?", "\u4e16"))
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		if len(text) > 40 || len(s) > 40 || strings.Count(text, "*") > 6 {
			return
		}
		if strings.ToValidUTF8(text, "") != text || strings.ToValidUTF8(s, "") != s {
			return
		}
		for _, d := range []dialect{plainText, globText, arnText, resourceText} {
			p, problem := compileText(text, d, false)
			if problem != "" {
				t.Fatalf("%q: %s", text, problem)
			}
			if got, want := p.match(s, nil), naive([]rune(text), []rune(s), d, 0); got != want {
				t.Errorf("dialect %d: pattern %q, text %q: got %v, want %v", d, text, s, got, want)
			}
			p.fold = true
			low, _ := compileText(strings.ToLower(text), d, false)
			if strings.ToLower(text) == strings.ToUpper(text) && p.match(s, nil) != low.match(s, nil) {
				t.Errorf("dialect %d: pattern %q without letters, text %q: folding changes the answer", d, text, s)
			}
		}
	})
}

func TestGlobSegments(t *testing.T) {
	for _, row := range []struct {
		text, s string
		want    bool
	}{
		// The first star must be tried again when the second one meets a colon.
		{"a:*:b*c:d", "a:b1:x:bcc:d", true},
		{"arn:x*:s:y*z:1:r", "arn:x:s:yz:1:r", true},
		{"arn:*:s:y*z:1:r", "arn:q:s:y:s:yz:1:r", true},
		{"arn:*:s:y*z:1:r", "arn:q:s:y:z:1:r", false},
	} {
		p, _ := compileText(row.text, resourceText, false)
		if got := p.match(row.s, nil); got != row.want {
			t.Errorf("%q and %q: got %v, want %v", row.text, row.s, got, row.want)
		}
	}
}
