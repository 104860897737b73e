//go:build unix

package lambda

import (
	"os/exec"
	"syscall"
)

// apart puts a process into a group of its own, to be ended with all that it starts.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// end kills a process and its group.
func end(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // they may have ended by themselves
}
