package backend

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// FileName is the file that the backend block belongs in when a stack has none.
const FileName = "backend.tf"

// ErrNoStack says that a directory has no .tf files.
var ErrNoStack = errors.New("there is no stack in the directory")

// Found is the backend block that a stack has.
type Found struct {
	// Path is the file that holds it; "" when the stack has no backend block, which
	// engines take for "local".
	Path string
	// Type is the backend's: "local", "s3", "http", or whatever stands there.
	Type string

	src   []byte // of the file
	file  *hclwrite.File
	block *hclwrite.Block
	outer *hclwrite.Body // of the terraform block around it
}

// Find looks for the backend block of the stack in dir. The error is ErrNoStack, or
// a *diag.Diagnostic for what no engine would accept, for a cloud block, and for a
// backend block that stands where it is not read or that an override file replaces.
func Find(dir string) (*Found, error) {
	paths, err := filepath.Glob(filepath.Join(escape(dir), "*.tf"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(err, fmt.Errorf("%w: %s", ErrNoStack, dir))
	}
	slices.Sort(paths)
	found := &Found{Type: "local"}
	for _, p := range paths {
		src, err := os.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("read the stack: %w", err)
		}
		f, diags := hclwrite.ParseConfig(src, p, hcl.InitialPos)
		if diags.HasErrors() {
			d := diags[0]
			at := diag.Location{File: p}
			if d.Subject != nil {
				at.Line, at.Column = d.Subject.Start.Line, d.Subject.Start.Column
			}
			return nil, &diag.Diagnostic{Rule: "backend-syntax", Summary: d.Summary, At: at, Why: d.Detail, Fix: "mend the file; this shows the place: terraform validate, or tofu validate", Err: errors.New(diags.Error())}
		}
		for _, outer := range f.Body().Blocks() {
			if outer.Type() != "terraform" {
				continue
			}
			for _, inner := range outer.Body().Blocks() {
				switch {
				case inner.Type() == "cloud":
					return nil, &diag.Diagnostic{
						Rule: "backend-cloud", Summary: "the stack has a cloud block", At: diag.Location{File: p},
						Why: "its state is in HCP Terraform, where nothing here reaches it", Fix: "remove the cloud block",
					}
				case inner.Type() == "backend" && override(p):
					return nil, elsewhere(p, "an override file replaces the stack's backend block")
				case inner.Type() == "backend" && found.block != nil:
					return nil, &diag.Diagnostic{
						Rule: "backend-twice", Summary: "the stack has two backend blocks", At: diag.Location{File: p},
						Why: "an engine accepts one", Fix: "remove one of them; the other is in " + found.Path,
					}
				case inner.Type() == "backend":
					found.Path, found.src, found.file, found.block, found.outer = p, src, f, inner, outer.Body()
					found.Type = strings.Join(inner.Labels(), " ")
				}
			}
		}
	}
	if err := others(dir); err != nil {
		return nil, err
	}
	return found, nil
}

// escape makes a directory's name a pattern that matches only itself.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// Text returns the value of an attribute that is a plain string, else "".
func (f *Found) Text(name string) string {
	if f.block == nil {
		return ""
	}
	a := f.block.Body().GetAttribute(name)
	if a == nil {
		return ""
	}
	text, err := strconv.Unquote(strings.TrimSpace(string(a.Expr().BuildTokens(nil).Bytes())))
	if err != nil {
		return ""
	}
	return text
}

// Has tells whether the block sets an attribute.
func (f *Found) Has(name string) bool {
	return f.block != nil && f.block.Body().GetAttribute(name) != nil
}

// Attributes lists what the block sets, by name: attributes, and blocks inside it.
func (f *Found) Attributes() []string {
	if f.block == nil {
		return []string{}
	}
	names := slices.Collect(maps.Keys(f.block.Body().Attributes()))
	for _, b := range f.block.Body().Blocks() {
		names = append(names, b.Type())
	}
	slices.Sort(names)
	return names
}

// Encrypts tells whether OpenTofu's encryption block stands beside the backend block.
func (f *Found) Encrypts() bool {
	return f.outer != nil && f.outer.FirstMatchingBlock("encryption", nil) != nil
}

func reference(body *hclwrite.Body, name string, path ...string) {
	t := hcl.Traversal{hcl.TraverseRoot{Name: path[0]}}
	for _, p := range path[1:] {
		t = append(t, hcl.TraverseAttr{Name: p})
	}
	body.SetAttributeTraversal(name, t)
}

// Bool returns the value of an attribute that is true or false; known is false if it
// is not set, or is an expression.
func (f *Found) Bool(name string) (value, known bool) {
	if !f.Has(name) {
		return false, false
	}
	text := strings.TrimSpace(string(f.block.Body().GetAttribute(name).Expr().BuildTokens(nil).Bytes()))
	return text == "true", text == "true" || text == "false"
}

// Encrypts tells whether a stack has OpenTofu's encryption block with something about
// the state in it. Files that do not parse are left to Find.
func Encrypts(dir string) bool {
	paths, _ := filepath.Glob(filepath.Join(escape(dir), "*.tf"))
	tofu, _ := filepath.Glob(filepath.Join(escape(dir), "*.tofu"))
	for _, p := range append(paths, tofu...) {
		src, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		f, diags := hclwrite.ParseConfig(src, p, hcl.InitialPos)
		if diags.HasErrors() {
			continue
		}
		for _, outer := range f.Body().Blocks() {
			if outer.Type() != "terraform" {
				continue
			}
			for _, inner := range outer.Body().Blocks() {
				if inner.Type() == "encryption" && slices.ContainsFunc(inner.Body().Blocks(), func(b *hclwrite.Block) bool { return b.Type() == "state" }) {
					return true
				}
			}
		}
	}
	return false
}
