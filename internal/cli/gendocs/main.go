// Command gendocs writes the command reference, docs/commands/*.md, from the
// help texts of the commands. Run it from the repository's root: make docs.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/cli/reference"
)

func main() {
	if err := write(reference.Dir); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// write makes dir hold the pages and no others.
func write(dir string) error {
	pages, err := reference.Pages()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, ok := pages[filepath.Base(name)]; !ok {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}
