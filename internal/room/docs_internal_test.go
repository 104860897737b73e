package room

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// docs/spec.md names every key and block of every section, and no other.
func TestDocsNameEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/spec.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	heading := ""
	first := regexp.MustCompile("`([a-z_]+)`")
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "##") {
			heading = strings.ToLower(name)
			continue
		}
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(line, "| `") {
			for _, m := range first.FindAllStringSubmatch(cell, -1) {
				told[heading] = append(told[heading], m[1])
			}
		}
	}
	r := &Room{}
	d := &decoder{at: map[any]hcl.Range{}}
	var walk func(heading string, s section)
	walk = func(heading string, s section) {
		var names []string
		for _, k := range s.keys {
			names = append(names, k.name)
		}
		for _, b := range s.blocks {
			names = append(names, b.name)
			label := ""
			switch b.name {
			case "forge":
				label = "github" // which has every key of the other
			case "expect":
				label = "apply"
			case "environment":
				label = "production"
			case "stack":
				label = "infra"
			}
			walk(b.name, b.read(d, label, hcl.Range{}))
		}
		slices.Sort(names)
		slices.Sort(told[heading])
		if !slices.Equal(names, told[heading]) {
			t.Errorf("section %q has %q, and docs/spec.md names %q", heading, names, told[heading])
		}
		delete(told, heading)
	}
	walk("the spec", specSection(r))
	if len(d.list) > 0 {
		t.Fatal(d.list)
	}
	for heading := range told {
		t.Errorf("docs/spec.md has a section %q, and the spec has not", heading)
	}
}
