// Package diag is the one way in which features and commands say that
// something is wrong: which rule was broken, where, what was found, why the
// rule exists, and the command or edit that repairs it.
//
// Return a *Diagnostic as an error. Several at once go into a List, or are
// joined by errors.Join or %w. The command line wraps what decides the exit
// status in an ExitError and prints the rest with Human or JSON.
//
// Libraries that outsiders import (policy, sandbox, release) return plain
// errors instead; a command turns those into diagnostics where it knows a
// repair. The package does not log and does not exit.
package diag
