package history_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/history"
	"github.com/strongroom-dev/strongroom/internal/state/scan"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// In GitLab versions are serials, and nothing tells who wrote them. The client finds
// GitLab through the proxy of the environment, so this test runs alone.
func TestGitLab(t *testing.T) {
	box, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() }) // the test has ended
	a, err := box.AccessToken(sandbox.AccessRequest{Project: "acme/infra", User: "ci", Role: "maintainer"})
	if err != nil {
		t.Fatal(err)
	}
	client := box.HTTPClient()
	transport := http.DefaultTransport
	http.DefaultTransport = client.Transport
	t.Cleanup(func() { http.DefaultTransport = transport })
	for _, body := range [][]byte{stateOf(1, 1, one, "a"), stateOf(2, 1, two, "b")} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.StateURL+"production", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(a.Username, a.Token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", answer, err)
		}
		answer.Body.Close()
	}
	dir := t.TempDir()
	spec := fmt.Sprintf("name    = \"states\"\naccount = \"111122223333\"\nregion  = \"us-east-1\"\n\nforge \"gitlab\" {\n  project = \"acme/infra\"\n}\n\nstate {\n  backend      = \"http\"\n  http_address = %q\n\n  environment \"production\" {\n    principals = [\"arn:aws:iam::222233334444:user/terraform\"]\n    state_keys = [\"production\"]\n  }\n}\n", strings.TrimSuffix(a.StateURL, "/"))
	if err := os.WriteFile(filepath.Join(dir, room.SpecFile), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	rm, err := room.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := state.Select(rm, "production", "")
	if err != nil {
		t.Fatal(err)
	}
	environ := map[string]string{"TF_HTTP_USERNAME": a.Username, "TF_HTTP_PASSWORD": a.Token}
	places := &state.Places{Room: rm, Getenv: func(name string) string { return environ[name] }}
	target := state.Target{Environment: "production", Stack: list[0].Stacks[0], Workspace: "default"}
	reader := &history.Reader{Places: places}
	h, err := reader.States(t.Context(), target)
	if err != nil || len(h.Versions) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	if v := h.Versions[0]; v.ID != "2" || !v.Current || v.Written != nil || summary(v) != "serial 2, 2 resources, +0 ~1 -0" || v.Who != history.Unknown || !strings.Contains(v.WhoUnknown, "does not tell") {
		t.Errorf("%+v", v)
	}
	shows(t, h)
	d, err := reader.Diff(t.Context(), target, "1", "2", tfstate.Show{})
	if err != nil || len(d.Resources) != 1 || len(d.Outputs) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	r, err := (&scan.Checker{Places: places}).Check(t.Context(), list[0], target)
	if err != nil || r.AsSpec || len(r.Findings) == 0 || !strings.Contains(r.How, "does not tell") {
		t.Errorf("%+v, %v", r, err)
	}
}
