package forge_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// gitLab is a forge whose state API is asked without a network.
type gitLab struct {
	t *testing.T
	f *forge.Forge
	// auth is added to each request: a header's name and value, or a user and password.
	auth func(*http.Request)
	now  *time.Time
}

func newGitLab(t *testing.T, opts forge.Options) *gitLab {
	t.Helper()
	now := time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.UTC)
	opts.Clock = func() time.Time { return now }
	f, err := forge.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return &gitLab{t: t, f: f, now: &now}
}

func (g *gitLab) mint(r forge.AccessRequest) *forge.Access {
	g.t.Helper()
	if r.Project == "" {
		r.Project = "acme/infra"
	}
	a, err := g.f.MintAccess(r)
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// as returns the forge as the owner of a token sees it.
func (g *gitLab) as(a *forge.Access) *gitLab {
	return g.with(func(r *http.Request) { r.SetBasicAuth(a.Username, a.Token) })
}

func (g *gitLab) with(auth func(*http.Request)) *gitLab {
	other := *g
	other.auth = auth
	return &other
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// do asks; path without a scheme is below the project acme/infra's states on gitlab.com.
func (g *gitLab) do(method, path, body string) answer {
	g.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = "https://gitlab.com/api/v4/projects/acme%2Finfra/terraform/state/" + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if g.auth != nil {
		g.auth(r)
	}
	w := httptest.NewRecorder()
	g.f.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String(), w.Header()}
}

func (g *gitLab) want(method, path, body string, status int, answered string) answer {
	g.t.Helper()
	a := g.do(method, path, body)
	if a.status != status || !strings.Contains(a.body, answered) || answered == "" && a.body != "" {
		g.t.Errorf("%s %s = %d %.300s, want %d and %q", method, path, a.status, a.body, status, answered)
	}
	return a
}

const lineage = `"lineage":"0f1e2d3c"`

func stateOf(serial int) string {
	return `{"version":4,"serial":` + strconv.Itoa(serial) + `,` + lineage + `,"outputs":{"password":{"value":"hunter2"}}}`
}

// lockBody is what engines send.
func lockBody(id, who string) string {
	return `{"ID":"` + id + `","Operation":"OperationTypeApply","Info":"","Who":"` + who + `","Version":"1.11.4","Created":"2026-05-04T03:02:01Z","Path":""}`
}

// The life of a state, as GitLab's own tests of the API have it.
func TestAStateIsWrittenReadAndDeleted(t *testing.T) {
	g := newGitLab(t, forge.Options{})
	g = g.as(g.mint(forge.AccessRequest{User: "ann"}))
	g.want("GET", "production", "", 404, `{"message":"404 Not found"}`)
	g.want("DELETE", "production", "", 404, `{"message":"404 Not found"}`)
	g.want("POST", "production", stateOf(1), 200, "")
	g.want("POST", "production", stateOf(3), 200, "")
	a := g.want("GET", "production", "", 200, stateOf(3))
	if a.header.Get("Content-Type") != "application/octet-stream" || a.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", a.header)
	}
	// A lower serial is kept, and is not the state.
	g.want("POST", "production", stateOf(2), 200, "")
	g.want("GET", "production", "", 200, stateOf(3))
	for serial := 1; serial <= 3; serial++ {
		g.want("GET", "production/versions/"+strconv.Itoa(serial), "", 200, stateOf(serial))
	}
	g.want("POST", "production", stateOf(3), 422, "duplicate key value violates unique constraint")
	g.want("GET", "production/versions/4", "", 404, `{"message":"404 Not Found"}`)
	g.want("GET", "production/versions/x", "", 400, `{"error":"serial is invalid"}`)
	g.want("GET", "staging/versions/1", "", 404, `{"message":"404 Not found"}`)
	g.want("DELETE", "production/versions/3", "", 204, "")
	g.want("GET", "production", "", 200, stateOf(2))
	g.want("DELETE", "production", "", 200, "")
	g.want("GET", "production", "", 404, "404 Not found")
	g.want("GET", "production/versions/1", "", 404, "404 Not found")
	// It may be made anew, with any serial.
	g.want("POST", "production", stateOf(1), 200, "")
}

