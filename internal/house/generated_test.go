package house_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/cli/reference"
)

// The command reference is part of the repository, so that it can be read
// without building anything.
func TestCommandReferenceIsUpToDate(t *testing.T) {
	pages, err := reference.Pages()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(repository(t), filepath.FromSlash(reference.Dir))
	const repair = "run: make docs"
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s/%s is missing; %s", reference.Dir, name, repair)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s/%s is stale; %s", reference.Dir, name, repair)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := pages[f.Name()]; !ok {
			t.Errorf("%s/%s belongs to no command; %s", reference.Dir, f.Name(), repair)
		}
	}
}
