package modules_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// stack is a root module with the baseline beside it, which a real engine works on in a
// sandbox, by plain commands.
type stack struct {
	t       *testing.T
	engine  engine.Binary
	dir     string
	environ []string
	socket  enginetest.Socket
}

// newStack writes the root module. With mortal, prevent_destroy is taken off in the copy
// of the modules, so that the stack can be destroyed.
func newStack(t *testing.T, b engine.Binary, s *sandbox.Sandbox, root string, mortal bool) *stack {
	t.Helper()
	k := &stack{t: t, engine: b, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(k.dir, "main.tf"), []byte(root), 0o600); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(k.dir, "baseline")
	if err := os.CopyFS(beside, os.DirFS("baseline")); err != nil {
		t.Fatal(err)
	}
	if mortal {
		k.lift(beside)
	}
	plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
	if err != nil {
		t.Fatal(err)
	}
	k.environ = append(engine.Environ(os.Environ(), append(plugins.Set, s.Env()...), append(s.EnvUnset(), plugins.Unset...)),
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	return k
}

// lift takes prevent_destroy off.
func (k *stack) lift(dir string) {
	k.t.Helper()
	lifted := 0
	files, err := filepath.Glob(dir + "/*/*.tf")
	if err != nil {
		k.t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			k.t.Fatal(err)
		}
		lifted += bytes.Count(text, []byte("prevent_destroy = true"))
		if err := os.WriteFile(name, bytes.ReplaceAll(text, []byte("prevent_destroy = true"), []byte("prevent_destroy = false")), 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
	if lifted == 0 {
		k.t.Fatal("no prevent_destroy found to take off")
	}
}

// run runs a command of the engine and returns what it printed and its exit status.
func (k *stack) run(args ...string) (out string, status int) {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), k.engine.Path, append(args, "-no-color")...)
	cmd.WaitDelay = 30 * time.Second // a provider that outlives its engine holds the output
	cmd.Dir, cmd.Env = k.dir, k.socket.Attached(k.t, k.dir, k.environ)
	out0, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		k.t.Fatal(err)
	}
	return string(out0), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (k *stack) must(args ...string) string {
	k.t.Helper()
	out, status := k.run(args...)
	if status != 0 {
		if _, reason, ok := strings.Cut(out, "\nError: "); ok { // the plan above it is long
			out = "Error: " + reason
		}
		k.t.Fatalf("%s %s: exit status %d\n%s", k.engine, strings.Join(args, " "), status, out)
	}
	return out
}

// settled fails when a plan finds anything to do: what was applied does not read back as
// it was written.
func (k *stack) settled(args ...string) {
	k.t.Helper()
	if out, status := k.run(append([]string{"plan", "-detailed-exitcode"}, args...)...); status != 0 {
		k.t.Errorf("a second plan is not a no-op, exit status %d\n%s", status, out)
	}
}
