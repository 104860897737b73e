package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/strongroom-dev/strongroom"

// goPackage is one directory with Go files, tests apart.
type goPackage struct {
	dir     string // slash-separated, from the repository's root; "." is the root
	files   map[string]*ast.File
	imports map[string]string // import path -> one file that imports it
}

// packages parses every Go package of the main module.
func packages(t *testing.T) []*goPackage {
	t.Helper()
	root := repository(t)
	found := map[string]*goPackage{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			base := d.Name()
			if rel != "." && (strings.HasPrefix(base, ".") || base == "testdata" || rel == "tools" || rel == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(rel)
		p := found[dir]
		if p == nil {
			p = &goPackage{dir: dir, files: map[string]*ast.File{}, imports: map[string]string{}}
			found[dir] = p
		}
		p.files[path.Base(rel)] = f
		for _, spec := range f.Imports {
			p.imports[strings.Trim(spec.Path.Value, `"`)] = path.Base(rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("found %d packages below %s: the walk is broken", len(found), root)
	}
	var list []*goPackage
	for _, p := range found {
		list = append(list, p)
	}
	return list
}

// repository returns the root of the checkout.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}
