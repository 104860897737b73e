package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

const (
	tempPattern = "strongroom-sandbox-"
	// ownerFile is locked as long as the sandbox runs that made the directory.
	ownerFile = "owner"
	// staleAfter is how long a directory stays when its sandbox was killed: a
	// sandbox that was started again on the same data may still have clients that
	// read the old one's bundle.
	staleAfter = 24 * time.Hour
)

// tempDirectory makes the sandbox's directory, mode 0700, and marks it as in
// use until the file is closed or the process dies, however it does.
func tempDirectory() (dir string, owner *os.File, err error) {
	removeStale(os.TempDir(), time.Now())
	if dir, err = os.MkdirTemp("", tempPattern); err != nil {
		return "", nil, err
	}
	// It gets its name when it is locked, so that nobody takes it for stale before.
	path := filepath.Join(dir, ownerFile)
	if owner, err = os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err == nil {
		if _, err = tryLock(owner); err == nil {
			err = os.Rename(owner.Name(), path)
		}
	}
	return dir, owner, err
}

// removeStale removes what killed sandboxes left in a directory: only what is a
// directory of this user's with the marker, whose owner is dead, and that is old.
// Whatever cannot be removed stays.
func removeStale(in string, now time.Time) {
	dirs, err := filepath.Glob(filepath.Join(in, tempPattern+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || now.Sub(info.ModTime()) < staleAfter {
			continue
		}
		marker, err := os.Lstat(filepath.Join(dir, ownerFile))
		if err != nil || !marker.Mode().IsRegular() {
			continue
		}
		owner, err := os.OpenFile(filepath.Join(dir, ownerFile), os.O_RDWR, 0)
		if err != nil { // another user's
			continue
		}
		if dead, err := tryLock(owner); dead && err == nil {
			_ = os.RemoveAll(dir)
		}
		_ = owner.Close()
	}
}

// release gives the directory back and removes it.
func release(dir string, owner *os.File) (err error) {
	if owner != nil {
		err = owner.Close()
	}
	if dir != "" {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}
