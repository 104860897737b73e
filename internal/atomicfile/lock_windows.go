package atomicfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// TryLock takes the file's lock, which ends with the process, however that
// ends; the error says that somebody has it. It is the file's, not the path's: hold it
// against the path once more where the file may have been replaced.
func TryLock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
}

// Unlock gives the lock back.
func Unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{})
}
