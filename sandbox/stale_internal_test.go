package sandbox

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStaleDirectories(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	later := time.Now().Add(2 * staleAfter)
	alive, owner, err := tempDirectory()
	if err != nil {
		t.Fatal(err)
	}
	dead, gone, err := tempDirectory()
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil { // as its death does
		t.Fatal(err)
	}
	unmarked := filepath.Join(os.TempDir(), tempPattern+"unmarked")
	open := filepath.Join(os.TempDir(), tempPattern+"open") // not as we make them
	for dir, mode := range map[string]os.FileMode{unmarked: 0o700, open: 0o755} {
		if err := os.Mkdir(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(open, ownerFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(os.TempDir(), tempPattern+"link")
	if err := os.Symlink(dead, link); err != nil {
		t.Fatal(err)
	}
	stand := func(when string, want map[string]bool) {
		t.Helper()
		for path, there := range want {
			if _, err := os.Lstat(path); (err == nil) != there {
				t.Errorf("%s: %s is there: %t, want %t", when, filepath.Base(path), err == nil, there)
			}
		}
	}
	removeStale(os.TempDir(), time.Now())
	stand("at once", map[string]bool{alive: true, dead: true, unmarked: true, open: true, link: true})
	removeStale(os.TempDir(), later)
	stand("later", map[string]bool{alive: true, dead: false, unmarked: true, open: true, link: true})
	if err := release(alive, owner); err != nil {
		t.Error(err)
	}
	stand("released", map[string]bool{alive: false})
}