func TestWhatIsNoStateIsRefused(t *testing.T) {
	g := newGitLab(t, forge.Options{MaxState: 200})
	g = g.as(g.mint(forge.AccessRequest{}))
	g.want("POST", "s", "", 204, "")
	g.want("POST", "s", `{"serial":1`, 422, `{"message":"invalid JSON"}`)
	for _, body := range []string{`{"version":4}`, `[]`, `{"serial":null}`, `{"serial":"1"}`, `{"serial":-1}`, `{"serial":1.5}`} {
		g.want("POST", "s", body, 422, `{"message":"No serial in payload"}`)
	}
	g.want("POST", "s", `{"serial":1,"x":"`+strings.Repeat("y", 200)+`"}`, 413, `{"message":"413 Request Entity Too Large"}`)
	g.want("GET", "s", "", 404, "404 Not found") // not one of them left a state behind
	long := strings.Repeat("n", 256)
	g.want("POST", long, stateOf(1), 400, "name must be less than 255 characters")
	g.want("POST", "s?ID="+long, stateOf(1), 400, "ID must be less than 255 characters")
	g.want("POST", "s/lock", lockBody(long, "w"), 400, "ID must be less than 255 characters")
	g.want("DELETE", "s/lock?ID="+long, "", 400, "ID must be less than 255 characters")
}

