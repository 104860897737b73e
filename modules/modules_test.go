package modules_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/modules"
)

// vendored says which files of a module go into a room.
func vendored(name string) bool {
	switch path.Ext(name) {
	case ".tf", ".json":
		return path.Dir(path.Dir(name)) == "."
	}
	return path.Base(name) == "README.md" || path.Base(name) == ".terraform.lock.hcl"
}

// A plain directory embed drops dot files and "all:" takes too many, so what is
// embedded is compared with what is there.
func TestEmbeddedFilesAreTheModules(t *testing.T) {
	var want, got []string
	for _, module := range names(t) {
		entries, err := os.ReadDir(module)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := module + "/" + e.Name()
			switch {
			case e.IsDir() && (e.Name() == "tests" || e.Name() == ".terraform"):
			case !e.IsDir() && vendored(name):
				want = append(want, name)
			default:
				t.Errorf("%s is neither vendored nor a test: say which in vendored and embed.go", name)
			}
		}
	}
	err := fs.WalkDir(modules.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("embedded files = %q\nwant %q", got, want)
	}
}

// No third-party modules, and no provider but AWS's.
func TestModulesUseRawResources(t *testing.T) {
	source := regexp.MustCompile(`(?m)^\s*source\s*=\s*"([^"]*)"`)
	for _, module := range names(t) {
		for name, file := range parse(t, module) {
			if regexp.MustCompile(`(?m)^module\s`).Match(file.Bytes) {
				t.Errorf("%s calls a module; these modules are made of resources", name)
			}
			for _, m := range source.FindAllSubmatch(file.Bytes, -1) {
				if string(m[1]) != "hashicorp/aws" {
					t.Errorf("%s uses provider %q; a room needs hashicorp/aws and nothing else", name, m[1])
				}
			}
		}
	}
}

// prevent_destroy has to be on the resource, where the next reader sees it: what
// is lost with it is every state.
func TestWhatHoldsStatesCannotBeDestroyed(t *testing.T) {
	seen := 0
	for name, file := range parse(t, "state-backend") {
		for _, block := range strings.Split(string(file.Bytes), "\nresource ")[1:] {
			if !strings.HasPrefix(block, `"aws_s3_bucket" `) && !strings.HasPrefix(block, `"aws_kms_key" `) {
				continue
			}
			seen++
			if !strings.Contains(strings.SplitN(block, "\n}", 2)[0], "prevent_destroy = true") {
				t.Errorf("%s: resource %s has no prevent_destroy", name, strings.SplitN(block, " {", 2)[0])
			}
		}
	}
	if seen != 3 {
		t.Errorf("found %d buckets and keys, want 3: one bucket, the room's key, the environments' keys", seen)
	}
}

// Everything that can be tagged and every role and key is in the tests of its
// module; a module without tests is not one of ours.
func TestEveryModuleHasTests(t *testing.T) {
	for _, module := range names(t) {
		found, err := fs.Glob(os.DirFS(module), "tests/*.tftest.hcl")
		if err != nil || len(found) == 0 {
			t.Errorf("%s has no tests/*.tftest.hcl (%v)", module, err)
		}
	}
}
