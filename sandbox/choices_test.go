package sandbox_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	choiceHeading = regexp.MustCompile(`(?m)^### ([a-z0-9-]+)$`)
	choiceInCode  = regexp.MustCompile(`[Cc]hoice\s+(?://\s+)?([a-z0-9-]+)[.)]`)
	choiceTest    = regexp.MustCompile("(?m)^- Test: `(Test[A-Za-z0-9]+)`$")
)

// A choice that the sandbox makes is described, and one that is described is made and has a
// test that is there.
func TestChoicesAreDescribedAndTested(t *testing.T) {
	page, err := os.ReadFile("../docs/sandbox-choices.md")
	if err != nil {
		t.Fatal(err)
	}
	made, tests := map[string]string{}, map[string]bool{}
	named := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range named.FindAllSubmatch(src, -1) {
				tests[string(m[1])] = true
			}
			return nil
		}
		for _, m := range choiceInCode.FindAllSubmatch(src, -1) {
			made[string(m[1])] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	sections := choiceHeading.FindAllSubmatchIndex(page, -1)
	for i, at := range sections {
		end := len(page)
		if i+1 < len(sections) {
			end = sections[i+1][0]
		}
		id, section := string(page[at[2]:at[3]]), string(page[at[1]:end])
		if described[id] {
			t.Errorf("choice %s is described twice", id)
		}
		described[id] = true
		if made[id] == "" {
			t.Errorf("no code of the sandbox says that it makes the choice %s", id)
		}
		for _, part := range []string{"\n- Why: ", "\n- The other reading: "} {
			if !strings.Contains(section, part) {
				t.Errorf("choice %s has no line %q", id, strings.TrimSpace(part))
			}
		}
		if m := choiceTest.FindStringSubmatch(section); m == nil || !tests[m[1]] {
			t.Errorf("choice %s names no test that is there: %v", id, m)
		}
	}
	if len(described) < 10 {
		t.Errorf("%d choices are described", len(described))
	}
	for id, path := range made {
		if !described[id] {
			t.Errorf("%s names the choice %s, which docs/sandbox-choices.md does not describe", path, id)
		}
	}
}
