//go:build unix

package unlock

import (
	"fmt"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// fromPS lists the processes of this machine, as far as ps shows them: not where they
// run, and nothing of their environment.
//
// Source: ps(1) of macOS and FreeBSD, keywords pid, uid, stat, lstart, comm; the C
// locale's dates.
func fromPS() ([]Process, error) {
	cmd := exec.Command("/bin/ps", "-axo", "pid=,uid=,stat=,lstart=,comm=")
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("which processes run here cannot be told: ps: %w", err)
	}
	list, names := []Process{}, map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		p, uid, ok := psLine(line)
		if !ok {
			continue
		}
		if _, known := names[uid]; !known {
			names[uid] = ""
			if u, err := user.LookupId(uid); err == nil {
				names[uid] = u.Username
			}
		}
		p.User = names[uid]
		list = append(list, p)
	}
	return list, nil
}

// psLine reads a line; ok is false of one that has no process, or one that has ended.
// A program's path may have spaces in it, and is the last.
func psLine(line string) (p Process, uid string, ok bool) {
	f := strings.Fields(line)
	if len(f) < 9 || strings.HasPrefix(f[2], "Z") { // it has been killed, and nobody has noticed
		return p, "", false
	}
	pid, err := strconv.Atoi(f[0])
	if err != nil {
		return p, "", false
	}
	p = Process{PID: pid, Command: filepath.Base(strings.Join(f[8:], " "))}
	if at, err := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(f[3:8], " ")); err == nil {
		p.Started = at
	}
	return p, f[1], true
}
