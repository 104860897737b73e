package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// recorder returns an engine whose binary writes its arguments, one a line,
// to the file that is returned, then does what the script says.
func recorder(t *testing.T, script string, o engine.Options) (*engine.Engine, string) {
	t.Helper()
	dir := t.TempDir()
	args := filepath.Join(dir, "args")
	b := engine.Binary{Path: fake(t, filepath.Join(dir, "tofu"), "OpenTofu v1.12.0", "printf '%s\\n' \"$@\" > '"+args+"'\n"+script), Name: engine.OpenTofu, Version: "1.12.0"}
	o.Environ = append(o.Environ, "PATH="+os.Getenv("PATH"))
	e, err := engine.New(b, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return e, args
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		run        func(context.Context, *engine.Engine) error
	}{
		{"Init", "init -no-color -input=false -backend=true -get=true -upgrade=false",
			func(ctx context.Context, e *engine.Engine) error { return e.Init(ctx) }},
		{"Migrate", "init -no-color -input=false -backend=true -get=true -upgrade=false -force-copy",
			func(ctx context.Context, e *engine.Engine) error { return e.Migrate(ctx) }},
		{"Reconfigure", "init -no-color -input=false -backend=true -get=true -upgrade=false -reconfigure",
			func(ctx context.Context, e *engine.Engine) error { return e.Reconfigure(ctx) }},
		{"Plan", "plan -no-color -input=false -detailed-exitcode -lock-timeout=0s -out=p -lock=true -parallelism=10 -refresh=true",
			func(ctx context.Context, e *engine.Engine) error { _, _, err := e.Plan(ctx, "p"); return err }},
		{"ApplyPlan", "apply -no-color -auto-approve -input=false -lock=true -parallelism=10 -refresh=true -json p",
			func(ctx context.Context, e *engine.Engine) error { return e.ApplyPlan(ctx, "p") }},
		{"Apply", "apply -no-color -auto-approve -input=false -lock=true -parallelism=10 -refresh=true -json",
			func(ctx context.Context, e *engine.Engine) error { return e.Apply(ctx) }},
		{"Destroy", "destroy -no-color -auto-approve -input=false -lock-timeout=0s -lock=true -parallelism=10 -refresh=true -json",
			func(ctx context.Context, e *engine.Engine) error { return e.Destroy(ctx) }},
		{"ForceUnlock", "force-unlock -no-color -force the-id",
			func(ctx context.Context, e *engine.Engine) error { return e.ForceUnlock(ctx, "the-id") }},
		{"Untaint", "untaint -no-color -lock=true a.b[0]",
			func(ctx context.Context, e *engine.Engine) error { return e.Untaint(ctx, "a.b[0]") }},
		{"StatePull", "state pull",
			func(ctx context.Context, e *engine.Engine) error { _, err := e.StatePull(ctx); return err }},
		{"StateReplace", "state push -force -lock=true -lock-timeout=0s /s",
			func(ctx context.Context, e *engine.Engine) error { return e.StateReplace(ctx, "/s") }},
		{"StatePush", "state push -lock=true -lock-timeout=0s /s",
			func(ctx context.Context, e *engine.Engine) error { return e.StatePush(ctx, "/s") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, file := recorder(t, "exit 0", engine.Options{})
			if err := tt.run(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, strings.Join(strings.Fields(string(got)), " ")); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if runs := e.Runs(); len(runs) != 1 || runs[0].Args[0] != strings.Fields(tt.want)[0] || e.Seconds() != runs[0].Seconds {
				t.Errorf("runs = %v", runs)
			}
		})
	}
}

func TestEnvironmentOfTheEngine(t *testing.T) {
	t.Setenv("STRONGROOM_TEST_LEAK", "must not pass")
	var out bytes.Buffer
	e, _ := recorder(t, "env", engine.Options{Environ: []string{"AWS_REGION=eu-west-2", "TF_VAR_a=b"}, Output: &out})
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"AWS_REGION=eu-west-2\n", "TF_IN_AUTOMATION=1\n", "CHECKPOINT_DISABLE=1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the engine's environment:\n%s", want, &out)
		}
	}
	for _, bad := range []string{"STRONGROOM_TEST_LEAK", "TF_VAR_a"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("%s passed:\n%s", bad, &out)
		}
	}
}

// Values of variables get into the environment of every command, and nowhere else:
// neither into arguments, nor into what an error says.
func TestVariables(t *testing.T) {
	environ := []string{"PATH=/bin", "TF_VAR_token=hush-hush", "TF_VAR_list=[\n  \"hush-1\",\n]", "TF_VAR_short=hush", "TF_VARIOUS=x", "TF_WORKSPACE=w"}
	variables := engine.Variables(environ)
	if want := environ[1:4]; !slices.Equal(variables, want) {
		t.Fatalf("found %q, want %q", variables, want)
	}
	var out bytes.Buffer
	e, file := recorder(t, "env; case $1 in plan) echo 'token is hush-hush, the first \"hush-1\",' >&2; exit 1;; esac", engine.Options{Variables: append(variables, "PATH=stolen"), Output: &out})
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kv := range variables {
		if !strings.Contains(out.String(), kv+"\n") {
			t.Errorf("%q is not in the engine's environment:\n%s", kv, &out)
		}
	}
	_, _, err := e.Plan(t.Context(), "p")
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "token is (value of TF_VAR_token), the first (value of TF_VAR_list)") {
		t.Errorf("the error says %v", err)
	}
	if args, err := os.ReadFile(file); err != nil || strings.Contains(string(args), "hush") || !strings.HasPrefix(string(args), "plan") {
		t.Errorf("the arguments: %s, %v", args, err)
	}
}

