package sandbox_test

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

// full says that the long tests run on every engine of this machine.
func full() bool { return os.Getenv("STRONGROOM_TEST_FULL") == "1" }

// engines returns the engines of this machine, OpenTofu first; none is a failure.
func engines(t *testing.T) []engine.Binary {
	t.Helper()
	var found []engine.Binary
	seen := map[string]bool{}
	for _, spec := range []string{"tofu", "./bin/tofu", "terraform"} {
		if b, err := engine.Find(t.Context(), engine.Search{Spec: spec, Dir: ".."}); err == nil && !seen[b.Name] {
			seen[b.Name] = true
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		t.Fatal("no engine: install OpenTofu or Terraform, or run: make tofu")
	}
	return found
}

// workdir is a stack that a real engine works on, in a sandbox.
type workdir struct {
	t       *testing.T
	engine  engine.Binary
	dir     string
	environ []string
	socket  enginetest.Socket
}

// newWorkdir copies a stack of testdata/provider. The engine finds the AWS
// provider as a rehearsal does, and works with the credentials given.
func newWorkdir(t *testing.T, b engine.Binary, s *sandbox.Sandbox, c sandbox.Credentials, stack string) *workdir {
	t.Helper()
	w := &workdir{t: t, engine: b, dir: filepath.Join(t.TempDir(), stack)}
	if err := os.CopyFS(w.dir, os.DirFS(filepath.Join("testdata", "provider", stack))); err != nil {
		t.Fatal(err)
	}
	plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
	if err != nil {
		t.Fatal(err)
	}
	set := append(append([]string{}, plugins.Set...), s.Env()...)
	set = append(set, "AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey)
	w.environ = append(engine.Environ(os.Environ(), set, append(s.EnvUnset(), plugins.Unset...)), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	return w
}

// write puts a file into the stack.
func (w *workdir) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs a command of the engine and returns what it printed and its exit status.
func (w *workdir) run(args ...string) (out string, status int) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.engine.Path, args...)
	cmd.WaitDelay = 30 * time.Second // a provider that outlives its engine holds the output
	cmd.Dir, cmd.Env = w.dir, w.socket.Attached(w.t, w.dir, w.environ)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	began := time.Now()
	err := cmd.Run()
	w.t.Logf("%s %s: %.1f s", strings.ToLower(w.engine.Name), strings.Join(args, " "), time.Since(began).Seconds())
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return both.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (w *workdir) must(args ...string) string {
	w.t.Helper()
	out, status := w.run(args...)
	if status != 0 {
		if _, reason, ok := strings.Cut(out, "\nError: "); ok { // the plan above it is long
			out = "Error: " + reason
		}
		w.t.Fatalf("%s %s: exit status %d\n%s", w.engine, strings.Join(args, " "), status, out)
	}
	return out
}

// settled fails when a plan finds anything to do: what was applied does not
// read back as it was written.
func (w *workdir) settled() {
	w.t.Helper()
	if out, status := w.run("plan", "-detailed-exitcode", "-no-color"); status != 0 {
		w.t.Errorf("a second plan is not a no-op, exit status %d\n%s", status, out)
	}
}
