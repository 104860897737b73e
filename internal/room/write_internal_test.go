package room

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each change to a room is one rename, so every state that a killed run can leave
// is a number of finished changes. Stop after each number, run again, and the
// room must be the one that an undisturbed run makes, with nothing taken for a
// person's work.
func TestWriteCanBeKilledAfterEveryChange(t *testing.T) {
	before := []File{{Path: "a.tf", Content: []byte("a1\n")}, {Path: "d/b.tf", Content: []byte("b1\n")}, {Path: "c.tf", Content: []byte("c\n")}, {Path: "d/gone.tf", Content: []byte("gone\n")}}
	after := []File{{Path: "a.tf", Content: []byte("a2\n")}, {Path: "d/b.tf", Content: []byte("b2\n")}, {Path: "c.tf", Content: []byte("c\n")}, {Path: "new.tf", Content: []byte("new\n")}}
	want := tree(t, finished(t, before, after))
	killed := errors.New("killed")
	for n := 0; ; n++ {
		root := finished(t, before)
		left := n
		_, err := write(root, after, func(root *os.Root, name string, content []byte) error {
			if left == 0 {
				// What a kill leaves in the middle of a change: a half-written file
				// beside the rest.
				if err := root.MkdirAll(tmpDir, 0o755); err != nil {
					return err
				}
				if err := root.WriteFile(tmpDir+"/"+digest([]byte(name))[:16], content[:len(content)/2], 0o644); err != nil {
					return err
				}
				return killed
			}
			left--
			return replace(root, name, content)
		})
		if err == nil {
			if n < 5 {
				t.Fatalf("the run had only %d changes; the manifest twice and three files were expected", n)
			}
			return
		}
		if !errors.Is(err, killed) {
			t.Fatal(err)
		}
		out, err := write(root, after, replace)
		if err != nil {
			t.Fatalf("after %d changes: %v", n, err)
		}
		for _, o := range out {
			if o.Action == Kept {
				t.Errorf("after %d changes: %s is taken for a person's", n, o.Path)
			}
		}
		if d := cmp.Diff(want, tree(t, root)); d != "" {
			t.Errorf("after %d changes: -want +got:\n%s", n, d)
		}
	}
}

// finished writes one list of files after the other.
func finished(t *testing.T, lists ...[]File) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	for _, files := range lists {
		if _, err := write(root, files, replace); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func tree(t *testing.T, root *os.Root) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			files[name] = "directory"
			return nil
		}
		data, err := root.ReadFile(name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestReplaceStaysInsideTheRoom(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "src")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := replace(root, "src/providers.tf", []byte("x")); err == nil {
		t.Error("a link out of the room was followed")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%d files outside of the room", len(left))
	}
}

func TestManifestOfAnotherVersionIsNotGuessedAt(t *testing.T) {
	for _, text := range []string{`{"format_version":2}`, `{"format_version":1,"files":[]}`, `{`} {
		root := finished(t, []File{{Path: "a.tf"}})
		if err := root.WriteFile(manifestFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := write(root, []File{{Path: "a.tf"}}, replace); err == nil {
			t.Errorf("manifest %s was accepted", text)
		}
	}
}

// The rules are data; a rule that cannot refuse anything, or that says nothing,
// is a mistake in the data.
func TestSubjectRulesAreWhole(t *testing.T) {
	for forge, rules := range subjectRules() {
		for i, r := range rules {
			at := fmt.Sprintf("%s rule %d (%s)", forge, i, r.ID)
			if r.ID == "" || r.Why == "" || r.Fix == "" {
				t.Errorf("%s: id, why or fix is empty", at)
			}
			if (r.Must == nil) == (r.Never == nil) {
				t.Errorf("%s: needs exactly one of must and never", at)
			}
			for _, role := range r.Roles {
				if role != "plan" && role != "apply" {
					t.Errorf("%s: there is no role %q", at, role)
				}
			}
		}
	}
}
