package modules_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
)

var update = flag.Bool("update", false, "rewrite the generated part of each README")

const (
	begin = "<!-- BEGIN inputs and outputs: go test ./modules -update -->\n"
	end   = "<!-- END inputs and outputs -->\n"
)

// names are the modules, which is to say the directories with a versions.tf, those
// inside another module too.
func names(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "tests" || d.Name() == ".terraform"):
			return fs.SkipDir
		case d.Name() == "versions.tf":
			found = append(found, path.Dir(name))
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no modules found: %v", err)
	}
	return found
}

func TestReadmeTablesMatchTheModule(t *testing.T) {
	for _, module := range names(t) {
		t.Run(module, func(t *testing.T) {
			name := filepath.Join(module, "README.md")
			readme, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			generated(t, name, begin, end, tables(t, module))
			for _, heading := range []string{"## Use", "## Deliberately out of scope"} {
				if !bytes.Contains(readme, []byte(heading+"\n")) {
					t.Errorf("%s has no section %q", name, heading)
				}
			}
		})
	}
}

// generated compares the part of a file between two marks, or with -update rewrites it.
func generated(t *testing.T, name, begin, end, want string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no generated part between %q and %q", name, begin, end)
	}
	if *update {
		if err := os.WriteFile(name, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, old); d != "" {
		t.Errorf("%s is out of date; go test ./modules -update\n-want +got:\n%s", name, d)
	}
}

// tables renders the inputs and outputs of a module, sorted by name.
func tables(t *testing.T, module string) string {
	t.Helper()
	var inputs, outputs []string
	for _, file := range parse(t, module) {
		content, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "variable", LabelNames: []string{"name"}}, {Type: "output", LabelNames: []string{"name"}},
		}})
		for _, b := range content.Blocks {
			attrs, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
				{Name: "description"}, {Name: "type"}, {Name: "default"}, {Name: "nullable"},
			}})
			description := ""
			if a := attrs.Attributes["description"]; a != nil {
				v, found := a.Expr.Value(nil)
				if found.HasErrors() || v.Type() != cty.String {
					t.Fatalf("%s %q: the description is not a plain text: %v", b.Type, b.Labels[0], found)
				}
				description = v.AsString()
			}
			if description == "" {
				t.Errorf("%s: %s %q has no description", b.DefRange, b.Type, b.Labels[0])
			}
			if b.Type == "output" {
				outputs = append(outputs, fmt.Sprintf("| `%s` | %s |\n", b.Labels[0], cell(description)))
				continue
			}
			typ, def := "any", "required"
			if a := attrs.Attributes["type"]; a != nil {
				typ = oneLine(a.Expr.Range().SliceBytes(file.Bytes))
			}
			if a := attrs.Attributes["default"]; a != nil {
				def = "`" + oneLine(a.Expr.Range().SliceBytes(file.Bytes)) + "`"
			}
			inputs = append(inputs, fmt.Sprintf("| `%s` | %s | `%s` | %s |\n", b.Labels[0], cell(description), cell(typ), def))
		}
	}
	// By name: the backtick after it sorts before the underscore of a longer one.
	byName := func(a, b string) int {
		return strings.Compare(strings.Trim(strings.Fields(a)[1], "`"), strings.Trim(strings.Fields(b)[1], "`"))
	}
	slices.SortFunc(inputs, byName)
	slices.SortFunc(outputs, byName)
	return "### Inputs\n\n| Name | Description | Type | Default |\n|---|---|---|---|\n" + strings.Join(inputs, "") +
		"\n### Outputs\n\n| Name | Description |\n|---|---|\n" + strings.Join(outputs, "")
}

func parse(t *testing.T, module string) map[string]*hcl.File {
	t.Helper()
	files, err := filepath.Glob(module + "/*.tf")
	if err != nil {
		t.Fatal(err)
	}
	parser := hclparse.NewParser()
	for _, name := range files {
		if _, found := parser.ParseHCLFile(name); found.HasErrors() {
			t.Fatal(found)
		}
	}
	return parser.Files()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func oneLine(src []byte) string {
	s := strings.Join(strings.Fields(string(src)), " ")
	return strings.NewReplacer("{ }", "{}", "({ ", "({", " })", "})").Replace(s)
}
