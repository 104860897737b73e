package migrate_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// Every pair, one after the other, with the sources left where they are: so that each
// place but the first is come back to.
func TestEveryPair(t *testing.T) {
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b)
			w.at("local")
			from := "local"
			for _, to := range []string{"s3", "http", "s3", "local", "http", "local"} {
				r := w.finishes(to)
				if !r.Changed || r.Home || len(r.Workspaces) != 1 || r.Workspaces[0].After == nil {
					t.Errorf("%s to %s: %+v", from, to, r)
				}
				t.Logf("%s to %s: %+v", from, to, r.Workspaces[0].After)
				if t.Failed() {
					return
				}
				from = to
			}
			w.plansNothing()
		})
	}
}
