package revert_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/revert"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestRevert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := revert.NewPlan(t.Context(), w.options("3"))
	if err != nil {
		t.Fatal(err)
	}
	if added, changed, removed := p.Difference.Count(); added != 1 || changed != 0 || removed != 1 || p.Serial != 5 || p.Now != 4 || p.Difference.From.Serial != 4 || p.Difference.To.Serial != 3 || p.Difference.To.Lineage != lineage {
		t.Errorf("%+v: %+v", p, p.Difference)
	}
	if raw, _ := w.current(); raw != text(4, "b") {
		t.Errorf("a plan changed something: %s", raw)
	}
	r, err := p.Run(t.Context())
	if err != nil || !r.Written || r.Serial != 5 || r.Lineage != lineage {
		t.Fatalf("%+v, %v", r, err)
	}
	// Nothing but the serial is another.
	if raw, _ := w.current(); raw != text(5, "a") {
		t.Errorf("%s", raw)
	}
	w.kept("after it")
	w.quiet("after it")
	// Once more: nothing is written.
	p, err = revert.NewPlan(t.Context(), w.options("3"))
	if err != nil || p.Serial != 0 || !p.Difference.Empty() {
		t.Fatalf("%+v, %v", p, err)
	}
	if r, err := p.Run(t.Context()); err != nil || r.Written || r.Serial != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	// And forth again.
	if r, err := w.run(w.options("4")); err != nil || r.Serial != 6 {
		t.Errorf("%+v, %v", r, err)
	}
	if raw, _ := w.current(); raw != text(6, "b") {
		t.Errorf("%s", raw)
	}
	w.quiet("at the end")
}

func refused(t *testing.T, err error, rule, says string) {
	t.Helper()
	for _, d := range diag.All(err) {
		if d.Rule == rule {
			if d.Why == "" || d.Fix == "" || !strings.Contains(d.Summary+d.Why, says) || strings.Contains(d.Error()+d.Found+d.Why+d.Fix, "hush") {
				t.Errorf("%+v: wants a reason with %q and a fix, and nothing of the state", d, says)
			}
			return
		}
	}
	t.Errorf("want %s, got %v", rule, err)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for version, says := range map[string]string{"2": "keeps none with that serial", "abc": "a version is a serial", "": "a version is a serial", "-1": "a version is a serial", "4/../lock": "a version is a serial"} {
		_, err := w.run(w.options(version))
		refused(t, err, "state-rollback-version", says)
	}
	w.putText(6, `{"serial":6,"something":"else"}`, "")
	_, err := w.run(w.options("6"))
	refused(t, err, "state-rollback-version", "no whole state")
	// From what is no state one comes back all the same.
	p, err := revert.NewPlan(t.Context(), w.options("4"))
	if err != nil || !p.Difference.Unknown || p.Serial != 7 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if raw, _ := w.current(); raw != text(7, "b") {
		t.Errorf("%s", raw)
	}
	// Somebody's lock is not ours to break.
	if err := w.store.Lock(t.Context(), &tfstate.LockInfo{ID: "anns", Who: "ann"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.run(w.options("3"))
	refused(t, err, "state-rollback-locked", "anns")
	if err := w.store.Unlock(t.Context(), "anns"); err != nil {
		t.Fatal(err)
	}
	// What was shown is what is replaced, or nothing is.
	if p, err = revert.NewPlan(t.Context(), w.options("3")); err != nil {
		t.Fatal(err)
	}
	w.put(8, "c")
	_, err = p.Run(t.Context())
	refused(t, err, "state-rollback-moved", "was written since")
	if raw, _ := w.current(); raw != text(8, "c") {
		t.Errorf("%s", raw)
	}
	w.quiet("refused")
	// OpenTofu's own encryption.
	w.putText(9, `{"serial":9,"lineage":"`+lineage+`","meta":{},"encrypted_data":"aGk=","encryption_version":"v0"}`, "")
	_, err = w.run(w.options("8"))
	refused(t, err, "state-rollback-encrypted", "OpenTofu encrypts")
	w.kept("at the end")
}

// Who may only read is told so, and nothing stays.
func TestDeveloper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reads, err := w.box.AccessToken(sandbox.AccessRequest{Project: "acme/infra", User: "dev", Role: "developer"})
	if err != nil {
		t.Fatal(err)
	}
	o := w.options("3")
	store := *w.store
	store.Username, store.Password = reads.Username, reads.Token
	o.Store = &store
	_, err = w.run(o)
	refused(t, err, "state-rollback-gitlab", "locking and writing it Maintainer")
	if strings.Contains(err.Error(), reads.Token) {
		t.Error("it shows the token")
	}
	store.Password += "x"
	_, err = w.run(o)
	refused(t, err, "state-rollback-gitlab", "no token that GitLab knows")
	if raw, _ := w.current(); raw != text(4, "b") {
		t.Errorf("%s", raw)
	}
}

// GitLab that says yes and keeps something else is noticed.
func TestUnverified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.options("3")
	store := *w.store
	inner := store.Client.Transport
	store.Client = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, "/lock") {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}
		return inner.RoundTrip(r)
	})}
	o.Store = &store
	_, err := w.run(o)
	refused(t, err, "state-rollback-unverified", "is not what was written")
	w.quiet("unverified")
}
