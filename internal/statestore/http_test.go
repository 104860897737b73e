package statestore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/sandbox"
)

var _ statestore.Store = (*statestore.HTTP)(nil)

// gitLab is a sandbox whose GitLab keeps the states of acme/infra.
type gitLab struct {
	t    *testing.T
	box  *sandbox.Sandbox
	http *http.Client
}

func newGitLab(t *testing.T) *gitLab {
	t.Helper()
	box, err := sandbox.Start(context.Background(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := &gitLab{t, box, box.HTTPClient()}
	t.Cleanup(func() {
		g.http.CloseIdleConnections()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// store is a state as a user sees it.
func (g *gitLab) store(user, role, name string) *statestore.HTTP {
	g.t.Helper()
	a, err := g.box.AccessToken(sandbox.AccessRequest{Project: "acme/infra", User: user, Role: role})
	if err != nil {
		g.t.Fatal(err)
	}
	environ := map[string]string{"TF_HTTP_USERNAME": a.Username, "TF_HTTP_PASSWORD": a.Token}
	h, err := statestore.NewHTTP(a.StateURL+name, func(name string) string { return environ[name] })
	if err != nil {
		g.t.Fatal(err)
	}
	h.Client = g.http
	return h
}

// put writes a state as an engine does.
func (g *gitLab) put(h *statestore.HTTP, lock string, serial int) {
	g.t.Helper()
	address := h.Address
	if lock != "" {
		address += "?ID=" + lock
	}
	g.ask(h, http.MethodPost, address, stateText(serial), http.StatusOK)
}

func (g *gitLab) ask(h *statestore.HTTP, method, address, body string, want int) {
	g.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.SetBasicAuth(h.Username, h.Password)
	r.Header.Set("Content-Type", "application/json")
	resp, err := g.http.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		g.t.Fatalf("%s %s: %d %s, %v", method, address, resp.StatusCode, answer, err)
	}
}

func stateText(serial int) string {
	return fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"6d9d3c8a-0000-4000-8000-000000000000","outputs":{"n":{"value":%d,"type":"number"}},"resources":[],"check_results":null}`, serial, serial)
}

func TestHTTPReads(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	h := g.store("ann", "maintainer", "production")
	none := func(when string) {
		t.Helper()
		if info, err := h.Head(ctx); info != nil || err != nil {
			t.Errorf("%s: head %+v, %v", when, info, err)
		}
		if raw, err := h.Read(ctx, ""); raw != nil || !errors.Is(err, statestore.ErrNone) {
			t.Errorf("%s: read %q, %v", when, raw, err)
		}
		if raw, err := h.Read(ctx, "7"); raw != nil || !errors.Is(err, statestore.ErrNone) {
			t.Errorf("%s: read a version: %q, %v", when, raw, err)
		}
		if list, err := h.Versions(ctx); err != nil || list == nil || len(list) != 0 {
			t.Errorf("%s: versions %+v, %v", when, list, err)
		}
	}
	none("no state")
	// Locking makes a state without a version.
	if err := errors.Join(h.Lock(ctx, lockFor("a-lock")), h.Unlock(ctx, "a-lock")); err != nil {
		t.Fatal(err)
	}
	none("no version")
	for _, serial := range []int{3, 1, 2, 5} {
		g.put(h, "", serial)
	}
	info, err := h.Head(ctx)
	if err != nil || info.Version != "5" || info.Size != int64(len(stateText(5))) || info.Encryption.Algorithm != "" {
		t.Errorf("head %+v, %v", info, err)
	}
	for version, want := range map[string]string{"": stateText(5), "5": stateText(5), "1": stateText(1)} {
		if raw, err := h.Read(ctx, version); err != nil || string(raw) != want {
			t.Errorf("read %q: %s, %v", version, raw, err)
		}
	}
	for _, version := range []string{"4", "9"} {
		if _, err := h.Read(ctx, version); !errors.Is(err, statestore.ErrNone) {
			t.Errorf("read %q: %v", version, err)
		}
	}
	if _, err := h.Read(ctx, "../lock"); err == nil || errors.Is(err, statestore.ErrNone) {
		t.Errorf("read what is no serial: %v", err)
	}
	list, err := h.Versions(ctx)
	var ids []string
	for i, v := range list {
		if ids = append(ids, v.ID); v.Current != (i == 0) || v.Size != int64(len(stateText(5))) || v.Deleted {
			t.Errorf("version %+v", v)
		}
	}
	if err != nil || !slices.Equal(ids, []string{"5", "3", "2", "1"}) {
		t.Errorf("versions %q, %v", ids, err)
	}
	if held, err := h.Locked(ctx); held != nil || !errors.Is(err, statestore.ErrCannotTell) {
		t.Errorf("locked %+v, %v", held, err)
	}
	if h.Kind() != "http" || h.Where() != h.Address {
		t.Errorf("%s at %s", h.Kind(), h.Where())
	}
	// A developer reads.
	if raw, err := g.store("dev", "developer", "production").Read(ctx, ""); err != nil || string(raw) != stateText(5) {
		t.Errorf("a developer reads %s, %v", raw, err)
	}
}

// Versions are looked for over gaps, and not for ever.
func TestHTTPVersionsOverGaps(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	h := g.store("ann", "maintainer", "s")
	for _, serial := range []int{0, 33, 50, 51, 100} {
		g.put(h, "", serial)
	}
	list, err := h.Versions(ctx)
	if err != nil || len(list) != 1 || list[0].ID != "100" { // 51 is further away than 32 serials
		t.Errorf("versions %+v, %v", list, err)
	}
	g.ask(h, http.MethodDelete, h.Address+"/versions/100", "", http.StatusNoContent)
	list, err = h.Versions(ctx)
	var ids []string
	for _, v := range list {
		ids = append(ids, v.ID)
	}
	if err != nil || !slices.Equal(ids, []string{"51", "50", "33", "0"}) {
		t.Errorf("versions %q, %v", ids, err)
	}
	before := len(g.box.ForgeEvents())
	if _, err := h.Versions(ctx); err != nil || len(g.box.ForgeEvents())-before > 60 {
		t.Errorf("%d requests for 52 serials, %v", len(g.box.ForgeEvents())-before, err)
	}
	dotted := g.store("ann", "maintainer", "a.b")
	g.put(dotted, "", 1)
	if list, err := dotted.Versions(ctx); !errors.Is(err, statestore.ErrCannotTell) {
		t.Errorf("versions of a dotted name: %+v, %v", list, err)
	}
}

func TestHTTPLocks(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	ann, bob := g.store("ann", "maintainer", "s"), g.store("bob", "maintainer", "s")
	if err := ann.Lock(ctx, lockFor("1-a")); err != nil {
		t.Fatal(err)
	}
	if err := ann.Lock(ctx, lockFor("1-a")); err != nil {
		t.Errorf("the same lock again, as after a lost answer: %v", err)
	}
	var locked *statestore.LockedError
	err := bob.Lock(ctx, lockFor("2-b"))
	if !errors.As(err, &locked) || locked.Holder.ID != "1-a" || locked.Holder.Who != "ann" || locked.Holder.Created.IsZero() || locked.Where != ann.Address {
		t.Fatalf("a second lock: %v", err)
	}
	if locked.Holder.Operation == lockFor("").Operation || locked.Holder.Version != "" {
		t.Errorf("the refused request's own words are shown as the holder's: %+v", locked.Holder)
	}
	g.put(ann, "1-a", 1) // the lock is the engines' own
	g.ask(bob, http.MethodPost, bob.Address, stateText(2), http.StatusLocked)
	if err := bob.Unlock(ctx, "2-b"); !errors.As(err, &locked) || locked.Holder.ID != "1-a" {
		t.Errorf("unlock of somebody else's: %v", err)
	}
	if err := bob.Unlock(ctx, ""); err == nil || errors.As(err, &locked) {
		t.Errorf("unlock without an ID: %v", err)
	}
	if err := bob.Unlock(ctx, "1-a"); err != nil { // whoever knows the ID
		t.Error(err)
	}
	if err := ann.Unlock(ctx, "1-a"); err != nil {
		t.Errorf("unlock of what is not locked: %v", err)
	}
	if err := bob.Lock(ctx, lockFor("3-b")); err != nil {
		t.Errorf("something is left of a lock: %v", err)
	}
}

// While GitLab deletes a state in the background there is none.
func TestHTTPStateThatIsBeingDeleted(t *testing.T) {
	message := "Terraform::RemoteStateHandler::StateDeletedError"
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprintf(w, `{"message":%q}`, message)
	}))
	defer server.Close()
	h, err := statestore.NewHTTP(server.URL+"/api/v4/projects/1/terraform/state/s", func(string) string { return "x" })
	if err != nil {
		t.Fatal(err)
	}
	h.Client = server.Client()
	if _, err := h.Read(context.Background(), ""); !errors.Is(err, statestore.ErrNone) {
		t.Errorf("%v", err)
	}
	message = "something else"
	var refused *statestore.RefusedError
	if _, err := h.Read(context.Background(), ""); !errors.As(err, &refused) || refused.Message != message {
		t.Errorf("%v", err)
	}
}

// Each refusal is an error and never a state that is not there; none shows the token.
func TestHTTPIsRefused(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	wrong := g.store("ann", "maintainer", "s")
	wrong.Password += "x"
	nobody := g.store("ann", "maintainer", "s")
	nobody.Username, nobody.Password = "", ""
	stranger := g.store("ann", "maintainer", "s")
	stranger.Address = strings.Replace(stranger.Address, "/projects/", "/projects/9", 1)
	elsewhere := g.store("ann", "maintainer", "s")
	elsewhere.Address = "https://gitlab.com/acme/infra"
	deeper := g.store("ann", "maintainer", "a/b")
	for name, tt := range map[string]struct {
		h            *statestore.HTTP
		read, lock   int
		mustBeTold   string
		alsoReported string
	}{
		"a wrong token":    {wrong, 401, 401, "TF_HTTP_PASSWORD", "Unauthorized"},
		"no token":         {nobody, 401, 401, "TF_HTTP_PASSWORD", "Unauthorized"},
		"a reporter":       {g.store("rep", "reporter", "s"), 403, 403, "Developer", "Forbidden"},
		"a developer":      {g.store("dev", "developer", "s"), 0, 403, "Maintainer", "Forbidden"},
		"another project":  {stranger, 404, 404, "no such project", "Project Not Found"},
		"no state":         {elsewhere, 404, 405, "", ""},
		"a slash in names": {deeper, 404, 404, "not that of a state", "Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, readErr := tt.h.Read(ctx, "")
			_, headErr := tt.h.Head(ctx)
			_, versionsErr := tt.h.Versions(ctx)
			lockErr := tt.h.Lock(ctx, lockFor("1"))
			check := func(what string, err error, status int) {
				t.Helper()
				var refused *statestore.RefusedError
				switch {
				case status == 0:
					if errors.As(err, &refused) {
						t.Errorf("%s: %v", what, err)
					}
				case !errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), tt.mustBeTold) && what == "lock" || !strings.Contains(err.Error(), tt.alsoReported):
					t.Errorf("%s: %v, want status %d", what, err, status)
				case tt.h.Password != "" && strings.Contains(err.Error(), tt.h.Password):
					t.Errorf("%s: the error shows the token", what)
				}
			}
			check("read", readErr, tt.read)
			check("head", headErr, tt.read)
			check("versions", versionsErr, tt.read)
			check("lock", lockErr, tt.lock)
			if tt.lock != 405 {
				check("unlock", tt.h.Unlock(ctx, "1"), tt.lock)
			}
		})
	}
}

// A redirect is not followed: it could lead anywhere, with the token.
func TestHTTPFollowsNoRedirect(t *testing.T) {
	asked := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	defer server.Close()
	h, err := statestore.NewHTTP(server.URL+"/api/v4/projects/1/terraform/state/s", func(string) string { return "x" })
	if err != nil {
		t.Fatal(err)
	}
	h.Client = server.Client()
	var refused *statestore.RefusedError
	if _, err := h.Read(context.Background(), ""); !errors.As(err, &refused) || refused.Status != http.StatusMovedPermanently || asked != 1 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestNewHTTPRefuses(t *testing.T) {
	for _, address := range []string{"", "http://gitlab.com/api/v4/projects/1/terraform/state/s", "https:///x", "https://u:p@gitlab.com/x", "https://gitlab.com/x?ID=1", "https://gitlab.com/x/", "https://gitlab.com/x#y", "gitlab.com/x"} {
		if _, err := statestore.NewHTTP(address, func(string) string { return "" }); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("NewHTTP(%q): %v", address, err)
		}
	}
}
