package migrate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state/migrate"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	bucket  = "migrate-test-state"
	key     = "development"
	account = "111122223333"
	lineage = "0c2f2a3e-6f0e-4d0b-8f6a-9d1d3a1f0a01"
)

// world is a sandbox in this process, and a stack whose state is somewhere in it.
type world struct {
	t         *testing.T
	engine    engine.Binary
	dir, home string
	sandbox   *sandbox.Sandbox
	s3        *s3.Client
	gitlab    *sandbox.Access
	extra     []string // of the children's environment

	mu      sync.Mutex
	event   func() // called after each request; nil: nobody is
	audited int
}

// Write takes the audit events of AWS and GitLab.
func (w *world) Write(p []byte) (int, error) {
	for range bytes.Count(p, []byte("\n")) {
		w.mu.Lock()
		w.audited++
		f := w.event
		w.mu.Unlock()
		if f != nil {
			f()
		}
	}
	return len(p), nil
}

func newWorld(t *testing.T, b engine.Binary) *world {
	if testing.Short() {
		t.Skip("an engine runs some times")
	}
	t.Helper()
	w := &world{t: t, engine: b, dir: filepath.Join(t.TempDir(), "stack"), home: filepath.Join(t.TempDir(), "home")}
	for _, d := range []string{w.dir, w.home} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sandbox.Start(t.Context(), sandbox.Options{Account: account, Audit: w, ForgeAudit: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.sandbox = s
	w.s3 = s3.NewFromConfig(s.Config(s.Credentials()), func(o *s3.Options) { o.Region = "eu-west-2" })
	must(t, w.s3.CreateBucket, &s3.CreateBucketInput{Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}})
	must(t, w.s3.PutBucketVersioning, &s3.PutBucketVersioningInput{Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}})
	if w.gitlab, err = s.AccessToken(sandbox.AccessRequest{Project: "acme/infra"}); err != nil {
		t.Fatal(err)
	}
	w.write("main.tf", "resource \"terraform_data\" \"a\" {\n  input = terraform.workspace\n}\n")
	return w
}

func must[I, O any](t *testing.T, call func(context.Context, *I, ...func(*s3.Options)) (*O, error), in *I) *O {
	t.Helper()
	out, err := call(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// block is the backend block of a kind.
func (w *world) block(kind string) backend.Block {
	switch kind {
	case "s3":
		return backend.Block{S3: &backend.S3{Bucket: bucket, Key: key, Region: "eu-west-2"}}
	case "http":
		return backend.Block{HTTP: &backend.HTTP{Address: strings.TrimSuffix(w.gitlab.StateURL, "/") + "/" + key}}
	}
	return backend.Block{Local: &backend.Local{}}
}

// text is a state as engines write it, of a stack that has nothing to do.
func text(lineage string, serial int, workspace string) string {
	return fmt.Sprintf(`{
  "version": 4, "terraform_version": "1.11.4", "serial": %d, "lineage": %q, "outputs": {},
  "resources": [
    {"mode": "managed", "type": "terraform_data", "name": "a", "provider": "provider[\"terraform.io/builtin/terraform\"]",
     "instances": [{"schema_version": 0, "attributes": {"id": "6f3c2f2e-8d0e-4b57-a1c2-5d0f0f8f7a11", "input": {"value": %q, "type": "string"}, "output": {"value": %q, "type": "string"}, "triggers_replace": null}, "sensitive_attributes": []}]}
  ],
  "check_results": null
}
`, serial, lineage, workspace, workspace)
}

// lineageOf gives each workspace a lineage of its own.
func lineageOf(workspace string) string {
	if workspace == "default" {
		return lineage
	}
	return strings.Replace(lineage, "0c2f", fmt.Sprintf("%04x", len(workspace)), 1)
}

// put lays a state down at a place.
func (w *world) put(kind, workspace, text string) {
	w.t.Helper()
	switch kind {
	case "s3":
		must(w.t, w.s3.PutObject, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(statestore.WorkspaceKey(key, workspace)), Body: strings.NewReader(text)})
	case "http":
		w.gitlabDo(http.MethodPost, "", text)
	default:
		rel, err := filepath.Rel(w.dir, statestore.LocalPath(w.dir, "", "", workspace))
		if err != nil {
			w.t.Fatal(err)
		}
		w.write(rel, text)
	}
}

// gitlabDo asks GitLab for a path below the state's address.
func (w *world) gitlabDo(method, below, body string) (int, []byte) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.block("http").HTTP.Address+below, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(w.gitlab.Username, w.gitlab.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.sandbox.HTTPClient().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, raw
}

// home makes a kind the stack's backend, with states in these workspaces.
func (w *world) at(kind string, workspaces ...string) {
	w.t.Helper()
	w.write("backend.tf", string(w.block(kind).Text()))
	for i, name := range append([]string{"default"}, workspaces...) {
		w.put(kind, name, text(lineageOf(name), 3+i, name))
	}
}

// get reads a state; nil if there is none, or none that is whole.
func (w *world) get(kind, workspace string) (*tfstate.Snapshot, []byte) {
	w.t.Helper()
	var raw []byte
	switch kind {
	case "s3":
		out, err := w.s3.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(statestore.WorkspaceKey(key, workspace))})
		if err != nil {
			var none *types.NoSuchKey
			if !errors.As(err, &none) {
				w.t.Fatal(err)
			}
			return nil, nil
		}
		raw, err = io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil {
			w.t.Fatal(err)
		}
	case "http":
		status, body := w.gitlabDo(http.MethodGet, "", "")
		if status != http.StatusOK {
			return nil, nil
		}
		raw = body
	default:
		var err error
		if raw, err = os.ReadFile(statestore.LocalPath(w.dir, "", "", workspace)); err != nil {
			return nil, nil
		}
	}
	s, err := tfstate.Read(raw)
	if err != nil {
		return nil, raw
	}
	return s, raw
}

