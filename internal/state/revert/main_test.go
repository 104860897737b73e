package revert_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/revert"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The test binary plays two roles: the tests, and a rollback that kills itself.
func TestMain(m *testing.M) {
	if os.Getenv("STRONGROOM_TEST_ROLE") != "revert" {
		os.Exit(m.Run())
	}
	code, show := diag.Outcome(play())
	if show != nil {
		_ = diag.Human(os.Stderr, show, diag.Style{})
	}
	os.Exit(code)
}

// play runs a rollback once, and kills the process before the N-th step: a request of
// the run, or a write of a file.
func play() error {
	last, err := strconv.Atoi(os.Getenv("STRONGROOM_TEST_KILL"))
	if err != nil {
		return err
	}
	steps := 0
	step := func(what string) {
		if steps++; steps == last {
			fmt.Fprintln(os.Stderr, "killed before "+what)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	h, err := statestore.NewHTTP(os.Getenv("STRONGROOM_TEST_STATE"), os.Getenv)
	if err != nil {
		return err
	}
	planned := false
	h.Client = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if planned {
			step(r.Method + " " + r.URL.Path)
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	p, err := revert.NewPlan(context.Background(), revert.Options{
		Store: h, Environment: "dev", Stack: "infra", Version: "3", Journal: os.Getenv("STRONGROOM_TEST_JOURNAL"),
		At: func(point string) error {
			step("to " + point)
			return nil
		},
	})
	if err != nil {
		return err
	}
	planned = true
	_, err = p.Run(context.Background())
	return err
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// world is a state in GitLab with some versions.
type world struct {
	t       *testing.T
	box     *sandbox.Sandbox
	access  *sandbox.Access
	store   *statestore.HTTP
	journal string
	// written is what every serial was written as.
	written map[uint64]string
}

const lineage = "0f0e0d0c"

// text is a state of a serial, in an order of members and with spaces that no engine
// writes, which holds a secret and what else is asked for.
func text(serial uint64, resource string) string {
	return fmt.Sprintf(`{ "resources":[{"mode":"managed","type":"random_password","name":%q,"instances":[{"attributes":{"id":"none","serial":7,"result":"hush"}}]}], "lineage":%q,
  "serial" :  %d , "version":4,"terraform_version":"1.11.4","outputs":{"serial":{"value":1,"type":"number"}}}`, resource, lineage, serial)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	box, err := sandbox.Start(context.Background(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	w := &world{t: t, box: box}
	w.again()
	return w
}

// again is another state, with serials 3 and 4.
func (w *world) again() {
	w.t.Helper()
	w.journal, w.written = w.t.TempDir(), map[uint64]string{}
	if w.access == nil {
		var err error
		if w.access, err = w.box.AccessToken(sandbox.AccessRequest{Project: "acme/infra", Role: "maintainer"}); err != nil {
			w.t.Fatal(err)
		}
	}
	environ := map[string]string{"TF_HTTP_USERNAME": w.access.Username, "TF_HTTP_PASSWORD": w.access.Token}
	h, err := statestore.NewHTTP(w.access.StateURL+filepath.Base(w.journal)+filepath.Base(filepath.Dir(w.journal)), func(k string) string { return environ[k] })
	if err != nil {
		w.t.Fatal(err)
	}
	h.Client = w.box.HTTPClient()
	w.t.Cleanup(h.Client.CloseIdleConnections)
	w.store = h
	w.put(3, "a")
	w.put(4, "b")
}

// put writes a version without a lock, or with whoever has it.
func (w *world) put(serial uint64, resource string) {
	w.t.Helper()
	if status := w.putText(serial, text(serial, resource), ""); status != http.StatusOK {
		w.t.Fatalf("serial %d was not written: %d", serial, status)
	}
}

func (w *world) putText(serial uint64, text, lock string) (status int) {
	w.t.Helper()
	address := w.store.Address
	if lock != "" {
		address += "?ID=" + lock
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(w.store.Username, w.store.Password)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.store.Client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode == http.StatusOK {
		w.written[serial] = text
	}
	return resp.StatusCode
}

func (w *world) options(version string) revert.Options {
	return revert.Options{Store: w.store, Environment: "dev", Stack: "infra", Version: version, Journal: w.journal}
}

func (w *world) run(o revert.Options) (*revert.Result, error) {
	p, err := revert.NewPlan(context.Background(), o)
	if err != nil {
		return nil, err
	}
	return p.Run(context.Background())
}

// current is the state.
func (w *world) current() (string, *tfstate.Snapshot) {
	w.t.Helper()
	raw, err := w.store.Read(context.Background(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := tfstate.Read(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw), s
}

// kept checks that no version went, or changed.
func (w *world) kept(what string) {
	w.t.Helper()
	for serial, want := range w.written {
		if raw, err := w.store.Read(context.Background(), strconv.FormatUint(serial, 10)); err != nil || string(raw) != want {
			w.t.Errorf("%s: version %d is %s, %v", what, serial, raw, err)
		}
	}
}

// quiet checks that nothing is left: no lock, no journal.
func (w *world) quiet(what string) {
	w.t.Helper()
	l := &tfstate.LockInfo{ID: "look"}
	if err := w.store.Lock(context.Background(), l); err != nil {
		w.t.Errorf("%s: %v", what, err)
	} else if err := w.store.Unlock(context.Background(), l.ID); err != nil {
		w.t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(w.journal, "*.json")); err != nil || len(left) > 0 {
		w.t.Errorf("%s: left in the journals' directory: %q, %v", what, left, err)
	}
}
