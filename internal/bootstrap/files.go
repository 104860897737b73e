package bootstrap

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// replaceFile is atomicfile.Write for what may be secret.
func replaceFile(path string, data []byte) error { return atomicfile.Write(path, data, 0o600) }

// write is Options.Write with a diagnostic: a full disk is found here first.
func (o *Options) write(path string, data []byte) error {
	if err := o.Write(path, data); err != nil {
		return &diag.Diagnostic{
			Rule: "bootstrap-write", Summary: "cannot write " + path + ": " + cause(err), Err: err,
			Why: "what is about to happen is written down first, so that a run that is killed can be finished; so nothing was begun",
			Fix: "free some space (or mend the permissions) and run it again: it goes on from here",
		}
	}
	return nil
}

// cause is an error without the names of temporary files.
func cause(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remove removes a file; one that is not there is removed already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// globIn returns the files in a directory whose names match; the directory's
// own name may hold pattern characters.
func globIn(dir, pattern string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		ok, err := filepath.Match(pattern, e.Name())
		if err != nil {
			return nil, err
		}
		if ok && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}
