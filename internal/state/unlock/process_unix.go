//go:build unix && !linux

package unlock

// Processes lists the processes of this machine, as far as ps shows them.
func Processes() ([]Process, error) { return fromPS() }
