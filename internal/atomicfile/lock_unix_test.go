//go:build unix

package atomicfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
)

// A child that was just begun has all files of its parent open, until it is another
// program: that must not keep a lock that was given back.
func TestUnlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if err := atomicfile.TryLock(first); err != nil {
		t.Fatal(err)
	}
	childs, err := syscall.Dup(int(first.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(childs)
	if err := atomicfile.TryLock(second); err == nil {
		t.Error("two have the lock")
	}
	if err := atomicfile.Unlock(first); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if err := atomicfile.TryLock(second); err != nil {
		t.Errorf("it is still locked: %v", err)
	}
}