func TestALockIsHeldByOne(t *testing.T) {
	g := newGitLab(t, forge.Options{})
	ann := g.as(g.mint(forge.AccessRequest{User: "ann"}))
	bob := g.as(g.mint(forge.AccessRequest{User: "bob"}))
	got := ann.want("POST", "s/lock", lockBody("1-a", "ann@laptop"), 200, `"ID":"1-a"`)
	var info map[string]string
	if err := json.Unmarshal([]byte(got.body), &info); err != nil {
		t.Fatal(err)
	}
	// Who is the user of GitLab, and Created GitLab's own time.
	if want := map[string]string{"ID": "1-a", "Who": "ann", "Created": "2026-05-04T03:02:01.987Z", "Operation": "OperationTypeApply", "Info": "", "Version": "1.11.4", "Path": ""}; !maps.Equal(info, want) {
		t.Errorf("lock info\n%v, want\n%v", info, want)
	}
	ann.want("GET", "s", "", 204, "") // locking made the state
	held := bob.want("POST", "s/lock", strings.Replace(lockBody("2-b", "bob@desk"), "Apply", "Plan", 1), 409, `"ID":"1-a","Who":"ann"`)
	if !strings.Contains(held.body, "OperationTypePlan") || strings.Contains(held.body, "2-b") {
		t.Errorf("the refusal should name the holder, and the operation of the request as GitLab does: %s", held.body)
	}
	ann.want("POST", "s/lock", lockBody("1-a", "ann@laptop"), 409, `"ID":"1-a"`) // nor twice by the same
	// Writing needs the lock's ID, reading does not.
	bob.want("POST", "s", stateOf(1), 423, `"ID":"1-a","Who":"ann"`)
	bob.want("POST", "s?ID=2-b", stateOf(1), 423, `"ID":"1-a","Who":"ann"`)
	ann.want("POST", "s?ID=1-a", stateOf(1), 200, "")
	bob.want("GET", "s", "", 200, stateOf(1))
	// A locked state is not deleted, though GitLab says 200.
	ann.want("DELETE", "s", "", 200, "")
	bob.want("GET", "s", "", 200, stateOf(1))
	bob.want("DELETE", "s/lock", `{"ID":"2-b"}`, 409, "")
	bob.want("DELETE", "s/lock?ID=2-b", "", 409, "")
	bob.want("DELETE", "s/lock", `{"ID":""}`, 409, "")
	ann.want("DELETE", "s/lock", lockBody("1-a", "ann@laptop"), 200, "")
	ann.want("DELETE", "s/lock", `{"ID":"1-a"}`, 409, "") // it is nobody's now
	ann.want("POST", "s?ID=1-a", stateOf(2), 409, "not locked")
	bob.want("POST", "s", stateOf(2), 200, "")
	// Without an ID anybody's lock is broken.
	ann.want("POST", "s/lock?ID=q&Operation=o&Info=&Who=w&Version=v&Created=c&Path=", "", 200, `"ID":"q"`)
	bob.want("DELETE", "s/lock", "", 200, "")
	bob.want("DELETE", "s/lock", "", 200, "")
	ann.want("POST", "s/lock", lockBody("r", "w"), 200, `"ID":"r"`)
	bob.want("DELETE", "s/lock", `{"ID":null}`, 200, "")
	ann.want("POST", "s/lock", strings.Replace(lockBody("", "w"), `"ID":""`, `"ID":null`, 1), 400, `{"error":"ID is empty"}`)
	// What is missing is named.
	ann.want("POST", "s/lock", "", 400, `{"error":"ID is missing, Operation is missing, Info is missing, Who is missing, Version is missing, Created is missing, Path is missing"}`)
	ann.want("POST", "s/lock", lockBody("", "w"), 400, `{"error":"ID is empty"}`)
	ann.want("POST", "s/lock", `{"ID":`, 400, "does not match declared format")
	typed := func(kind string) *gitLab {
		return ann.with(func(r *http.Request) { ann.auth(r); r.Header["Content-Type"] = []string{kind} })
	}
	typed("text/plain; charset=utf-8").want("POST", "s/lock", "x", 415, `{"error":"The provided content-type 'text/plain' is not supported."}`)
	typed("").want("POST", "s/lock", `{"ID":`, 400, "does not match declared format")
	ann.want("POST", "s/lock", `["ID"]`, 400, "ID is missing")
	ann.want("POST", "s/lock", `{"ID":"i","Operation":"o","Info":null}`, 400, `{"error":"Who is missing, Version is missing, Created is missing, Path is missing"}`)
	typed("").want("POST", "s/lock", lockBody("4-d", "w"), 200, "4-d")
	typed("application/x-www-form-urlencoded").want("DELETE", "s/lock", "ID=5-e", 409, "")
	typed("application/x-www-form-urlencoded").want("DELETE", "s/lock", "ID=4-d", 200, "")
	ann.want("POST", "s/lock", strings.Repeat(" ", 2<<20), 413, "413")
	bob.want("POST", "s/lock", lockBody("3-c", "bob@desk"), 200, "3-c")
	versions, err := g.f.Versions("https://gitlab.com", "acme/infra", "s")
	if err != nil {
		t.Fatal(err)
	}
	var by []string
	for _, v := range versions {
		by = append(by, strconv.FormatInt(v.Serial, 10)+v.User)
	}
	if !slices.Equal(by, []string{"2", "1ann"}) { // a version belongs to who held the lock
		t.Errorf("versions by %q", by)
	}
}

// Who may do what: every role against every operation.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state", prerequisites.
func TestRoles(t *testing.T) {
	reads, writes := []string{"GET s", "HEAD s", "GET s/versions/1"}, []string{"POST s", "POST s/lock", "DELETE s/lock", "DELETE s/versions/1", "DELETE s"}
	for role, want := range map[string][2]int{
		"none": {404, 404}, "guest": {403, 403}, "planner": {403, 403}, "reporter": {403, 403}, "developer": {200, 403}, "maintainer": {200, 200}, "owner": {200, 200},
	} {
		for _, kind := range []string{forge.Personal, forge.Job} {
			g := newGitLab(t, forge.Options{})
			g.as(g.mint(forge.AccessRequest{User: "root"})).want("POST", "s", stateOf(1), 200, "")
			me := g.as(g.mint(forge.AccessRequest{Role: role, Kind: kind}))
			for i, group := range [][]string{reads, writes} {
				for _, request := range group {
					method, path, _ := strings.Cut(request, " ")
					body := ""
					switch request {
					case "POST s":
						body = stateOf(2)
					case "POST s/lock":
						body = lockBody("1", "w")
					}
					a := me.do(method, path, body)
					if a.status == 204 {
						a.status = 200
					}
					if a.status != want[i] {
						t.Errorf("%s token of a %s: %s = %d %s, want %d", kind, role, request, a.status, a.body, want[i])
					}
				}
			}
		}
	}
}

