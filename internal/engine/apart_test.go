package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

func putState(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestBringBack(t *testing.T) {
	const some = `{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed","type":"a","name":"b","instances":[]}]}`
	const void = `{"version":4,"serial":1,"lineage":"m","resources":[]}`
	for _, tt := range []struct {
		name, there string
		refused     bool
	}{
		{"nothing came in between", "-", false},
		{"an engine made an empty file", "", false},
		{"an engine made a void state", void, false},
		{"another state came in between", some, true},
		{"half a state came in between", some[:40], true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			state, other := filepath.Join(dir, "terraform.tfstate"), filepath.Join(dir, "terraform.tfstate.d", "two", "terraform.tfstate")
			putState(t, state+".aside", some)
			putState(t, filepath.Join(dir, "terraform.tfstate.d.aside", "two", "terraform.tfstate"), "of two")
			if tt.there != "-" {
				putState(t, state, tt.there)
			}
			err := engine.BringBack(dir)
			if tt.refused {
				if err == nil {
					t.Error("one of two states was replaced")
				}
				has(t, state, tt.there)
				has(t, state+".aside", some)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			has(t, state, some)
			has(t, other, "of two")
			if err := engine.BringBack(dir); err != nil {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

func TestWhatAStackWasInitialisedFor(t *testing.T) {
	dir := t.TempDir()
	e := &engine.Engine{Dir: dir}
	if e.InitialisedFor() != "" || e.Workspace() != "default" || e.Forget() != nil || e.WorkspaceDefault() != nil {
		t.Error("a stack that was never initialised")
	}
	putState(t, filepath.Join(dir, ".terraform", "terraform.tfstate"), `{"version":3,"backend":{"type":"s3","config":{}}}`)
	putState(t, filepath.Join(dir, ".terraform", "environment"), "two")
	if e.InitialisedFor() != "s3" || e.Workspace() != "two" {
		t.Errorf("%q, %q", e.InitialisedFor(), e.Workspace())
	}
	if e.Forget() != nil || e.WorkspaceDefault() != nil || e.InitialisedFor() != "" || e.Workspace() != "default" {
		t.Error("it is not forgotten")
	}
}

func TestRunsIn(t *testing.T) {
	if engine.RunsIn(t.TempDir()) || engine.RunsIn(filepath.Join(t.TempDir(), "no")) {
		t.Error("an engine runs where there is none")
	}
}
