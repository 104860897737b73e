package bootstrap_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// These tests kill the sandbox, and not the bootstrap: that one has to notice,
// end by itself and say what to do. The sandbox comes back with what it had on
// disk, and the next run goes on.

// points are all points between two steps.
var points = []string{
	"before preflight", "before prepare", "before plan", "before apply", "before backend", "before migrate", "before verify", "before clean",
}

// patient reports whether to wait for the end of a bootstrap whose engine waits:
// a backend or a provider that cannot be initialised asks for half a minute,
// interrupted or not. Otherwise the bootstrap is killed as well.
func patient(when string) bool {
	switch when {
	case "before preflight", "before prepare", "before backend", "before verify", "CreateBucket":
		return true
	}
	return enginetest.Full()
}

// gone checks how a bootstrap ended that lost its sandbox, and starts that again.
func (w *world) gone(o outcome, when string) {
	w.t.Helper()
	w.t.Logf("the sandbox died %s\n%s", when, o.log)
	if o.code == killed {
		w.startSandbox()
		return
	}
	if o.code != 1 || !strings.Contains(o.log, "AWS does not answer") || !strings.Contains(o.log, "run it again") {
		w.t.Errorf("the sandbox died %s: exit status %d, and it does not say that AWS is gone and what to do:\n%s", when, o.code, o.log)
	}
	w.startSandbox()
}

// diesAt kills the sandbox while a bootstrap stands between two steps.
func (w *world) diesAt(point string) outcome {
	w.t.Helper()
	stdin, goOn, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer goOn.Close()
	paused, there, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer paused.Close()
	c := w.startWith(stdin, []*os.File{there}, "STRONGROOM_TEST_PAUSE="+point)
	_, _ = stdin.Close(), there.Close()
	if _, err := bufio.NewReader(paused).ReadString('\n'); err != nil { // it ends when the bootstrap does
		c.wait()
		w.t.Fatalf("it did not get to %q: %v\n%s", point, err, &c.stderr)
	}
	w.stopSandbox(syscall.SIGKILL)
	_ = goOn.Close()
	if point != "before clean" && !patient(point) {
		c.kill()
	}
	return c.wait()
}

// outlives waits for the end of the sandbox or, should it not come, of the bootstrap.
func (c *child) outlives() {
	for {
		select {
		case _, ok := <-c.w.events:
			if !ok {
				return
			}
		case <-c.done:
			return
		}
	}
}

// diesUnder has the sandbox kill itself when it has done something and before
// much else can happen: "CreateKey", "PutObject .tflock 2".
func (w *world) diesUnder(last string) {
	w.t.Helper()
	w.stopSandbox(syscall.SIGKILL)
	w.startSandbox("STRONGROOM_TEST_DIE=" + last)
	c := w.start()
	if !patient(last) {
		c.outlives()
		c.kill()
	}
	o := c.wait()
	if by := w.stopSandbox(syscall.SIGTERM); by != syscall.SIGKILL {
		w.t.Fatalf("bootstrap ended, exit status %d, without %s\n%s", o.code, last, o.log)
	}
	w.gone(o, "under "+last)
}

// One room whose sandbox dies at every point between two steps, under an apply, and
// under the move of the state: while it is locked, copied and unlocked.
func TestSandboxDies(t *testing.T) {
	engineNeeded(t)
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b)
			for _, point := range points {
				switch point {
				case "before clean": // nothing is asked of AWS any more
					if o := w.diesAt(point); o.code != 0 {
						t.Errorf("the state is proven to be in the bucket, but exit status %d:\n%s", o.code, o.log)
					}
					w.startSandbox()
					continue
				case "before backend":
					w.diesUnder("CreateBucket")
				case "before verify":
					w.diesUnder("PutObject .tflock")
					w.diesUnder("PutObject terraform.tfstate")
					w.diesUnder("DeleteObject .tflock")
				}
				w.gone(w.diesAt(point), point)
				if missing(w.stack("terraform.tfstate")) && point == "before verify" {
					t.Error("the local state went before the move was proven")
				}
			}
			w.finishes()
			w.complete()
		})
	}
}

// A room for each operation under which the sandbox can die.
func TestSandboxDiesUnderEveryOperation(t *testing.T) {
	engineNeeded(t)
	if !enginetest.Full() {
		t.Skip("make test-full runs it: a minute for each operation")
	}
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		for _, last := range []string{
			"CreateBucket", "CreateKey", "CreateAlias", "CreateOpenIDConnectProvider", "CreateRole", "PutRolePolicy",
			"PutBucketVersioning", "PutBucketEncryption", "PutBucketPublicAccessBlock", "PutBucketOwnershipControls", "PutBucketPolicy",
		} {
			t.Run(b.Name+"/apply/"+last, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, b)
				w.diesUnder(last)
				w.finishes()
				w.complete()
			})
		}
		moves(t, b)
	}
}

// moves has the sandbox die under each request of the migration (the first of
// its kind) and of the push that follows (the second).
func moves(t *testing.T, b engine.Binary) {
	t.Run(b.Name+"/move", func(t *testing.T) {
		t.Parallel()
		applied := newWorld(t, b)
		applied.dies("before migrate")
		applied.stopSandbox(syscall.SIGKILL)
		for _, last := range []string{
			"PutObject .tflock 1", "PutObject terraform.tfstate 1", "DeleteObject .tflock 1",
			"PutObject .tflock 2", "PutObject terraform.tfstate 2", "DeleteObject .tflock 2",
		} {
			t.Run(last, func(t *testing.T) {
				w := applied.copy(t)
				w.diesUnder(last)
				if missing(w.stack("terraform.tfstate")) {
					t.Error("the local state went before the move was proven")
				}
				w.finishes()
				w.complete()
			})
		}
	})
}

// copy is another world like one whose sandbox is stopped.
func (w *world) copy(t *testing.T) *world {
	t.Helper()
	c := &world{t: t, engine: w.engine, dir: filepath.Join(t.TempDir(), "room"), data: filepath.Join(t.TempDir(), "data")}
	for from, to := range map[string]string{w.dir: c.dir, w.data: c.data} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	c.startSandbox()
	t.Cleanup(func() { c.stopSandbox(syscall.SIGKILL) })
	return c
}
