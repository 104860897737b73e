package alerts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/alerts"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// The rules that ship are those that the example room's src stack is planned with, by
// the real engine: whoever changes the module changes them. To write them anew:
// strongroom alerts rules --rules ROOM > internal/alerts/shipped.json
func TestShippedRulesAreTheModules(t *testing.T) {
	for _, binary := range enginetest.Chosen(t) {
		dir := t.TempDir()
		spec, err := examples.FS.ReadFile("foundations/" + room.SpecFile)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, room.SpecFile), spec, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := room.Init(dir, room.Options{}); err != nil {
			t.Fatal(err)
		}
		r, err := alerts.Read(t.Context(), dir, alerts.Planner{Environ: append(os.Environ(), "STRONGROOM_ENGINE="+binary.Path)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text(t, shipped(t)), text(t, r)); diff != "" {
			t.Errorf("%s: shipped.json (-) and the plan (+):\n%s", binary, diff)
		}
		// Nothing is left in the room that was read.
		if left, err := filepath.Glob(filepath.Join(dir, "src", ".terraform*")); err != nil || len(left) > 0 {
			t.Errorf("left in the stack: %q %v", left, err)
		}
	}
}