// Every way to hand over a token, with the kinds of token there are.
func TestAuthentication(t *testing.T) {
	g := newGitLab(t, forge.Options{Issuers: []string{"https://gitlab.example.com/git"}})
	pat, job := g.mint(forge.AccessRequest{User: "ann"}), g.mint(forge.AccessRequest{User: "ann", Kind: forge.Job})
	reader := g.mint(forge.AccessRequest{User: "ann", Scopes: []string{"read_api"}})
	other := g.mint(forge.AccessRequest{User: "ann", Issuer: "https://gitlab.example.com/git"})
	brief := g.mint(forge.AccessRequest{User: "ann", TTLSeconds: 60})
	over := g.mint(forge.AccessRequest{User: "ann", Kind: forge.Job, TTLSeconds: 60})
	*g.now = g.now.Add(time.Minute)
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	const no = "401 Unauthorized"
	for name, tt := range map[string]struct {
		auth        func(*http.Request)
		get, post   int
		got, posted string
	}{
		"nothing":                       {func(*http.Request) {}, 401, 401, no, no},
		"user and personal token":       {basic("ann", pat.Token), 404, 200, "404 Not found", ""},
		"any user and personal token":   {basic("whoever", pat.Token), 404, 200, "404 Not found", ""},
		"job user and personal token":   {basic("gitlab-ci-token", pat.Token), 404, 200, "404 Not found", ""},
		"PRIVATE-TOKEN":                 {header("Private-Token", pat.Token), 404, 200, "404 Not found", ""},
		"bearer":                        {header("Authorization", "Bearer "+pat.Token), 404, 200, "404 Not found", ""},
		"job user and job token":        {basic("gitlab-ci-token", job.Token), 404, 200, "404 Not found", ""},
		"bearer of a job":               {header("Authorization", "Bearer "+job.Token), 404, 200, "404 Not found", ""},
		"another user and job token":    {basic("ann", job.Token), 401, 401, no, no},
		"JOB-TOKEN":                     {header("Job-Token", job.Token), 401, 401, no, no},
		"job token as PRIVATE-TOKEN":    {header("Private-Token", job.Token), 401, 401, no, no},
		"a wrong token":                 {basic("ann", pat.Token+"x"), 401, 401, no, no},
		"a wrong job token":             {basic("gitlab-ci-token", "glcbt-64_x"), 401, 401, no, no},
		"an empty password":             {basic("ann", ""), 401, 401, no, no},
		"read_api":                      {basic("ann", reader.Token), 404, 403, "404 Not found", "insufficient_scope"},
		"another GitLab's":              {basic("ann", other.Token), 401, 401, no, no},
		"an expired personal token":     {basic("ann", brief.Token), 401, 401, "Token is expired", "Token is expired"},
		"the token of a job that ended": {basic("gitlab-ci-token", over.Token), 401, 401, no, no},
	} {
		me := g.with(tt.auth)
		me.want("GET", "none", "", tt.get, tt.got)
		state := strings.ReplaceAll(name, " ", "-")
		me.want("POST", state, stateOf(1), tt.post, tt.posted)
		if t.Failed() {
			t.Fatalf("with %s", name)
		}
	}
}

