package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// errNoFigures: this system does not tell about processes as Linux does.
var errNoFigures = errors.New("figures of a process are read from /proc, which only Linux has")

// ticks per second of /proc/PID/stat. Source: proc(5); it is 100 on every Linux
// architecture that Go supports.
const ticks = 100

// memory is the resident size in MB (10^6 bytes).
func (s *server) memory() (float64, error) {
	if runtime.GOOS != "linux" {
		return 0, errNoFigures
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == "VmRSS:" {
			kib, err := strconv.ParseFloat(string(f[1]), 64)
			return kib * 1024 / 1e6, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmRSS")
}

// cpu is the processor time that the program has used.
func (s *server) cpu() (time.Duration, error) {
	if runtime.GOOS != "linux" {
		return 0, errNoFigures
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The program's name, in parentheses, may hold anything.
	f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields behind the name, want 13 or more", len(f))
	}
	user, err1 := strconv.ParseInt(string(f[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(f[12]), 10, 64)
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}
