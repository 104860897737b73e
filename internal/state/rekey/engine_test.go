package rekey_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// What the engines do with a state that was re-keyed, and with one that was taken back:
// docs/state.md says so.
func TestEnginesGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("an engine runs for some seconds")
	}
	t.Parallel()
	for _, e := range enginetest.Chosen(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			stack := t.TempDir()
			config := func(value string) {
				t.Helper()
				w.ok(os.WriteFile(filepath.Join(stack, "main.tf"), fmt.Appendf(nil, `
terraform {
  backend "s3" {
    bucket       = %q
    key          = "dev"
    region       = "eu-west-2"
    use_lockfile = true
  }
}
resource "terraform_data" "a" {
  input = %q
}
`, w.bucket, value), 0o644))
			}
			run := func(status int, args ...string) string {
				t.Helper()
				cmd := exec.Command(e.Path, args...)
				cmd.Dir = stack
				cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
					name, _, _ := strings.Cut(kv, "=")
					return slices.Contains(sandbox.EnvUnset(), name)
				}), append(w.box.Env(), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")...)
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
			first := w.serial("dev")
			config("two")
			apply()
			config("three")
			run(0, "plan", "-input=false", "-no-color", "-out=saved")
			w.run(w.job())
			w.is("dev", first+1, "aws:kms", w.dev)
			config("two")
			run(0, "plan", "-input=false", "-no-color", "-detailed-exitcode") // nothing to do
			old, err := w.store("dev").Read(t.Context(), "")
			w.ok(err)
			w.ok(os.WriteFile(filepath.Join(stack, "old.json"), old, 0o600))

			j := w.job()
			j.Version = fmt.Sprint(first)
			w.run(j)
			w.is("dev", first, "aws:kms", w.dev)
			config("three")
			if out := run(1, "apply", "-input=false", "-no-color", "saved"); !strings.Contains(out, "stale") {
				t.Errorf("a plan saved before a rollback was applied, or refused for another reason:\n%s", out)
			}
			config("four")
			apply()
			if got := w.serial("dev"); got != first+1 {
				t.Errorf("the serial is %d, and counts on from %d", got, first)
			}
			// The serial of the saved plan has come a second time.
			config("three")
			run(0, "apply", "-input=false", "-no-color", "saved")
			w.run(j)
			run(0, "state", "push", "old.json")
			j.To = &rekey.Goal{Algorithm: rekey.SSES3}
			j.Version = ""
			w.run(j)
			config("two")
			run(0, "plan", "-input=false", "-no-color", "-detailed-exitcode")
			w.quiet("dev")
		})
	}
}
