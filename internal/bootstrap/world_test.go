package bootstrap_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// engineNeeded leaves a test out of -short: it runs a real engine for a minute.
func engineNeeded(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a real engine runs for a minute or two")
	}
}

// world is a sandbox in a process of its own, and a room that is built in it.
type world struct {
	t      *testing.T
	engine engine.Binary
	dir    string // the room
	data   string // the sandbox's
	listen string

	sandbox *exec.Cmd
	stdin   io.Closer
	env     []string
	events  chan event // unbuffered consumer below keeps all
}

type event struct {
	EventName         string
	ErrorCode         string
	RequestParameters map[string]any
}

// is reports whether the event is a successful call of that name, and, if key
// is not empty, on an object whose key ends so.
func (e event) is(name, key string) bool {
	k, _ := e.RequestParameters["key"].(string)
	return e.EventName == name && e.ErrorCode == "" && (key == "" || strings.HasSuffix(k, key))
}

const spec = `
name    = "kill"
account = "111122223333"
region  = "eu-west-2"
forge "gitlab" {
  project = "acme/infra"
}
state {
  bucket    = "kill-test-state"
  key_alias = "alias/kill-test-state"
  lifecycle = false # the provider would wait a minute over it
}
`

func newWorld(t *testing.T, b engine.Binary) *world {
	t.Helper()
	w := &world{t: t, engine: b, dir: filepath.Join(t.TempDir(), "room"), data: filepath.Join(t.TempDir(), "data")}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, room.SpecFile), []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := room.Init(w.dir, room.Options{}); err != nil {
		t.Fatal(err)
	}
	w.startSandbox()
	t.Cleanup(func() { w.stopSandbox(syscall.SIGKILL) })
	return w
}

// startSandbox starts it, the second time at the same address, with more of
// the environment.
func (w *world) startSandbox(extra ...string) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), "STRONGROOM_TEST_ROLE=sandbox", "STRONGROOM_TEST_DATA="+w.data, "STRONGROOM_TEST_LISTEN="+w.listen), extra...)
	var log bytes.Buffer
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewReaderSize(stdout, 1<<20)
	first, err := lines.ReadBytes('\n')
	if err != nil || json.Unmarshal(first, &w.env) != nil {
		w.t.Fatalf("the sandbox does not start: %v, %q, %s", err, first, &log)
	}
	for _, kv := range w.env {
		if url, ok := strings.CutPrefix(kv, "HTTPS_PROXY=http://"); ok {
			w.listen = url
		}
	}
	events := make(chan event, 1<<16) // more than any test makes
	w.sandbox, w.stdin, w.events = cmd, stdin, events
	go func() {
		defer close(events)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var e event
			if json.Unmarshal(line, &e) == nil {
				events <- e
			}
		}
	}()
}

// stopSandbox ends it with a signal, waits for it, and returns the signal that
// ended it: another one if it was dead already.
func (w *world) stopSandbox(s syscall.Signal) syscall.Signal {
	if w.sandbox == nil {
		return 0
	}
	_ = w.sandbox.Process.Signal(s)
	_ = w.sandbox.Wait()
	_ = w.stdin.Close()
	status, _ := w.sandbox.ProcessState.Sys().(syscall.WaitStatus)
	w.sandbox = nil
	return status.Signal()
}

// child is a bootstrap that runs.
type child struct {
	w              *world
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{}
	killing        sync.Once
}

// start starts a bootstrap, with more of the environment.
func (w *world) start(extra ...string) *child { return w.startWith(nil, nil, extra...) }

// startWith also gives it a stdin, and files from descriptor 3 on.
func (w *world) startWith(stdin io.Reader, pass []*os.File, extra ...string) *child {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := &child{w: w, cmd: exec.Command(self), done: make(chan struct{})}
	unset := sandbox.EnvUnset()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); !contains(unset, k) {
			c.cmd.Env = append(c.cmd.Env, kv)
		}
	}
	c.cmd.Env = append(append(append(c.cmd.Env, w.env...), "STRONGROOM_TEST_ROLE=bootstrap", "STRONGROOM_TEST_ROOM="+w.dir, "STRONGROOM_TEST_ENGINE="+w.engine.Path), extra...)
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	c.cmd.Stdin, c.cmd.ExtraFiles = stdin, pass
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = 30 * time.Second // whoever still holds its output
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = c.cmd.Wait()
		close(c.done)
	}()
	w.t.Cleanup(c.kill)
	return c
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// kill kills the bootstrap, its engine and the engine's provider at once, as a
// power cut would.
func (c *child) kill() {
	c.killing.Do(func() {
		enginetest.KillFamily(c.cmd.Process.Pid)
		<-c.done
	})
}

// at waits for an event, and fails when the bootstrap ends before it comes.
func (c *child) at(name, key string) {
	c.w.t.Helper()
	for {
		select {
		case e, ok := <-c.w.events:
			if !ok {
				c.w.t.Fatalf("the sandbox died before %s %s\n%s", name, key, &c.stderr)
			}
			if e.is(name, key) {
				return
			}
		case <-c.done:
			c.w.t.Fatalf("bootstrap ended before %s %s\n%s", name, key, &c.stderr)
		}
	}
}

// killed is the status of a bootstrap that was killed.
const killed = -1

// outcome is how a bootstrap ended.
type outcome struct {
	code   int
	log    string
	result bootstrap.Result
}

// wait waits for its end.
func (c *child) wait() outcome {
	<-c.done
	o := outcome{code: c.cmd.ProcessState.ExitCode(), log: c.stderr.String()}
	_ = json.Unmarshal(c.stdout.Bytes(), &o.result) // checked by finished
	return o
}

// dies runs a bootstrap that kills itself at a point.
func (w *world) dies(point string) {
	w.t.Helper()
	o := w.start("STRONGROOM_TEST_KILL=" + point).wait()
	w.t.Logf("killed %s\n%s", point, o.log)
	if o.code != killed {
		w.t.Fatalf("it did not get to %q, exit status %d", point, o.code)
	}
}

// killed runs a bootstrap and kills it right after an event.
func (w *world) killed(name, key string) {
	w.t.Helper()
	w.drain()
	c := w.start()
	c.at(name, key)
	c.kill()
	w.t.Logf("killed at %s %s\n%s", name, key, &c.stderr)
}

// drain forgets the events so far.
func (w *world) drain() {
	for {
		select {
		case <-w.events:
		default:
			return
		}
	}
}

// finishes runs a bootstrap that must come to its end.
func (w *world) finishes() bootstrap.Result {
	w.t.Helper()
	o := w.start().wait()
	w.t.Logf("finished\n%s", o.log)
	if o.code != 0 || o.result.Lineage == "" {
		w.t.Fatalf("exit status %d, result %+v", o.code, o.result)
	}
	return o.result
}

// refused runs a bootstrap that must end with a status and say something.
func (w *world) refused(code int, says string, extra ...string) {
	w.t.Helper()
	o := w.start(extra...).wait()
	if o.code != code || !strings.Contains(o.log, says) {
		w.t.Errorf("exit status %d, want %d; want it to say %q:\n%s", o.code, code, says, o.log)
	}
}

func (w *world) stack(name string) string {
	return filepath.Join(w.dir, room.StackBootstrap, name)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}
