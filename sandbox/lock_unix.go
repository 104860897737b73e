//go:build unix

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks a file until it is closed, and reports false when another
// process, or another open file of this one, holds its lock.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
