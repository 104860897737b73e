package unlock

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hertz is what /proc counts in. Source: proc_pid_stat(5), sysconf(_SC_CLK_TCK): 100 on
// every architecture that Go has.
const hertz = 100

// Processes lists the processes of this machine, as far as /proc shows them.
func Processes() ([]Process, error) {
	booted, err := bootTime()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	list := []Process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := process(pid, booted); ok {
			list = append(list, p)
		}
	}
	return list, nil
}

// process reads one; ok is false if it has ended.
func process(pid int, booted time.Time) (p Process, ok bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return p, false
	}
	// The name is in parentheses, and may hold any.
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	fields := []string{}
	if open >= 0 && end > open {
		fields = strings.Fields(string(stat[end+1:]))
	}
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" { // it has been killed, and nobody has noticed
		return p, false
	}
	p = Process{PID: pid, Command: string(stat[open+1 : end])}
	if ticks, err := strconv.ParseInt(fields[19], 10, 64); err == nil {
		p.Started = booted.Add(time.Duration(ticks) * time.Second / hertz)
	}
	if exe, err := os.Readlink(filepath.Join(dir, "exe")); err == nil {
		p.Command = filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	}
	if cwd, err := os.Readlink(filepath.Join(dir, "cwd")); err == nil {
		p.Dir = cwd
	}
	if info, err := os.Stat(dir); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			if u, err := user.LookupId(strconv.Itoa(int(s.Uid))); err == nil {
				p.User = u.Username
			}
		}
	}
	if environ, err := os.ReadFile(filepath.Join(dir, "environ")); err == nil {
		for _, kv := range bytes.Split(environ, []byte{0}) {
			if v, ok := bytes.CutPrefix(kv, []byte("TF_WORKSPACE=")); ok {
				p.Workspace = string(v)
			}
		}
	}
	return p, true
}

// bootTime is when the machine was booted. Source: proc_stat(5), btime.
func bootTime() (time.Time, error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			if s, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
				return time.Unix(s, 0), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("/proc/stat does not say when the machine was booted")
}