func TestProjects(t *testing.T) {
	g := newGitLab(t, forge.Options{})
	a := g.mint(forge.AccessRequest{User: "ann"})
	job := g.as(g.mint(forge.AccessRequest{User: "ann", Kind: forge.Job}))
	b := g.mint(forge.AccessRequest{User: "bob", Project: "acme/sub/dns"})
	ann := g.as(a)
	at := "https://gitlab.com/api/v4/projects/"
	ann.want("POST", a.StateURL+"s", stateOf(7), 200, "")
	for _, id := range []string{a.ProjectID, "acme%2Finfra", "acme%2finfra", "ACME%2FInfra"} {
		ann.want("GET", at+id+"/terraform/state/s", "", 200, stateOf(7))
	}
	for _, id := range []string{"1", "acme%2Fnone", "-1"} {
		ann.want("GET", at+id+"/terraform/state/s", "", 404, `{"message":"404 Project Not Found"}`)
		job.want("GET", at+id+"/terraform/state/s", "", 404, `{"message":"404 Project Not Found"}`)
	}
	// Another's project is not there for who is no member, and closed to other projects' jobs.
	ann.want("GET", b.StateURL+"s", "", 404, "404 Project Not Found")
	job.want("GET", b.StateURL+"s", "", 403, "403 Forbidden - Authentication by CI/CD job token not allowed from infra to dns.")
	g.mint(forge.AccessRequest{User: "ann", Project: "acme/sub/dns", Role: "developer"})
	ann.want("GET", b.StateURL+"s", "", 404, "404 Not found") // the same token: she is a member now
	ann.want("POST", b.StateURL+"s", stateOf(1), 403, "403 Forbidden")
	g.as(b).want("POST", b.StateURL+"s", stateOf(9), 200, "")
	ann.want("GET", a.StateURL+"s", "", 200, stateOf(7)) // the same name elsewhere is another state
	if _, err := g.f.Versions("https://gitlab.com", "acme/none", "s"); err == nil {
		t.Error("versions of a project that is not there")
	}
}

// Paths and methods that the API does not have, and names that it does.
func TestRoutes(t *testing.T) {
	g := newGitLab(t, forge.Options{Issuers: []string{"https://gitlab.example.com", "https://gitlab.example.com/git"}})
	g = g.as(g.mint(forge.AccessRequest{}))
	for _, name := range []string{"test-state", "test.state", "test%2Ffoo", "a%20b", "%C3%A9", "lock", "versions"} {
		g.want("POST", name, stateOf(1), 200, "")
		g.want("POST", name+"/lock", lockBody("i", "w"), 200, `"i"`)
		g.want("DELETE", name+"/lock", "", 200, "")
		want := 200
		if strings.Contains(name, ".") { // see parseRoute
			want = 404
		}
		if a := g.do("GET", name+"/versions/1", ""); a.status != want {
			t.Errorf("a version of %s: %d %s", name, a.status, a.body)
		}
	}
	g.want("GET", "foo/bar", "", 404, `{"error":"404 Not Found"}`)
	g.want("GET", "foo/versions/", "", 404, `{"error":"404 Not Found"}`)
	g.want("GET", "", "", 404, `{"error":"404 Not Found"}`)
	g.want("GET", "%00", "", 404, `{"error":"404 Not Found"}`)
	for request, allow := range map[string]string{
		"PUT s": "OPTIONS, GET, HEAD, POST, DELETE", "GET s/lock": "OPTIONS, POST, DELETE", "LOCK s/lock": "OPTIONS, POST, DELETE", "UNLOCK s/lock": "OPTIONS, POST, DELETE",
		"LOCK s": "OPTIONS, GET, HEAD, POST, DELETE", "POST s/versions/1": "OPTIONS, GET, HEAD, DELETE", "GET s/authorize": "OPTIONS, POST",
	} {
		method, path, _ := strings.Cut(request, " ")
		if a := g.want(method, path, "", 405, `{"error":"405 Not Allowed"}`); a.header.Get("Allow") != allow {
			t.Errorf("%s: allows %q, want %q", request, a.header.Get("Allow"), allow)
		}
	}
	g.want("POST", "s/authorize", "", 403, "Workhorse")
	for _, path := range []string{"/api/graphql", "/api/v4/projects/1", "/api/v4/projects/1/terraform/state_protection_rules", "/api/v3/projects/1/terraform/state/s", "/api/v4/user"} {
		g.want("POST", "https://gitlab.com"+path, "{}", 404, "the sandbox's GitLab answers /api/v4/projects/:id/terraform/state only, not POST "+path)
	}
	// A GitLab below a path of its own, beside one that has none.
	below := g.mint(forge.AccessRequest{Issuer: "https://gitlab.example.com/git"})
	above := g.mint(forge.AccessRequest{Issuer: "https://gitlab.example.com"})
	if !strings.HasPrefix(below.StateURL, "https://gitlab.example.com/git/api/v4/projects/") {
		t.Errorf("states at %s", below.StateURL)
	}
	g.as(below).want("POST", below.StateURL+"s", stateOf(1), 200, "")
	g.as(below).want("GET", above.StateURL+"s", "", 401, "401")
	g.as(above).want("GET", above.StateURL+"s", "", 404, "404 Not found")
	if a := g.do("GET", "https://token.actions.githubusercontent.com/api/v4/projects/1/terraform/state/s", ""); a.status != 404 || strings.Contains(a.body, "401") {
		t.Errorf("GitHub has states: %d %s", a.status, a.body)
	}
}

