package unlock_test

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/unlock"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// Who has a lock is judged by what runs here.
func TestJudge(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	target := w.Target("development")
	store := state.NewBucket(w.Room, w.Owner).Store(target, "")
	taken := w.Sandbox.Now().Add(-time.Hour).Truncate(time.Second)
	prepared := func(config string) string {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, ".terraform"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".terraform", "terraform.tfstate"), []byte(`{"version":3,"backend":{"type":"s3","config":{`+config+`},"hash":1}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	this := prepared(`"bucket":"` + statetest.Bucket + `","key":"development"`)
	other := prepared(`"bucket":"` + statetest.Bucket + `","key":"production"`)
	before, after := taken.Add(-time.Second), taken.Add(time.Minute)
	mine := "strongroom process 4711"
	for _, tt := range []struct {
		what      string
		who, info string
		running   []unlock.Process
		fails     error
		want      unlock.Holder
		process   int
	}{
		{"another machine", "ann@elsewhere", "", []unlock.Process{{PID: 5, User: "ann", Command: "terraform", Dir: this, Started: before}}, nil, unlock.Elsewhere, 0},
		{"nothing runs", "ann@here", "", nil, nil, unlock.Gone, 0},
		{"an engine for this state", "ann@here", "", []unlock.Process{{PID: 4, User: "ann", Command: "bash", Dir: this, Started: before}, {PID: 5, User: "ann", Command: "tofu", Dir: this, Started: before}}, nil, unlock.Alive, 5},
		{"an engine for another", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: "tofu", Dir: other, Started: before}}, nil, unlock.Gone, 0},
		{"another workspace", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: "tofu", Dir: this, Workspace: "blue", Started: before}}, nil, unlock.Gone, 0},
		{"a later engine", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: "tofu", Dir: this, Started: after}}, nil, unlock.Gone, 0},
		{"somebody else's engine", "ann@here", "", []unlock.Process{{PID: 5, User: "bo", Command: "tofu", Dir: this, Started: before}}, nil, unlock.Gone, 0},
		{"an engine that cannot be seen", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: "terraform", Started: before}}, nil, unlock.Alive, 5},
		{"an engine in a wrapper", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: ".terraform-wrapped", Dir: this, Started: before}}, nil, unlock.Alive, 5},
		{"a plugin", "ann@here", "", []unlock.Process{{PID: 5, User: "ann", Command: "terraform-provider-aws_v5.100.0_x5", Started: before}}, nil, unlock.Gone, 0},
		{"strongroom", "ann@here", mine, []unlock.Process{{PID: 4711, User: "ann", Command: "strongroom", Started: before}}, nil, unlock.Alive, 4711},
		{"strongroom no more", "ann@here", mine, []unlock.Process{{PID: 4711, User: "ann", Command: "vim", Started: after}}, nil, unlock.Gone, 0},
		{"strongroom elsewhere", "ann@elsewhere", mine, []unlock.Process{{PID: 4711, User: "ann", Command: "strongroom", Started: before}}, nil, unlock.Elsewhere, 0},
		{"nobody knows what runs", "ann@here", "", nil, errors.New("not looked at"), unlock.Unknown, 0},
		{"no machine", "ann", "", nil, nil, unlock.Elsewhere, 0},
		{"no machine, and an engine", "ann", "", []unlock.Process{{PID: 5, User: "bo", Command: "tofu", Dir: this, Started: before}}, nil, unlock.Alive, 5},
	} {
		info := &tfstate.LockInfo{ID: "the-lock", Who: tt.who, Info: tt.info, Operation: "OperationTypeApply", Created: taken}
		if err := store.Lock(t.Context(), info); err != nil {
			t.Fatal(err)
		}
		f := &unlock.Finder{
			Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Owner)}, Host: "here",
			Processes: func() ([]unlock.Process, error) { return tt.running, tt.fails },
		}
		l, err := f.Look(t.Context(), target)
		if err != nil || l.Holder != tt.want || l.Process != tt.process || l.Why == "" || l.ID != "the-lock" || !l.Since.Equal(taken) || l.Who != tt.who {
			t.Errorf("%s: %+v, %v", tt.what, l, err)
		}
		refused := tt.want == unlock.Alive || tt.want == unlock.Unknown
		if err := l.Release(t.Context()); (err != nil) != refused || l.Released == refused {
			t.Errorf("%s: released %v, %v", tt.what, l.Released, err)
		}
		if left, err := store.Locked(t.Context()); err != nil || (left != nil) != refused {
			t.Errorf("%s: then locked by %+v, %v", tt.what, left, err)
		}
		if err := store.Unlock(t.Context(), "the-lock"); err != nil {
			t.Fatal(err)
		}
	}
}

// Only the lock that was seen is taken away.
func TestReleaseOfAnotherLock(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	target := w.Target("development")
	store := state.NewBucket(w.Room, w.Owner).Store(target, "")
	finder := &unlock.Finder{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Owner)}, Processes: nothingRuns}
	see := func(id string) *unlock.Lock {
		if err := store.Lock(t.Context(), &tfstate.LockInfo{ID: id, Who: "ann@elsewhere", Created: w.Sandbox.Now()}); err != nil {
			t.Fatal(err)
		}
		l, err := finder.Look(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := see("one")
	if err := store.Unlock(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	see("two")
	var d *diag.Diagnostic
	if err := l.Release(t.Context()); !errors.As(err, &d) || d.Rule != "state-lock-another" || l.Released {
		t.Errorf("%v, %+v", err, l)
	}
	if held, err := store.Locked(t.Context()); err != nil || held == nil || held.ID != "two" {
		t.Errorf("then locked by %+v, %v", held, err)
	}
	// Who may not see the lock file is told so.
	blind := &unlock.Finder{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Principals["production"])}}
	if _, err := blind.Look(t.Context(), target); !errors.As(err, &d) || d.Rule != "state-lock-unseen" {
		t.Errorf("%v", err)
	}
	// What is no lock of an engine's is not deleted.
	w.Put("development.tflock", []byte("by hand"), "")
	l, err := finder.Look(t.Context(), target)
	if err != nil || l.ID != "" {
		t.Fatalf("%+v, %v", l, err)
	}
	if err := l.Release(t.Context()); !errors.As(err, &d) || d.Rule != "state-lock-nameless" {
		t.Errorf("%v", err)
	}
}

// A lock that this very process holds is held.
func TestOwnLock(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked at on Linux alone")
	}
	t.Parallel()
	w := statetest.New(t, "")
	target := w.Target("development")
	if err := state.NewBucket(w.Room, w.Owner).Store(target, "").Lock(t.Context(), state.NewLock("StrongroomTest")); err != nil {
		t.Fatal(err)
	}
	f := &unlock.Finder{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Owner)}}
	if l, err := f.Look(t.Context(), target); err != nil || l.Holder != unlock.Alive || l.Process != os.Getpid() {
		t.Errorf("%+v, %v", l, err)
	}
	list, err := unlock.Processes()
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.PID == os.Getpid() {
			if p.Dir != dir || p.User != me.Username || !strings.HasSuffix(p.Command, ".test") || p.Started.After(time.Now()) || p.Started.IsZero() {
				t.Errorf("%+v", p)
			}
			return
		}
	}
	t.Error("this process does not run")
}

// GitLab tells who has a lock only to those who try to take it: it is taken, and
// given back at once.
func TestGitLab(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	w.EditSpec("forge \"github\"", "forge \"gitlab\"")
	w.EditSpec("\nstate {\n", "\nstate {\n  backend = \"http\"\n")
	access, err := w.Sandbox.AccessToken(sandbox.AccessRequest{Project: "acme/infra", User: "ann", Role: "maintainer"})
	if err != nil {
		t.Fatal(err)
	}
	client := w.Sandbox.HTTPClient()
	t.Cleanup(client.CloseIdleConnections)
	environ := map[string]string{"TF_HTTP_USERNAME": access.Username, "TF_HTTP_PASSWORD": access.Token}
	f := &unlock.Finder{
		Places: &state.Places{Room: w.Room, HTTP: client, Getenv: func(k string) string { return environ[k] }}, Processes: nothingRuns,
	}
	target := w.Target("development")
	look := func(want unlock.Holder) *unlock.Lock {
		t.Helper()
		l, err := f.Look(t.Context(), target)
		if err != nil || l.Holder != want {
			t.Fatalf("%+v, %v, want %s", l, err, want)
		}
		return l
	}
	for range 2 { // looking leaves no lock behind
		look(unlock.Nobody)
	}
	store, err := f.Places.Store(target)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Lock(t.Context(), &tfstate.LockInfo{ID: "the-lock", Operation: "OperationTypeApply", Who: "ann@laptop", Created: w.Sandbox.Now()}); err != nil {
		t.Fatal(err)
	}
	l := look(unlock.Elsewhere)
	if l.ID != "the-lock" || l.Since == nil {
		t.Errorf("%+v", l)
	}
	if err := l.Release(t.Context()); err != nil || !l.Released {
		t.Errorf("%v, %+v", err, l)
	}
	look(unlock.Nobody)
}

func nothingRuns() ([]unlock.Process, error) { return nil, nil }
