package statestore

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes the engines' lock. Source: flock.Lock of OpenTofu.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 0, math.MaxUint32, &windows.Overlapped{})
}

func isLocked(err error) bool { return errors.Is(err, windows.ERROR_LOCK_VIOLATION) }

// lockOf tries to take the lock, as Windows does not tell who has it.
func lockOf(f *os.File) (pid int, locked bool, err error) {
	switch err := lockFile(f); {
	case isLocked(err):
		return 0, true, nil
	case err != nil:
		return 0, false, err
	}
	return 0, false, windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 0, math.MaxUint32, &windows.Overlapped{})
}
