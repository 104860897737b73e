// Package atomicfile replaces files so that whoever looks, or whatever is killed,
// finds the old text or the new one, never half of it.
//
// Call Write; of two writers the last one wins, whole. TryLock keeps a second process
// away from what the first one does.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Write puts data at path in one step that lasts through a power cut: it is written
// beside it, synced, renamed. The mode of a file that is there is kept; a new one
// gets mode.
func Write(path string, data []byte, mode os.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".strongroom-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes a rename or a removal in dir last through a power cut. Windows has no
// such thing for directories, and refuses to be asked.
// Source: FlushFileBuffers, which needs a handle for writing.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
