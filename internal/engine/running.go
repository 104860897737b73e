package engine

import (
	"os"
	"path/filepath"
	"strings"
)

// RunsIn reports whether an engine runs in a directory, as far as this
// system tells: one that somebody started by hand may hold the lock with
// everything else alike. Where there is no /proc it says no.
func RunsIn(dir string) bool {
	want, err := os.Stat(dir)
	if err != nil {
		return false
	}
	processes, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, p := range processes {
		at, err := os.Stat(filepath.Join(p, "cwd"))
		if err != nil || !os.SameFile(at, want) {
			continue
		}
		exe, err := os.Readlink(filepath.Join(p, "exe"))
		if err != nil {
			continue
		}
		if name := filepath.Base(exe); strings.HasPrefix(name, "tofu") || strings.HasPrefix(name, "terraform") {
			return true
		}
	}
	return false
}
