package page_test

import (
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func TestEveryEntryIsOnOnePage(t *testing.T) {
	key := func(s string) string { return s }
	all := []string{"a", "b", "c", "d", "e"}
	var got []string
	var token *string
	for {
		part, next := page.Cut(all, key, 2, token)
		got = append(got, part...)
		if token = next; token == nil {
			break
		}
	}
	if !slices.Equal(got, all) {
		t.Errorf("got %v", got)
	}
	after := "bb"
	if part, next := page.Cut(all, key, 3, &after); !slices.Equal(part, []string{"c", "d", "e"}) || next != nil {
		t.Errorf("after an entry that is gone: %v %v", part, next)
	}
}