func TestMintAccessRefuses(t *testing.T) {
	g := newGitLab(t, forge.Options{})
	for want, r := range map[string]forge.AccessRequest{
		`not a path like group/project`:   {Project: "infra"},
		`project "" is not a path`:        {},
		`role "admin" is not one of`:      {Project: "a/b", Role: "admin"},
		`kind "deploy" is not one of`:     {Project: "a/b", Kind: "deploy"},
		`user "a b" is not a name`:        {Project: "a/b", User: "a b"},
		`user "gitlab-ci-token" is not`:   {Project: "a/b", User: "gitlab-ci-token"},
		`a job token has no scopes`:       {Project: "a/b", Kind: "job", Scopes: []string{"api"}},
		`scope "write_repository" is not`: {Project: "a/b", Scopes: []string{"write_repository"}},
		`cannot live for -1 seconds`:      {Project: "a/b", TTLSeconds: -1},
		`does not stand in for issuer`:    {Project: "a/b", Issuer: "https://gitlab.example.com"},
		`is GitHub's: only GitLab keeps`:  {Project: "a/b", Issuer: "https://token.actions.githubusercontent.com"},
	} {
		if _, err := g.f.MintAccess(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("MintAccess(%+v): %v, want %q", r, err, want)
		}
	}
}

// Everything is there after a restart, and the file shows neither a state nor a token.
func TestStatesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*gitLab, *store.DB) {
		db, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		g := newGitLab(t, forge.Options{DB: db})
		if err := db.Load(); err != nil {
			t.Fatal(err)
		}
		return g, db
	}
	g, db := open()
	a := g.mint(forge.AccessRequest{})
	g.as(a).want("POST", "s", stateOf(1), 200, "")
	g.as(a).want("POST", "s", stateOf(2), 200, "")
	g.as(a).want("POST", "s/lock", lockBody("the-lock", "w"), 200, "the-lock")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "sandbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "0f1e2d3c", a.Token} {
		if bytes.Contains(file, []byte(secret)) {
			t.Error("the data directory shows a secret")
		}
	}
	g, db = open()
	defer db.Close()
	g.as(a).want("GET", "s", "", 200, stateOf(2))
	g.as(a).want("GET", "s/versions/1", "", 200, stateOf(1))
	g.as(a).want("POST", "s/lock", lockBody("late", "w"), 409, "the-lock")
}

