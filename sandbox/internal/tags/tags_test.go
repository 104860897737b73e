package tags_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func TestCheck(t *testing.T) {
	many := map[string]string{}
	for i := range tags.Limit {
		many[strconv.Itoa(i)] = ""
	}
	for _, tt := range []struct {
		tags map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"a": "", strings.Repeat("ü", 128): strings.Repeat("ü", 256)}, ""},
		{many, ""},
		{tags.With(many, map[string]string{"one more": ""}), "at most 50 tags, not 51"},
		{map[string]string{"": "x"}, "1 to 128"},
		{map[string]string{strings.Repeat("k", 129): "x"}, "1 to 128"},
		{map[string]string{"k": strings.Repeat("v", 257)}, "at most 256"},
		{map[string]string{"AWS:owner": "x"}, "reserved"},
	} {
		if got := tags.Check(tt.tags); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("Check(%d tags) = %q, want %q", len(tt.tags), got, tt.want)
		}
	}
}

func TestKeys(t *testing.T) {
	want := []op.Key{op.Single("aws:RequestTag/a", "1"), op.Single("aws:RequestTag/b", ""), op.Multi("aws:TagKeys", "a", "b")}
	if d := cmp.Diff(want, tags.RequestKeys(map[string]string{"b": "", "a": "1"})); d != "" {
		t.Error(d)
	}
	if tags.RequestKeys(nil) != nil || tags.NameKeys(nil) != nil {
		t.Error("a request without tags has keys about them")
	}
	if d := cmp.Diff([]op.Key{op.Multi("aws:TagKeys", "x")}, tags.NameKeys([]string{"x"})); d != "" {
		t.Error(d)
	}
}

func TestChangesAreCopies(t *testing.T) {
	was := map[string]string{"a": "1", "b": "2"}
	if d := cmp.Diff(map[string]string{"a": "9", "b": "2", "c": "3"}, tags.With(was, map[string]string{"a": "9", "c": "3"})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"b": "2"}, tags.Without(was, []string{"a", "z"})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"a": "1", "b": "2"}, was); d != "" {
		t.Errorf("the original changed: %s", d)
	}
}

func TestRead(t *testing.T) {
	type pair struct{ key, value string }
	read := func(list ...pair) (map[string]string, string) {
		return tags.Read(list, func(p pair) (_, _ *string) {
			if p.value == "-" {
				return &p.key, nil
			}
			return &p.key, &p.value
		})
	}
	if got, problem := read(); got != nil || problem != "" {
		t.Errorf("nothing: %v, %q", got, problem)
	}
	got, problem := read(pair{"a", "1"}, pair{"b", ""})
	if d := cmp.Diff(map[string]string{"a": "1", "b": ""}, got); d != "" || problem != "" {
		t.Errorf("%s %q", d, problem)
	}
	for want, list := range map[string][]pair{
		"Duplicate keys": {{"a", "1"}, {"a", "2"}}, "a key and a value": {{"a", "-"}}, "aws:": {{"aws:x", "1"}},
	} {
		if _, problem := read(list...); !strings.Contains(problem, want) {
			t.Errorf("%v: %q, want %q", list, problem, want)
		}
	}
}
