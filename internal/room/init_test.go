package room_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

var options = room.Options{Account: "012345678901", Region: "eu-west-2", Project: "acme/infra"}

func mustInit(t *testing.T, dir string, opt room.Options) map[string]room.Outcome {
	t.Helper()
	_, out, err := room.Init(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]room.Outcome{}
	for _, o := range out {
		byPath[o.Path] = o
	}
	return byPath
}

func edit(t *testing.T, name string, change func(string) string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(change(string(data))), 0o644); err != nil {
		t.Fatal(err)
	}
}

// stat is what a run that writes nothing must not change.
func stat(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files[name] = info.Mode().String() + " " + info.ModTime().String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestInitTwiceWritesOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "room")
	for path, o := range mustInit(t, dir, options) {
		if o.Action != room.Created {
			t.Errorf("%s is %s in an empty directory", path, o.Action)
		}
	}
	before := stat(t, dir)
	for path, o := range mustInit(t, dir, room.Options{}) {
		if o.Action != room.Unchanged {
			t.Errorf("%s is %s by the second run", path, o.Action)
		}
	}
	if d := cmp.Diff(before, stat(t, dir)); d != "" {
		t.Errorf("the second run wrote: -before +after:\n%s", d)
	}
	r, err := room.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Dir != dir || r.StackDir(room.StackSrc) != filepath.Join(dir, "src") || r.StateKey(room.StackSrc) != "src/terraform.tfstate" {
		t.Errorf("room = %+v", r)
	}
}

func TestInitFollowsTheSpec(t *testing.T) {
	dir := t.TempDir()
	mustInit(t, dir, options)
	edit(t, filepath.Join(dir, room.SpecFile), func(s string) string { return strings.Replace(s, "eu-west-2", "eu-west-1", 1) })
	out := mustInit(t, dir, room.Options{})
	for path, want := range map[string]string{
		"bootstrap/providers.tf": room.Updated, "src/providers.tf": room.Updated, "bootstrap/main.nuke.tf": room.Updated,
		"bootstrap/main.state.tf": room.Unchanged, "modules/state-backend/main.keys.tf": room.Unchanged,
		// Written once: from then on "strongroom bootstrap" rewrites it.
		"src/backend.tf": room.Unchanged, room.SpecFile: room.Unchanged,
	} {
		if out[path].Action != want {
			t.Errorf("%s is %s, want %s", path, out[path].Action, want)
		}
	}
}

func TestInitKeepsWhatAPersonChanged(t *testing.T) {
	dir := t.TempDir()
	mustInit(t, dir, options)
	mine := filepath.Join(dir, "src", "providers.tf")
	edit(t, mine, func(s string) string { return s + "\n# mine\n" })
	other := filepath.Join(dir, "src", "main.signing.tf")
	if err := os.WriteFile(other, []byte("# not rendered\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out := mustInit(t, dir, room.Options{})
		if o := out["src/providers.tf"]; o.Action != room.Kept || o.New != ".strongroom/new/src/providers.tf" {
			t.Fatalf("a changed file: %+v", o)
		}
	}
	if data, _ := os.ReadFile(mine); !strings.HasSuffix(string(data), "# mine\n") {
		t.Errorf("the change is gone:\n%s", data)
	}
	side, err := os.ReadFile(filepath.Join(dir, ".strongroom/new/src/providers.tf"))
	if err != nil || strings.Contains(string(side), "mine") {
		t.Errorf("the text that was not written: %v\n%s", err, side)
	}
	if data, _ := os.ReadFile(other); string(data) != "# not rendered\n" {
		t.Error("a file of the person's own was touched")
	}
	// Taken back: the file is ours again, and the text beside it goes.
	if err := os.WriteFile(mine, side, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := mustInit(t, dir, room.Options{})["src/providers.tf"]; o.Action != room.Unchanged {
		t.Errorf("after taking the change back: %+v", o)
	}
	if _, err := os.Stat(filepath.Join(dir, ".strongroom/new/src/providers.tf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the text for comparison is still there: %v", err)
	}
}

func TestInitRestoresWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	mustInit(t, dir, options)
	gone := filepath.Join(dir, "modules/automation-iam/subjects.json")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if o := mustInit(t, dir, room.Options{})["modules/automation-iam/subjects.json"]; o.Action != room.Created {
		t.Errorf("a missing file: %+v", o)
	}
}

// A file that was there before the first init is a person's.
func TestInitKeepsAFileItNeverWrote(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*.o\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := mustInit(t, dir, options)[".gitignore"]; o.Action != room.Kept {
		t.Errorf(".gitignore: %+v", o)
	}
}

func TestInitRefuses(t *testing.T) {
	room1 := t.TempDir()
	mustInit(t, room1, options)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir string
		opt       room.Options
		rules     []string
	}{
		{"nothing is said", t.TempDir(), room.Options{}, []string{"init-missing", "init-missing", "init-missing"}},
		{"a wrong account", t.TempDir(), room.Options{Account: "1", Region: "eu-west-2", Project: "acme/infra"}, []string{"spec-account"}},
		{"a wildcard project", t.TempDir(), room.Options{Account: "012345678901", Region: "eu-west-2", Project: "acme/*"}, []string{"spec-project"}},
		{"text that would end the string", t.TempDir(), room.Options{Account: "012345678901", Region: "eu-west-2", Project: "acme/infra\"\n}\n"}, []string{"spec-project"}},
		{"an interpolation", t.TempDir(), room.Options{Account: "012345678901", Region: "eu-west-2", Project: "acme/${file(1)}"}, []string{"spec-project"}},
		{"another account than the spec's", room1, room.Options{Account: "111122223333", Forge: "github"}, []string{"init-conflict", "init-conflict"}},
		{"a file in the way", blocked, options, []string{"spec-unreadable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := stat(t, tt.dir)
			_, _, err := room.Init(tt.dir, tt.opt)
			var rules []string
			for _, d := range diag.All(err) {
				rules = append(rules, d.Rule)
			}
			if d := cmp.Diff(tt.rules, rules); d != "" {
				t.Errorf("-want +got:\n%s\n%v", d, err)
			}
			if d := cmp.Diff(before, stat(t, tt.dir)); d != "" {
				t.Errorf("a refusal wrote: -before +after:\n%s", d)
			}
		})
	}
}
