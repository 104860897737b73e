package room

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// drop says what is to be done with the files that were written once and that
// the spec no longer asks for, such as those of a concern that it now leaves
// out, in the order of their paths.
func drop(root *os.Root, m *manifest, files []File) ([]Outcome, error) {
	asked := map[string]bool{}
	for _, f := range files {
		asked[f.Path] = true
	}
	var out []Outcome
	for _, path := range slices.Sorted(maps.Keys(m.Files)) {
		if asked[path] {
			continue
		}
		on, err := root.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // a person was first: it is forgotten
		case err != nil:
			return nil, err
		case m.ours(path, digest(on)):
			out = append(out, Outcome{Path: path, Action: Removed})
		default:
			out = append(out, Outcome{Path: path, Action: Kept, Dropped: true})
		}
	}
	return out, nil
}

// unwrite removes a file, and the text that lies beside it for comparison.
func unwrite(root *os.Root, o Outcome) error {
	names := []string{newDir + "/" + o.Path}
	if o.Action == Removed {
		names = append(names, o.Path)
	}
	for _, name := range names {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
