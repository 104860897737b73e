package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// mint asks for an access token of the project acme/infra on gitlab.com.
func mint(t *testing.T, s *sandbox.Sandbox, r sandbox.AccessRequest) *sandbox.Access {
	t.Helper()
	if r.Project == "" {
		r.Project = "acme/infra"
	}
	a, err := s.AccessToken(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// login makes the engine use an access token for a state of GitLab's.
func (w *workdir) login(a *sandbox.Access, state string) {
	w.environ = slices.DeleteFunc(slices.Clone(w.environ), func(kv string) bool { return strings.HasPrefix(kv, "TF_HTTP_") })
	w.environ = append(append(w.environ, a.Environment(state)...), "TF_HTTP_RETRY_MAX=0")
}

// askGitLab makes a request as a holder of a token.
func askGitLab(t *testing.T, s *sandbox.Sandbox, a *sandbox.Access, method, path, body string) int {
	t.Helper()
	r, err := http.NewRequest(method, a.StateURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(a.Username, a.Token)
	r.Header.Set("Content-Type", "application/json")
	client := s.HTTPClient()
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

const httpBackend = `terraform {
  backend "http" {}
}
`

// The http backend of each engine on GitLab's states, configured by the environment as
// GitLab's pages say: from a local state to GitLab and through every command that a
// person uses on it.
func TestHTTPBackendOfTheEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need some seconds")
	}
	for _, b := range engines(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			useGitLab(t, b)
		})
	}
}

