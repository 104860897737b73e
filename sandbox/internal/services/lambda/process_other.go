//go:build !unix

package lambda

import "os/exec"

// apart is for systems with process groups.
func apart(*exec.Cmd) {}

// end kills a process.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have ended by itself
}