// A disk that refuses is an answer that engines do not repeat.
func TestAFaultOfTheDiskIsNoServerError(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := newGitLab(t, forge.Options{DB: db})
	a := g.mint(forge.AccessRequest{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	g.as(a).want("POST", "s", stateOf(1), 400, "the sandbox failed on WriteState")
}

func TestEvents(t *testing.T) {
	var audit bytes.Buffer
	g := newGitLab(t, forge.Options{Audit: &audit})
	a := g.mint(forge.AccessRequest{User: "ann", Kind: forge.Job})
	me := g.as(a)
	me.want("POST", "s/lock", lockBody("the-lock", "w"), 200, "the-lock")
	me.want("POST", "s?ID=the-lock", stateOf(5), 200, "")
	me.want("GET", "s/versions/5", "", 200, "hunter2")
	g.want("GET", "s", "", 401, "401")
	me.want("LOCK", "s/lock", "", 405, "405")
	me.want("POST", "https://gitlab.com/api/graphql", "{}", 404, "404")
	for _, secret := range []string{"hunter2", "the-lock", a.Token} {
		if strings.Contains(audit.String(), secret) {
			t.Errorf("the audit shows %q", secret)
		}
	}
	const path = "/api/v4/projects/acme%2Finfra/terraform/state/"
	want := []forge.Event{
		{Method: "POST", Path: path + "s/lock", Operation: "LockState", State: "s", User: "ann", Token: "job", ProjectID: a.ProjectID, Status: 200},
		{Method: "POST", Path: path + "s", Operation: "WriteState", State: "s", Serial: "5", User: "ann", Token: "job", ProjectID: a.ProjectID, Status: 200},
		{Method: "GET", Path: path + "s/versions/5", Operation: "GetVersion", State: "s", Serial: "5", User: "ann", Token: "job", ProjectID: a.ProjectID, Status: 200},
		{Method: "GET", Path: path + "s", Operation: "GetState", State: "s", Status: 401, Message: "401 Unauthorized"},
		{Method: "LOCK", Path: path + "s/lock", State: "s", Status: 405, Message: "405 Not Allowed"},
		{Method: "POST", Path: "/api/graphql", Status: 404, Message: "the sandbox's GitLab answers /api/v4/projects/:id/terraform/state only, not POST /api/graphql"},
	}
	var written []forge.Event
	for dec := json.NewDecoder(&audit); ; {
		var e forge.Event
		if err := dec.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		written = append(written, e)
	}
	if d := cmp.Diff(g.f.Events(), written); d != "" {
		t.Errorf("kept and written differ:\n%s", d)
	}
	for i := range written {
		if e := &written[i]; e.RequestID == "" || !e.Time.Equal(*g.now) || e.Issuer != "https://gitlab.com" {
			t.Errorf("event %+v", e)
		} else {
			e.RequestID, e.Time, e.Issuer = "", time.Time{}, ""
		}
	}
	if d := cmp.Diff(want, written); d != "" {
		t.Errorf("events -want +got:\n%s", d)
	}
}

// Many at once: one has the lock, all others are told who, and no write is lost.
func TestOneOfManyHasTheLock(t *testing.T) {
	g := newGitLab(t, forge.Options{})
	a := g.mint(forge.AccessRequest{User: "ann"})
	const many = 50
	answers := make([]answer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			answers[i] = g.as(a).do("POST", "s/lock", lockBody("lock-"+strconv.Itoa(i), "w"))
		})
	}
	all.Wait()
	winner := slices.IndexFunc(answers, func(a answer) bool { return a.status == 200 })
	if winner < 0 {
		t.Fatal("nobody has the lock")
	}
	for i, a := range answers {
		if i != winner && (a.status != 409 || !strings.Contains(a.body, `"lock-`+strconv.Itoa(winner)+`"`)) {
			t.Errorf("%d: %d %s, want to be told of %d", i, a.status, a.body, winner)
		}
	}
}
