//go:build unix

package enginetest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// KillFamily kills a process, its engine and the engine's provider at once, as a power
// cut would. Processes that are gone already are no failure. It reads /proc.
func KillFamily(pid int) {
	for _, p := range append([]int{pid}, descendants(pid)...) {
		_ = syscall.Kill(p, syscall.SIGKILL)
	}
}

// descendants are the processes below one, from /proc.
func descendants(of int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	children := map[int][]int{}
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// PID (NAME) STATE PPID; the name may hold anything.
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) < 2 || err != nil {
			continue
		}
		if ppid, err := strconv.Atoi(fields[1]); err == nil {
			children[ppid] = append(children[ppid], pid)
		}
	}
	var all []int
	for queue := children[of]; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return all
}
