package room

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
)

// replace puts content at name in one step: whoever looks, or whatever is killed,
// finds the old text or the new one, never half of it. A file that already holds
// the content is left alone.
func replace(root *os.Root, name string, content []byte) error {
	switch old, err := root.ReadFile(name); {
	case err == nil && bytes.Equal(old, content):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, dir := range []string{tmpDir, path.Dir(name)} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	// One name for each path: what a killed run left is overwritten by the next.
	tmp := tmpDir + "/" + digest([]byte(name))[:16]
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		_ = root.Remove(tmp)
	}
	return err
}