func useGitLab(t *testing.T, b engine.Binary) {
	s := start(t, sandbox.Options{})
	maintainer := mint(t, s, sandbox.AccessRequest{User: "ann", Kind: sandbox.JobAccess})
	other := mint(t, s, sandbox.AccessRequest{User: "mallory"})
	developer := mint(t, s, sandbox.AccessRequest{User: "dev", Role: "developer"})
	w := newWorkdir(t, b, s, s.Credentials(), "backend")

	// Local first, then migrated.
	w.must("init", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.write("backend.tf", httpBackend)
	w.login(maintainer, "production")
	w.must("init", "-migrate-state", "-force-copy", "-no-color")
	w.must("apply", "-auto-approve", "-no-color", "-var=generation=2")
	pulled := w.must("state", "pull")
	var state struct{ Serial int64 }
	if err := json.Unmarshal([]byte(pulled), &state); err != nil {
		t.Fatal(err)
	}
	versions, err := s.StateVersions("https://gitlab.com", "acme/infra", "production")
	if err != nil || len(versions) < 2 || versions[0].Serial != state.Serial || versions[0].User != "ann" || versions[0].JobID == "" {
		t.Errorf("versions %+v, %v; the state's serial is %d", versions, err, state.Serial)
	}

	// Somebody else's lock is in the way.
	const id = "01234567-89ab-cdef-0123-456789abcdef"
	const info = `{"ID":"` + id + `","Operation":"OperationTypeApply","Info":"","Who":"mallory@elsewhere","Version":"1.11.4","Created":"2026-11-21T10:00:00Z","Path":""}`
	if status := askGitLab(t, s, other, "POST", "production/lock", info); status != 200 {
		t.Fatalf("lock: %d", status)
	}
	opentofu := w.engine.Name == "OpenTofu"
	out, status := w.run("plan", "-no-color")
	refusedBy(t, w, out, status, id, "mallory")
	changed := strings.ReplaceAll(pulled, "generation 2", "generation 9")
	changed = regexp.MustCompile(`"serial": ?[0-9]+`).ReplaceAllString(changed, fmt.Sprintf(`"serial":%d`, state.Serial-1))
	w.write("changed.tfstate", changed)
	if out, status := w.run("state", "push", "-no-color", "-force", "-lock=false", "changed.tfstate"); status == 0 || !strings.Contains(out, "HTTP error: 423") {
		t.Errorf("a push past the lock: exit status %d\n%s", status, out)
	}
	// OpenTofu sends the ID that it is given, and GitLab compares it. Terraform sends none,
	// and GitLab breaks the lock whatever its ID.
	if out, status := w.run("force-unlock", "-force", "11111111-89ab-cdef-0123-456789abcdef"); (status == 0) == opentofu {
		t.Errorf("force-unlock with the wrong ID: exit status %d\n%s", status, out)
	}
	if opentofu {
		w.must("force-unlock", "-force", id)
	}

	// A serial that GitLab has is refused, even if the engine is told to force an earlier
	// state: it counts on from that one.
	w.write("pulled.tfstate", pulled)
	w.must("state", "push", "pulled.tfstate") // the same, so that nothing is sent
	if out, status := w.run("state", "push", "-no-color", "-force", "changed.tfstate"); status == 0 || !strings.Contains(out, "HTTP error: 422") {
		t.Errorf("a forced push: exit status %d\n%s", status, out)
	}

	// Who may do what.
	w.login(developer, "production")
	if out, status := w.run("plan", "-no-color"); status != 1 || !strings.Contains(out, "HTTP remote state endpoint invalid auth") {
		t.Errorf("a developer locks: exit status %d\n%s", status, out)
	}
	w.must("plan", "-no-color", "-lock=false", "-detailed-exitcode", "-var=generation=2")
	wrong := *developer
	wrong.Token += "x"
	w.login(&wrong, "production")
	if out, status := w.run("plan", "-no-color"); status != 1 || !strings.Contains(out, "HTTP remote state endpoint requires auth") {
		t.Errorf("a wrong token: exit status %d\n%s", status, out)
	}

	w.login(maintainer, "production")
	holdsAgainst(t, w, other)
	if events := s.ForgeEvents(); len(events) == 0 || slices.ContainsFunc(events, func(e sandbox.ForgeEvent) bool { return e.Status >= 500 || e.Operation == "" }) {
		t.Errorf("requests: %+v", events)
	}
}

// refusedBy checks that an engine names the lock in its way; "" is any. OpenTofu shows
// the lock that GitLab told it of. Terraform names its ID alone, and shows its own
// attempt as if it were the lock.
func refusedBy(t *testing.T, w *workdir, out string, status int, id, who string) {
	t.Helper()
	told := lockID.FindStringSubmatch(out)
	if w.engine.Name != "OpenTofu" {
		told = heldID.FindStringSubmatch(out)
	}
	if status != 1 || told == nil || id != "" && told[1] != id || w.engine.Name == "OpenTofu" && !strings.Contains(out, who) {
		t.Errorf("against the lock %s of %s: exit status %d\n%s", id, who, status, out)
	}
}

var heldID = regexp.MustCompile(`HTTP remote state already locked:\s+ID=([0-9a-f-]{36})`)

// holdsAgainst applies in one directory while another apply has the lock, for as long
// as its provisioner waits: the second is told who has it.
func holdsAgainst(t *testing.T, w *workdir, other *sandbox.Access) {
	t.Helper()
	first, second := *w, *w
	first.dir = filepath.Join(t.TempDir(), "first")
	if err := os.CopyFS(first.dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	holding, done := filepath.Join(first.dir, "holding"), filepath.Join(first.dir, "done")
	for _, pipe := range []string{holding, done} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first.write("held.tf", `resource "terraform_data" "held" {
  provisioner "local-exec" {
    command = "echo held > holding; cat done"
  }
}
`)
	ended := make(chan string, 1)
	go func() {
		out, status := first.run("apply", "-auto-approve", "-no-color", "-var=generation=3")
		if status != 0 {
			ended <- out
		}
		close(ended)
		// Whoever still waits for the first apply waits in vain.
		if f, err := os.OpenFile(holding, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = f.Close()
		}
	}()
	if _, err := os.ReadFile(holding); err != nil {
		t.Fatal(err)
	}
	second.login(other, "production")
	out, status := second.run("apply", "-auto-approve", "-no-color", "-var=generation=4")
	refusedBy(t, &second, out, status, "", "ann")
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, failed := <-ended; failed {
		t.Fatalf("the first apply:\n%s", out)
	}
	second.must("apply", "-auto-approve", "-no-color", "-var=generation=4")
}

// The state is there after a restart of the sandbox, and so are its versions, its lock
// and the tokens; the data directory does not show the state.
func TestGitLabKeepsStates(t *testing.T) {
	dir := t.TempDir()
	s, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	a := mint(t, s, sandbox.AccessRequest{})
	if status := askGitLab(t, s, a, "POST", "s", `{"version":4,"serial":1,"lineage":"a-lineage-to-look-for"}`); status != 200 {
		t.Fatalf("write: %d", status)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "sandbox.db"))
	if err != nil || bytes.Contains(file, []byte("a-lineage-to-look-for")) || bytes.Contains(file, []byte(a.Token)) {
		t.Errorf("the data directory shows a secret (%v)", err)
	}
	s = start(t, sandbox.Options{DataDir: dir})
	if status := askGitLab(t, s, a, "GET", "s/versions/1", ""); status != 200 {
		t.Errorf("read: %d", status)
	}
}
