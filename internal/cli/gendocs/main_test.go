package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

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