const applying = `cat <<'END'
{"@level":"info","@message":"m","type":"apply_start","hook":{"resource":{"addr":"aws_kms_key.a"},"action":"create"}}
plain words
{"@level":"info","@message":"m","type":"apply_progress","hook":{"resource":{"addr":"aws_kms_key.a"},"action":"create","elapsed_seconds":10}}
{"@level":"error","@message":"m","type":"diagnostic","diagnostic":{"severity":"error","summary":"denied","detail":"by a policy","address":"aws_kms_key.a"}}
{"@level":"warn","@message":"m","type":"diagnostic","diagnostic":{"severity":"warning","summary":"old"}}
{"@level":"info","@message":"m","type":"outputs","outputs":{"o":{"value":"hush"}}}
{"@level":"info","@message":"Emergency state dump","type":"log","state":{"version":4}}
END
`

func TestApplyReportsAndHides(t *testing.T) {
	var events []engine.Event
	var out bytes.Buffer
	e, _ := recorder(t, applying+"echo 'bad things' >&2; exit 1", engine.Options{Output: &out, Progress: func(ev engine.Event) { events = append(events, ev) }})
	err := e.ApplyPlan(t.Context(), "p")
	var failed *engine.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want an *engine.Error", err)
	}
	if want := "opentofu apply: exit status 1\naws_kms_key.a: denied\nby a policy"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if string(failed.Emergency) != `{"version":4}` {
		t.Errorf("the emergency state is lost: %q", failed.Emergency)
	}
	if d := cmp.Diff([]engine.Event{{Address: "aws_kms_key.a", Action: "create", Phase: "start"}, {Address: "aws_kms_key.a", Action: "create", Phase: "progress", Seconds: 10}}, events); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if strings.Contains(out.String()+err.Error(), "hush") {
		t.Error("an output value was shown")
	}
}

func TestFailures(t *testing.T) {
	e, _ := recorder(t, "kill -KILL $$", engine.Options{})
	var failed *engine.Error
	if err := e.ApplyPlan(t.Context(), "p"); !errors.As(err, &failed) || failed.Signal != syscall.SIGKILL {
		t.Errorf("got %v, want death by signal 9", err)
	}
	e, _ = recorder(t, `printf '\033[31m╷\033[0m\n│ Error: no\033[0m\n│ \n│ \a\n│ because\n╵\n{\n  "version": 4, "secret"' >&2; exit 3`, engine.Options{})
	err := e.Init(t.Context())
	if want := "opentofu init: exit status 3\nError: no\n\nbecause\n\n(a state was printed here; it is not repeated)"; err == nil || err.Error() != want {
		t.Errorf("got %q\nwant %q", err, want)
	}
	e.Binary.Path = "/gone"
	if _, err := engine.New(e.Binary, filepath.Join(e.Dir, "missing"), engine.Options{}); err == nil {
		t.Error("an engine for a missing directory")
	}
}

// An interrupted engine is asked to stop, and waited for.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	script := `trap 'echo saved > saved; kill $!; exit 1' INT
echo '{"@level":"info","type":"apply_start","hook":{"resource":{"addr":"a"},"action":"create"}}'
sleep 600 & wait`
	e, _ := recorder(t, script, engine.Options{Progress: func(engine.Event) { cancel() }})
	if err := e.ApplyPlan(ctx, "p"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "saved")); err != nil {
		t.Errorf("the engine was not let finish: %v", err)
	}
	if err := e.Init(ctx); !errors.Is(err, context.Canceled) || len(e.Runs()) != 1 {
		t.Errorf("a command began after the end: %v", err)
	}
}

func TestRunning(t *testing.T) {
	e, _ := recorder(t, "read x <fifo || true", engine.Options{})
	fifo := filepath.Join(e.Dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := e.Running(); got != "" {
		t.Errorf("before: %q", got)
	}
	ended := make(chan error)
	go func() { ended <- e.Init(t.Context()) }()
	opened := make(chan *os.File)
	go func() {
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0) // it waits for the engine to read
		if err != nil {
			t.Error(err)
		}
		opened <- w
	}()
	var w *os.File
	select {
	case w = <-opened:
	case err := <-ended:
		t.Fatalf("the engine ended before it read: %v", err)
	}
	if got := e.Running(); !strings.HasPrefix(got, "opentofu init (since ") {
		t.Errorf("in the middle: %q", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := e.Running(); got != "" {
		t.Errorf("after: %q", got)
	}
}