// lock tells who has the lock at a place; nil: nobody.
func (w *world) lock(kind, workspace string) *tfstate.LockInfo {
	w.t.Helper()
	switch kind {
	case "s3":
		out, err := w.s3.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(statestore.WorkspaceKey(key, workspace) + statestore.LockSuffix)})
		if err != nil {
			return nil
		}
		defer out.Body.Close()
		raw, err := io.ReadAll(out.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		return tfstate.ReadLock(raw)
	case "http":
		probe := (&tfstate.LockInfo{ID: "probe", Operation: "probe"}).Text()
		status, body := w.gitlabDo(http.MethodPost, "/lock", string(probe))
		if status == http.StatusOK {
			w.gitlabDo(http.MethodDelete, "/lock", `{"ID":"probe"}`)
			return nil
		}
		return tfstate.ReadLock(body)
	}
	return nil
}

// child is a migration that runs.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	stdin          io.Closer
	stopped        chan struct{} // closed when it waits at order.StopAt
	done           chan struct{}
	once           sync.Once
}

func (w *world) order(verb, kind string) order {
	return order{Verb: verb, Dir: w.dir, Home: w.home, To: w.block(kind), Bucket: bucket, Account: account, Engine: w.engine}
}

func (w *world) start(o order, extra ...string) *child {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self), done: make(chan struct{}), stopped: make(chan struct{})}
	told, tell, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	c.cmd.ExtraFiles = []*os.File{tell}
	env := []string{}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") {
			env = append(env, kv)
		}
	}
	env = append(append(env, w.sandbox.Env()...), w.gitlab.Environment("")...)
	c.cmd.Env = append(append(append(env, "STRONGROOM_TEST_ROLE=migrate", "STRONGROOM_TEST_ORDER="+string(raw), "AWS_REGION=eu-west-2"), w.extra...), extra...)
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		w.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	tell.Close()
	go func() {
		defer told.Close()
		if n, _ := told.Read(make([]byte, 1)); n > 0 {
			close(c.stopped)
		}
	}()
	go func() {
		_ = c.cmd.Wait()
		close(c.done)
	}()
	w.t.Cleanup(c.kill)
	return c
}

// kill kills the migration and its engine at once, as a power cut would.
func (c *child) kill() {
	c.once.Do(func() {
		enginetest.KillFamily(c.cmd.Process.Pid)
		<-c.done
	})
}

// outcome is how a migration ended.
type outcome struct {
	code   int
	log    string
	result migrate.Result
}

// stops waits until a migration has come to order.StopAt.
func (w *world) stops(c *child) {
	w.t.Helper()
	select {
	case <-c.stopped:
	case <-c.done:
		w.t.Fatalf("it ended before it came to the point\n%s", &c.stderr)
	}
}

