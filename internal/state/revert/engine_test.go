package revert_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// What the engines do with a state that was taken back in GitLab: docs/state.md says so.
func TestEnginesGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("an engine runs for some seconds")
	}
	t.Parallel()
	for _, e := range enginetest.Chosen(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.store.Address += "-of-an-engine"
			stack := t.TempDir()
			ok := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			config := func(value string) {
				t.Helper()
				ok(os.WriteFile(filepath.Join(stack, "main.tf"), fmt.Appendf(nil, "terraform {\n  backend \"http\" {}\n}\nresource \"terraform_data\" \"a\" {\n  input = %q\n}\n", value), 0o644))
			}
			run := func(status int, args ...string) string {
				t.Helper()
				cmd := exec.Command(e.Path, args...)
				cmd.Dir = stack
				cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
					name, _, _ := strings.Cut(kv, "=")
					return slices.Contains(sandbox.EnvUnset(), name)
				}), append(append(w.box.Env(), w.access.Environment(filepath.Base(w.store.Address))...), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")...)
				out, _ := cmd.CombinedOutput()
				if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
					t.Fatalf("%q: want status %d\n%s", args, status, out)
				}
				return string(out)
			}
			apply := func() { run(0, "apply", "-input=false", "-auto-approve", "-no-color") }
			config("one")
			run(0, "init", "-input=false", "-no-color")
			apply()
			_, first := w.current()
			config("two")
			apply()
			pulled, _ := w.current()
			ok(os.WriteFile(filepath.Join(stack, "pulled.json"), []byte(pulled), 0o600))
			config("three")
			run(0, "plan", "-input=false", "-no-color", "-out=saved")

			r, err := w.run(w.options(fmt.Sprint(first.Serial)))
			ok(err)
			if _, s := w.current(); !r.Written || s.Digest != first.Digest || s.Serial != first.Serial+2 {
				t.Errorf("%+v, %+v", r, s)
			}
			config("one")
			run(0, "plan", "-input=false", "-no-color", "-detailed-exitcode") // nothing to do
			config("three")
			if out := run(1, "apply", "-input=false", "-no-color", "saved"); !strings.Contains(out, "stale") {
				t.Errorf("a plan saved before a rollback was applied, or refused for another reason:\n%s", out)
			}
			if out := run(1, "state", "push", "pulled.json"); !strings.Contains(out, "serial") {
				t.Errorf("a state that was pulled before was pushed, or refused for another reason:\n%s", out)
			}
			apply()
			if _, s := w.current(); s.Serial != r.Serial+1 {
				t.Errorf("serial %d, after %d", s.Serial, r.Serial)
			}
			w.quiet("at the end")
		})
	}
}
