package trust

import (
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"a*", "a", true}, {"a*", "ba", false}, {"*a", "bca", true},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"a*b*c", "axbxbc", true}, {"a*b*c", "axcxb", false}, {"a**", "abc", true},
		{"repo:a/b:ref:refs/heads/*", "repo:a/b:ref:refs/heads/x/y", true}, {"repo:a/b:ref:refs/heads/main", "repo:a/b:ref:refs/heads/main2", false},
		{strings.Repeat("*a", 200) + "b", strings.Repeat("a", 4000), false},
	} {
		if got := glob(tt.pattern, tt.text); got != tt.want {
			t.Errorf("glob(%.40q, %.40q) = %v", tt.pattern, tt.text, got)
		}
	}
}
