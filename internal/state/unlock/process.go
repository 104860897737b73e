package unlock

import (
	"path/filepath"
	"strings"
	"time"
)

// Process is one that runs on this machine.
type Process struct {
	PID int
	// User is the name of whom it runs as; "" when it is not known.
	User string
	// Command is the program's name, "terraform".
	Command string
	// Dir is where it runs; "" when one may not see that.
	Dir string
	// Workspace is what TF_WORKSPACE says to it; "" is nothing, or may not be seen.
	Workspace string
	// Started is when, to about a second.
	Started time.Time
}

// slack is how much later than its lock a process may seem to have started: the
// system tells the time that it was booted in whole seconds, and clocks are set.
const slack = 2 * time.Second

// before tells whether a process ran already when a lock was taken. One whose start
// is not known did.
func (p *Process) before(lock time.Time) bool {
	return p.Started.IsZero() || lock.IsZero() || !p.Started.After(lock.Add(slack))
}

// isEngine tells whether a program is an engine, by its name: "terraform",
// "terraform-1.11", "tofu.exe", Nix's ".terraform-wrapped", but not a provider plugin.
func isEngine(command string) bool {
	name := strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(filepath.Base(command), ".exe")), ".")
	if strings.Contains(name, "-provider") || strings.HasPrefix(name, "terraform-ls") {
		return false
	}
	return strings.HasPrefix(name, "terraform") || strings.HasPrefix(name, "tofu") || strings.HasPrefix(name, "opentofu")
}
