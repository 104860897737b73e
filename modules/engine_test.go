package modules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// Each module's own tests, with a mocked provider: no credentials and no sandbox. By the
// engine that a user would get, or by both with STRONGROOM_TEST_FULL ("make modules").
func TestModulesPassTheirOwnTests(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need about a minute")
	}
	for _, b := range enginetest.Chosen(t) {
		plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
		if err != nil {
			t.Fatal(err)
		}
		environ := engine.Environ(os.Environ(), plugins.Set, plugins.Unset)
		outer, attached := t, false
		for _, module := range names(t) {
			t.Run(b.Name+"/"+module, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), module)
				if err := os.CopyFS(dir, os.DirFS(module)); err != nil {
					t.Fatal(err)
				}
				for _, args := range [][]string{
					{"init", "-backend=false", "-no-color"}, {"fmt", "-check", "-recursive", "-diff"}, {"test", "-no-color"},
				} {
					if args[0] == "test" && !attached {
						environ, attached = enginetest.Attached(outer, dir, environ), true // one for all
					}
					cmd := exec.CommandContext(t.Context(), b.Path, args...)
					cmd.WaitDelay = 30 * time.Second // a provider that outlives its engine holds the output
					cmd.Dir, cmd.Env = dir, environ
					out, err := cmd.CombinedOutput()
					if err != nil {
						t.Fatalf("%s %s: %v\n%s", b, strings.Join(args, " "), err, out)
					}
					if args[0] == "test" && !strings.Contains(string(out), " 0 failed") {
						t.Fatalf("%s test ran no test:\n%s", b, out)
					}
				}
			})
		}
	}
}
