package modules_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/modules"
)

// vendored says which files of a module go into a room.
func vendored(name string) bool {
	switch path.Ext(name) {
	case ".tf", ".json":
		return true
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
			case e.IsDir() && (e.Name() == "tests" || e.Name() == ".terraform" || slices.Contains(names(t), name)):
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

// No third-party modules, no provider but AWS's, and that one passed in: a provider
// block in a module would name a region or a profile that is the caller's to choose. A
// module may be made of those inside it, and of no others.
func TestModulesUseRawResources(t *testing.T) {
	source := regexp.MustCompile(`(?m)^\s*source\s*=\s*"([^"]*)"`)
	configured := regexp.MustCompile(`(?m)^(provider|import)\s`)
	modules := names(t)
	for _, module := range modules {
		for name, file := range parse(t, module) {
			if m := configured.Find(file.Bytes); m != nil {
				t.Errorf("%s has a block %q, which belongs in the root module", name, m)
			}
			for _, m := range source.FindAllSubmatch(file.Bytes, -1) {
				inside, ours := strings.CutPrefix(string(m[1]), "./")
				if string(m[1]) != "hashicorp/aws" && (!ours || !slices.Contains(modules, path.Join(module, inside))) {
					t.Errorf("%s uses %q; a room needs hashicorp/aws and the modules that are here, and nothing else", name, m[1])
				}
			}
		}
	}
}

// prevent_destroy has to be on the resource, where the next reader sees it: what is lost
// with a bucket or a key is everything that is in it or under it.
func TestWhatHoldsDataCannotBeDestroyed(t *testing.T) {
	// A topic's key keeps nothing: a message is under it for as long as it is on its way.
	// What is under the sink's are secrets of other people's, which are asked for again.
	passing := []string{"alert-sink", "baseline/alerts"}
	seen := map[string]int{}
	for _, module := range names(t) {
		for name, file := range parse(t, module) {
			for _, block := range strings.Split("\n"+string(file.Bytes), "\nresource ")[1:] {
				if !strings.HasPrefix(block, `"aws_s3_bucket" `) && !strings.HasPrefix(block, `"aws_kms_key" `) {
					continue
				}
				if slices.Contains(passing, module) {
					continue
				}
				seen[module]++
				if !strings.Contains(strings.SplitN(block, "\n}", 2)[0], "prevent_destroy = true") {
					t.Errorf("%s: resource %s has no prevent_destroy", name, strings.SplitN(block, " {", 2)[0])
				}
			}
		}
	}
	want := map[string]int{
		"state-backend":              3, // a bucket, the room's key, the environments' keys
		"state-key":                  1,
		"baseline/account-hardening": 1, "baseline/audit-logging": 2, "baseline/aws-config": 2,
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("buckets and keys of each module, -want +got:\n%s", d)
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
