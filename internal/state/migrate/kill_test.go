package migrate_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// pairs are all there are; workspaces where both places have them.
var pairs = []struct {
	from, to   string
	workspaces []string
	// at and n are the default's sample: in the middle of what the engine does.
	at string
	n  int
}{
	{"local", "s3", []string{"two"}, "request", 22},
	{"s3", "local", []string{"two"}, "write", 20},
	{"local", "http", nil, "request", 7},
	{"http", "local", nil, "step", 14},
	{"s3", "http", nil, "write", 20},
	{"http", "s3", nil, "request", 24},
}

// trigger starts a migration and kills it at the n-th of something. It reports false
// when the migration ended before that.
type trigger func(w *world, to string, n int) bool

// atRequest kills after the n-th request to AWS or GitLab, whoever made it.
func atRequest(w *world, to string, n int) bool {
	return w.killedBy(to, func(count func()) (stop func()) {
		w.mu.Lock()
		w.event = count
		w.mu.Unlock()
		return func() {
			w.mu.Lock()
			w.event = nil
			w.mu.Unlock()
		}
	}, n)
}

// atStep kills before the n-th step, request or write of the program itself.
func atStep(w *world, to string, n int) bool {
	o := w.order("run", to)
	o.KillAt = fmt.Sprintf("#%d", n)
	return w.ended(w.start(o))
}

// atWrite kills after the n-th change to a file of the stack's directory, whoever
// made it.
func atWrite(w *world, to string, n int) bool {
	return w.killedBy(to, w.watch, n)
}

// killedBy kills a migration the n-th time that count is called.
func (w *world) killedBy(to string, listen func(count func()) (stop func()), n int) bool {
	w.t.Helper()
	var mu sync.Mutex
	seen := 0
	reached := make(chan struct{})
	stop := listen(func() {
		mu.Lock()
		defer mu.Unlock()
		if seen++; seen == n {
			close(reached)
		}
	})
	defer stop()
	c := w.start(w.order("run", to))
	select {
	case <-reached:
		c.kill()
	case <-c.done:
	}
	return w.ended(c)
}

// ended reports whether a migration was killed; one that failed by itself is an error.
func (w *world) ended(c *child) bool {
	w.t.Helper()
	o := c.wait()
	if o.code > 0 {
		w.t.Fatalf("exit status %d\n%s", o.code, o.log)
	}
	w.t.Logf("exit status %d\n%s", o.code, o.log)
	return o.code < 0
}

// nothingLost checks that each state is readable as a whole at one place at least, and
// not an older one.
func (w *world) nothingLost(from, to string, workspaces []string) {
	w.t.Helper()
	for i, name := range append([]string{"default"}, workspaces...) {
		want, err := tfstate.Read([]byte(text(lineageOf(name), 3+i, name)))
		if err != nil {
			w.t.Fatal(err)
		}
		whole := false
		for _, kind := range []string{from, to} {
			got, _ := w.get(kind, name)
			whole = whole || got != nil && got.Lineage == want.Lineage && got.Serial >= want.Serial && got.Digest == want.Digest
		}
		if !whole {
			w.t.Errorf("%s: no backend has the state as a whole", name)
		}
	}
}

// The default is a sample of what STRONGROOM_TEST_FULL=1 does with both engines: every
// request, every step, every change to a file.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("an engine runs some times")
	}
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		for _, p := range pairs {
			for _, k := range []struct {
				name string
				at   trigger
			}{
				{"request", atRequest},
				{"step", atStep},
				{"write", atWrite},
			} {
				if k.name != p.at && !enginetest.Full() {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s-%s/%s", b.Name, p.from, p.to, k.name), func(t *testing.T) {
					t.Parallel()
					if !enginetest.Full() {
						if !story(t, b, p.from, p.to, p.workspaces, k.at, p.n) {
							t.Error("it came to its end before: the sample is not one")
						}
						return
					}
					n := 1
					for !t.Failed() && story(t, b, p.from, p.to, p.workspaces, k.at, n) {
						n++
					}
					t.Logf("%d kills", n-1)
				})
			}
		}
	}
}

// story is one migration that is killed, and then run again. It reports whether it was
// killed.
func story(t *testing.T, b engine.Binary, from, to string, workspaces []string, at trigger, n int) (killed bool) {
	t.Run(fmt.Sprint(n), func(t *testing.T) {
		w := newWorld(t, b)
		w.at(from, workspaces...)
		if killed = at(w, to, n); killed {
			w.nothingLost(from, to, workspaces)
			w.finishes(to)
		}
		w.moved(from, to, workspaces...)
		if second := w.finishes(to); second.Changed || !second.Home {
			t.Errorf("a second run changed something: %+v", second)
		}
	})
	return killed
}
