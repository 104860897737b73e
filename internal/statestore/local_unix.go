//go:build unix

package statestore

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// whole is the whole file, as engines lock it.
// Source: flock.Lock of OpenTofu, statemgr of Terraform.
func whole() *syscall.Flock_t {
	return &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: int16(io.SeekStart)}
}

func lockFile(f *os.File) error { return syscall.FcntlFlock(f.Fd(), setLock, whole()) }

// isLocked reports that somebody else has the lock. Source: fcntl(2).
func isLocked(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAGAIN)
}

// lockOf asks who stands in the way of a lock.
func lockOf(f *os.File) (pid int, locked bool, err error) {
	l := whole()
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, l); err != nil {
		return 0, false, err
	}
	return max(int(l.Pid), 0), l.Type != syscall.F_UNLCK, nil
}
