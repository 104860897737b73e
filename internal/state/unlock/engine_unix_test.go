//go:build unix

package unlock_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/unlock"
)

// held is an apply that does not come to its end.
type held struct {
	cmd   *exec.Cmd
	out   bytes.Buffer
	fifo  *os.File
	ended chan struct{}
}

// run runs an engine in a stack.
func run(t *testing.T, b engine.Binary, dir string, environ []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.Path, args...)
	cmd.Dir, cmd.Env = dir, environ
	cmd.WaitDelay = 30 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", b.Name, args[0], err, out)
	}
}

// hold begins an apply in dir and returns when it is in the middle of it: its one
// resource waits for a pipe.
func hold(t *testing.T, b engine.Binary, dir string, environ []string) *held {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("resource \"terraform_data\" \"waits\" {\n  provisioner \"local-exec\" {\n    command = \"cat %s\"\n  }\n}\n", pipe)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, b, dir, environ, "init", "-input=false", "-no-color")
	h := &held{cmd: exec.Command(b.Path, "apply", "-auto-approve", "-input=false", "-no-color")}
	h.cmd.Dir, h.cmd.Env, h.cmd.WaitDelay = dir, environ, 30*time.Second
	h.cmd.Stdout, h.cmd.Stderr = &h.out, &h.out
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan *os.File, 1)
	go func() {
		f, _ := os.OpenFile(pipe, os.O_WRONLY, 0) // until cat opens the other end
		opened <- f
	}()
	h.ended = make(chan struct{})
	go func() { _ = h.cmd.Wait(); close(h.ended) }()
	t.Cleanup(h.kill)
	select {
	case h.fifo = <-opened:
	case <-h.ended:
		if f, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			<-opened
			f.Close()
		}
		t.Fatalf("the apply ended:\n%s", &h.out)
	}
	return h
}

// kill kills the engine, as the system does when memory runs out, and lets the
// command that it had begun go.
func (h *held) kill() {
	_ = h.cmd.Process.Kill()
	if h.fifo != nil {
		h.fifo.Close()
	}
	<-h.ended
}

func look(t *testing.T, f *unlock.Finder, target state.Target) *unlock.Lock {
	t.Helper()
	l, err := f.Look(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A real engine in the middle of an apply has its lock left alone; when it was
// killed, it is gone, and the lock with it.
func TestEngine(t *testing.T) {
	for _, kind := range []string{"s3", "local"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := enginetest.First(t)
			w := statetest.New(t, "  backend = \""+kind+"\"\n")
			target := w.Target("development")
			dir := t.TempDir() // a checkout of its own, as a job has
			if kind == "local" {
				dir = target.Stack.Dir
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			e := w.Environment("development")
			block, err := state.Block(w.Room, e, e.Stacks[0], map[string]string{"s3": w.Keys["development"]}[kind], false)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "backend.tf"), block.Text(), 0o600); err != nil {
				t.Fatal(err)
			}
			as := w.Access["development"]
			environ := append(engine.Environ(os.Environ(), w.Sandbox.Env(), w.Sandbox.EnvUnset()), "CHECKPOINT_DISABLE=1", "AWS_ACCESS_KEY_ID="+as.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+as.SecretAccessKey)
			// The machine may run other engines, of other tests: this one's alone is looked at.
			var h *held
			f := &unlock.Finder{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Owner)}, Processes: func() ([]unlock.Process, error) {
				list, err := unlock.Processes()
				return slices.DeleteFunc(list, func(p unlock.Process) bool { return h == nil || p.PID != h.cmd.Process.Pid }), err
			}}
			if l := look(t, f, target); l.Holder != unlock.Nobody || l.Release(t.Context()) != nil {
				t.Fatalf("nobody has it: %+v", l)
			}

			h = hold(t, b, dir, environ)
			l := look(t, f, target)
			if l.Holder != unlock.Alive || l.Process != h.cmd.Process.Pid || l.Operation != "OperationTypeApply" || l.ID == "" || l.Since == nil {
				t.Fatalf("in the middle of an apply: %+v, the engine is process %d\n%s", l, h.cmd.Process.Pid, &h.out)
			}
			if err := l.Release(t.Context()); err == nil || !strings.Contains(err.Error(), "is held") || l.Released {
				t.Errorf("it was taken away: %v, %+v", err, l)
			}
			if kind == "s3" { // another state's lock, taken by the same person at the same time
				other := w.Target("production")
				info := state.NewLock("OperationTypeApply")
				info.Info = ""
				if err := state.NewBucket(w.Room, w.Owner).Store(other, "").Lock(t.Context(), info); err != nil {
					t.Fatal(err)
				}
				if l := look(t, f, other); l.Holder != unlock.Gone {
					t.Errorf("another state's: %+v", l)
				}
			}

			h.kill()
			l = look(t, f, target)
			if l.Holder != unlock.Gone || !strings.Contains(l.Why, "killed process left") {
				t.Fatalf("killed: %+v", l)
			}
			if err := l.Release(t.Context()); err != nil || !l.Released {
				t.Fatalf("%v, %+v", err, l)
			}
			if l := look(t, f, target); l.Holder != unlock.Nobody {
				t.Errorf("still there: %+v", l)
			}
			run(t, b, dir, environ, "plan", "-input=false", "-no-color") // which takes the lock
		})
	}
}
