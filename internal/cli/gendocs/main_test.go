package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const repository = "../../.."

// The reference is part of the repository, so that it can be read without
// building anything.
func TestCommandReferenceIsUpToDate(t *testing.T) {
	pages, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	const repair = "run: make docs"
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(repository, dir, name))
		if err != nil {
			t.Errorf("%s/%s is missing; %s", dir, name, repair)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s/%s is stale; %s", dir, name, repair)
		}
	}
	files, err := os.ReadDir(filepath.Join(repository, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := pages[f.Name()]; !ok {
			t.Errorf("%s/%s belongs to no command; %s", dir, f.Name(), repair)
		}
	}
}

func TestWriteRemovesPagesOfRemovedCommands(t *testing.T) {
	out := t.TempDir()
	stale := filepath.Join(out, "strongroom_removed.md")
	if err := os.WriteFile(stale, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(out); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", stale, err)
	}
	page, err := os.ReadFile(filepath.Join(out, "strongroom_sandbox_exec.md"))
	if err != nil || !bytes.Contains(page, []byte("## strongroom sandbox exec")) || !bytes.Contains(page, []byte("[strongroom sandbox](strongroom_sandbox.md)")) {
		t.Errorf("page of sandbox exec: %v\n%s", err, page)
	}
}
