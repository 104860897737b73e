//go:build unix

package atomicfile

import (
	"os"
	"syscall"
)

// TryLock takes the file's advisory lock, which ends with the process, however that
// ends; the error says that somebody has it. It is the file's, not the path's: hold it
// against the path once more where the file may have been replaced.
func TryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// Unlock gives the lock back. To close the file is not enough while a process that this
// one has just forked has it open too.
func Unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
