package room_test

import (
	"errors"
	"testing"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// FuzzSpec: any text is a room or a list of diagnostics with a place and a
// reason, and a room that is accepted renders.
func FuzzSpec(f *testing.F) {
	f.Add([]byte(minimal))
	if src, err := examples.FS.ReadFile("foundations/strongroom.hcl"); err == nil {
		f.Add(src)
	}
	for _, s := range []string{"", "{", "name = 1e999999999", "forge \"gitlab\" \"x\" {}", "name = \"${1/0}\"", "name = <<X\n\nX\n", "a \"\\ud800\" {}", "name = [for x in [1] : x]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := room.Parse("strongroom.hcl", src)
		if err != nil {
			var list diag.List
			if !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("%T is not a list of diagnostics: %v", err, err)
			}
			for _, d := range list {
				if d.Rule == "" || d.Summary == "" || d.Why == "" || d.Fix == "" {
					t.Errorf("an incomplete diagnostic: %+v", d)
				}
			}
			return
		}
		if _, err := room.Render(r); err != nil {
			t.Errorf("an accepted spec does not render: %v", err)
		}
	})
}
