package revert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/revert"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// survived checks what has to be true at any time: the state is whole, the former one or
// the one that was asked for, with no lower serial, and no version was lost.
func (w *world) survived(what string) {
	w.t.Helper()
	raw, s := w.current()
	highest := uint64(0)
	for serial := range w.written {
		highest = max(highest, serial)
	}
	if raw != w.written[highest] && raw != text(highest+1, "a") {
		w.t.Errorf("%s: serial %d is %s", what, s.Serial, raw)
	}
	w.kept(what)
}

// completes runs it again, undisturbed.
func (w *world) completes(what string) {
	w.t.Helper()
	if _, err := w.run(w.options("3")); err != nil {
		w.t.Fatalf("%s: again: %v", what, err)
	}
	if raw, s := w.current(); raw != text(s.Serial, "a") || s.Serial < 5 {
		w.t.Errorf("%s: then it is %s", what, raw)
	}
	w.kept(what)
	w.quiet(what)
}

// A rollback that is killed before any request and any write of a file loses nothing,
// and the next one completes.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs once for each request")
	}
	t.Parallel()
	w := newWorld(t)
	stale := 0
	for n := 1; ; n++ {
		w.again()
		log, ended := w.killed(n)
		if ended {
			if n < 7 || stale == 0 {
				t.Errorf("there were %d steps to be killed at, and %d locks were left", n-1, stale)
			}
			return
		}
		what := fmt.Sprintf("step %d, %s", n, log)
		w.survived(what)
		if err := w.store.Lock(context.Background(), &tfstate.LockInfo{ID: "look"}); err != nil {
			if stale++; !strings.Contains(err.Error(), "strongroom-rollback-") {
				t.Errorf("%s: the lock does not say whose it is: %v", what, err)
			}
		} else if err := w.store.Unlock(context.Background(), "look"); err != nil {
			t.Fatal(err)
		}
		w.completes(what)
		if t.Failed() {
			return
		}
	}
}

func (w *world) killed(n int) (log string, ended bool) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(append(os.Environ(), w.box.Env()...), w.access.Environment("")...),
		"STRONGROOM_TEST_ROLE=revert", fmt.Sprintf("STRONGROOM_TEST_KILL=%d", n), "STRONGROOM_TEST_STATE="+w.store.Address, "STRONGROOM_TEST_JOURNAL="+w.journal)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 0 {
		w.t.Fatalf("it did not die: %v\n%s", err, &out)
	}
	return strings.TrimSpace(out.String()), cmd.ProcessState.ExitCode() == 0
}

type response = *http.Response

// disturbance does something at a step instead of it, or before or after it.
type disturbance struct {
	// at is called in the place of the step; do does it. response is nil for a write of a
	// file, whose error it is.
	at func(w *world, do func() (response, error)) (response, error)
	// stays is true of what disturbs all later steps too.
	stays bool
	// files: writes of files are disturbed, and not requests.
	files bool
	// harmless: it ends well by itself, whatever step it is.
	harmless bool
}

var errCut = errors.New("connection reset by peer")

func says(status int, text string) func(*world, func() (response, error)) (response, error) {
	return func(*world, func() (response, error)) (response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}, nil
	}
}

func cutAfter(_ *world, do func() (response, error)) (response, error) {
	if r, err := do(); err == nil {
		r.Body.Close()
	}
	return nil, errCut
}

var disturbances = map[string]disturbance{
	"the connection is cut before": {at: func(*world, func() (response, error)) (response, error) { return nil, errCut }, harmless: true},
	"the connection is cut after":  {at: cutAfter, harmless: true},
	"cut after, for good":          {at: cutAfter, stays: true},
	"too many requests":            {at: says(http.StatusTooManyRequests, "Retry later"), harmless: true},
	"down for good":                {at: says(http.StatusBadGateway, "<html>502</html>"), stays: true},
	"the token expires":            {at: says(http.StatusUnauthorized, `{"message":"401 Unauthorized"}`), stays: true},
	"an apply without locks": {at: func(w *world, do func() (response, error)) (response, error) {
		_, s := w.current()
		w.apply(s.Serial+1, "")
		return do()
	}},
	"an apply with locks": {at: func(w *world, do func() (response, error)) (response, error) {
		if err := w.store.Lock(context.Background(), &tfstate.LockInfo{ID: "anns"}); err == nil {
			_, s := w.current()
			w.apply(s.Serial+1, "anns")
			if err := w.store.Unlock(context.Background(), "anns"); err != nil {
				w.t.Fatal(err)
			}
		}
		return do()
	}},
	"the disk is full": {at: func(*world, func() (response, error)) (response, error) {
		return nil, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}, stays: true, files: true},
}

// apply writes a newer state, as an engine does.
func (w *world) apply(serial uint64, lock string) {
	w.t.Helper()
	// Without a lock GitLab refuses it while somebody has one.
	if status := w.putText(serial, text(serial, "newer"), lock); status != http.StatusOK && lock != "" {
		w.t.Fatalf("an apply: %d", status)
	}
}

func TestNothingLost(t *testing.T) {
	t.Parallel()
	for name, d := range disturbances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for n := 1; ; n++ {
				w.again()
				if !w.disturbed(name, d, n) {
					if n < 3 || n < 6 && !d.files {
						t.Errorf("there were %d steps to disturb", n-1)
					}
					return
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// disturbed runs it with the N-th step disturbed, and then again. It is false when there
// is no such step.
func (w *world) disturbed(name string, d disturbance, n int) bool {
	w.t.Helper()
	steps, planned, what := 0, false, ""
	step := func(point string, file bool, do func() (response, error)) (response, error) {
		if !planned || file != d.files {
			return do()
		}
		if steps++; steps == n {
			what = fmt.Sprintf("%s: step %d, %s", name, n, point)
		}
		if steps == n || steps > n && d.stays {
			return d.at(w, do)
		}
		return do()
	}
	o := w.options("3")
	store := *w.store
	inner := store.Client.Transport
	store.Client = &http.Client{Transport: tripper(func(r *http.Request) (response, error) {
		return step(r.Method+" "+r.URL.Path, false, func() (response, error) { return inner.RoundTrip(r) })
	})}
	store.Wait = func(context.Context, time.Duration) error { return nil }
	o.Store = &store
	o.At = func(point string) error {
		_, err := step(point, true, func() (response, error) { return nil, nil })
		return err
	}
	p, err := revert.NewPlan(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	planned = true
	_, err = p.Run(context.Background())
	if steps < n {
		if err != nil {
			w.t.Errorf("%s: undisturbed: %v", name, err)
		}
		return false
	}
	w.survived(what)
	switch {
	case d.harmless && err != nil:
		w.t.Errorf("%s: %v", what, err)
	case d.harmless:
		w.quiet(what)
	case err != nil:
		for _, one := range diag.All(err) {
			if !strings.Contains(one.Fix, "again") && !strings.Contains(one.Fix, "wait") {
				w.t.Errorf("%s: it does not say that it can be run again: %+v", what, one)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(w.journal, ".strongroom-*")); len(left) > 0 {
		w.t.Errorf("%s: left: %q", what, left)
	}
	w.completes(what)
	return true
}