// goesOn lets a migration go on that has stopped, and waits for its end.
func (c *child) goesOn() outcome {
	c.stdin.Close()
	return c.wait()
}

func (c *child) wait() outcome {
	<-c.done
	o := outcome{code: c.cmd.ProcessState.ExitCode(), log: c.stderr.String()}
	_ = json.Unmarshal(c.stdout.Bytes(), &o.result) // of Retire it is a list
	return o
}

// finishes runs a migration that must come to its end.
func (w *world) finishes(kind string) migrate.Result {
	w.t.Helper()
	o := w.start(w.order("run", kind)).wait()
	if o.code != 0 {
		w.t.Fatalf("exit status %d\n%s", o.code, o.log)
	}
	w.t.Logf("finished\n%s", o.log)
	return o.result
}

// refused runs one that must end with a status and say something.
func (w *world) refused(o order, code int, says string, extra ...string) {
	w.t.Helper()
	got := w.start(o, extra...).wait()
	if got.code != code || !strings.Contains(strings.Join(strings.Fields(got.log), " "), says) {
		w.t.Errorf("exit status %d, want %d; want it to say %q:\n%s", got.code, code, says, got.log)
	}
}

// moved checks the end that every story must come to.
func (w *world) moved(from, to string, workspaces ...string) {
	t := w.t
	t.Helper()
	for i, name := range append([]string{"default"}, workspaces...) {
		want, err := tfstate.Read([]byte(text(lineageOf(name), 3+i, name)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := w.get(to, name)
		if got == nil || got.Lineage != want.Lineage || got.Serial < want.Serial || got.Digest != want.Digest {
			t.Errorf("%s: %s has %+v, want %+v", name, to, got, want)
		}
		if left, _ := w.get(from, name); left == nil || !left.Same(want) {
			t.Errorf("%s: the source is %+v, want %+v", name, left, want)
		}
		if l := w.lock(to, name); l != nil {
			t.Errorf("%s: the destination is locked: %+v", name, l)
		}
		switch l := w.lock(from, name); {
		case from == "local":
			if info, err := os.Stat(statestore.LocalPath(w.dir, "", "", name)); err != nil || info.Mode().Perm() != 0o400 {
				t.Errorf("%s: the source is not read-only: %v, %v", name, info, err)
			}
			if raw, err := os.ReadFile(statestore.LocalPath(w.dir, "", "", name) + ".migrated.json"); err != nil || !strings.Contains(string(raw), want.Digest) {
				t.Errorf("%s: no mark: %v, %s", name, err, raw)
			}
		case l == nil || !strings.HasPrefix(l.ID, "strongroom-migrate-to-"+to+"-"):
			t.Errorf("%s: the source is not marked: %+v", name, l)
		case from == "s3" && (l.Operation != "StrongroomMigrated" || !strings.Contains(l.Info, "has moved to")):
			t.Errorf("%s: the mark does not say what it is: %+v", name, l)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(w.dir, "backend.tf")); err != nil || string(raw) != string(w.block(to).Text()) {
		t.Errorf("backend.tf: %v\n%s", err, raw)
	}
	for _, name := range []string{"strongroom_migrate_override.tf.json", ".terraform/strongroom-state.pipe", "terraform.tfstate.aside", "terraform.tfstate.d.aside"} {
		if _, err := os.Lstat(filepath.Join(w.dir, name)); err == nil {
			t.Errorf("%s is still here", name)
		}
	}
}

// engineRuns runs the engine as a person would, with the stack's own block.
func (w *world) engineRuns(args ...string) (string, error) {
	cmd := exec.Command(w.engine.Path, args...)
	cmd.Dir = w.dir
	cmd.Env = append(append(append(os.Environ(), w.sandbox.Env()...), w.gitlab.Environment("")...), "TF_CLI_CONFIG_FILE=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// plansNothing plans, and expects nothing to do.
func (w *world) plansNothing() {
	w.t.Helper()
	if out, err := w.engineRuns("plan", "-detailed-exitcode", "-input=false", "-no-color", "-lock=false"); err != nil {
		w.t.Errorf("a plan after the move: %v\n%s", err, out)
	}
}
