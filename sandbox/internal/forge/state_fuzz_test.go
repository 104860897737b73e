package forge_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// Whatever is asked of the state API: an answer below 500, no state for who may not
// read it, and no change by who may not write.
func FuzzStateAPI(f *testing.F) {
	const at = "/api/v4/projects/acme%2Finfra/terraform/state/s"
	for _, seed := range [][3]string{
		{"GET", at, ""}, {"POST", at, stateOf(2)}, {"POST", at + "?ID=a", stateOf(2)}, {"DELETE", at, ""}, {"POST", at + "/lock", lockBody("a", "w")},
		{"DELETE", at + "/lock?ID=a", `{"ID":"a"}`}, {"GET", at + "/versions/1", ""}, {"DELETE", at + "/versions/1", ""}, {"GET", at + "/versions/-1", ""},
		{"LOCK", at, ""}, {"POST", "/api/graphql", "{}"}, {"GET", "/api/v4/projects/%2F/terraform/state/%2F", ""}, {"POST", at, `{"serial":1e3}`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" {
			return
		}
		g, err := forge.New(forge.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		var tokens []*forge.Access
		for _, role := range []string{"none", "reporter", "developer", "maintainer"} {
			a, err := g.MintAccess(forge.AccessRequest{Project: "acme/infra", Role: role})
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, a)
		}
		ask := func(a *forge.Access, method, path, body string) *httptest.ResponseRecorder {
			r, err := http.NewRequest(method, "https://gitlab.com"+path, strings.NewReader(body))
			if err != nil {
				return nil
			}
			r.SetBasicAuth(a.Username, a.Token)
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			return w
		}
		maintainer := tokens[3]
		if w := ask(maintainer, "POST", at, stateOf(1)); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, a := range tokens {
			w := ask(a, method, path, body)
			if w == nil {
				return
			}
			if w.Code >= 500 {
				t.Errorf("%s: %d %s", a.Username, w.Code, w.Body)
			}
			if a.Username != "maintainer" && a.Username != "developer" && strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("a %s reads the state", a.Username)
			}
			if a.Username == "maintainer" {
				return
			}
			// What is there is as it was, and nobody has the lock.
			if w := ask(maintainer, "GET", at, ""); w.Code != 200 || w.Body.String() != stateOf(1) {
				t.Fatalf("after a %s: %d %s", a.Username, w.Code, w.Body)
			}
			if versions, err := g.Versions("https://gitlab.com", "acme/infra", "s"); err != nil || len(versions) != 1 {
				t.Fatalf("after a %s: %+v, %v", a.Username, versions, err)
			}
			for _, method := range []string{"POST", "DELETE"} {
				if w := ask(maintainer, method, at+"/lock", lockBody("mine", "w")); w.Code != 200 {
					t.Fatalf("after a %s: %s of the lock: %d %s", a.Username, method, w.Code, w.Body)
				}
			}
		}
	})
}
