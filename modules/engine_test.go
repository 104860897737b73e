package modules_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// engines returns every engine of this machine: both when "make tofu" was run
// or tofu is on PATH. None is a failure, because the modules would go untested.
func engines(t *testing.T) []engine.Binary {
	t.Helper()
	var found []engine.Binary
	for _, spec := range []string{"terraform", "tofu", filepath.Join("..", "bin", "tofu")} {
		if strings.Contains(spec, "/") {
			abs, err := filepath.Abs(spec)
			if err != nil {
				t.Fatal(err)
			}
			spec = abs
		}
		b, err := engine.Find(context.Background(), engine.Search{Spec: spec})
		if err == nil && (len(found) == 0 || found[len(found)-1].Name != b.Name) {
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		t.Fatal("no engine: install OpenTofu or Terraform, or run: make tofu")
	}
	return found
}

// Each module's own tests, run by each engine that is there, with a mocked
// provider: no credentials and no sandbox.
func TestModulesPassTheirOwnTests(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need about a minute")
	}
	for _, b := range engines(t) {
		plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
		if err != nil {
			t.Fatal(err)
		}
		environ := engine.Environ(os.Environ(), plugins.Set, plugins.Unset)
		for _, module := range names(t) {
			t.Run(b.Name+"/"+module, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), module)
				if err := os.CopyFS(dir, os.DirFS(module)); err != nil {
					t.Fatal(err)
				}
				for _, args := range [][]string{
					{"init", "-backend=false", "-no-color"}, {"fmt", "-check", "-recursive", "-diff"},
					{"validate", "-no-color"}, {"test", "-no-color"},
				} {
					cmd := exec.CommandContext(t.Context(), b.Path, args...)
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
