package scan

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Schema says which attributes providers call sensitive. It is not changed once
// made. A nil Schema knows no provider.
type Schema struct {
	providers map[string]*provider // by namespace and type: "hashicorp/aws"
}

type provider struct {
	source SchemaSource
	// sensitive are what of a type is; "data." before the name of a data source.
	sensitive map[string]tree
}

// tree is what is sensitive of a type, by name, without the indexes of lists. An empty
// one is sensitive with all that stands in it. anyKey stands for the keys of a map.
type tree map[string]tree

const anyKey = "*"

// add adds the way to what is sensitive.
func (t tree) add(path ...string) {
	for i, name := range path {
		below, there := t[name]
		switch {
		case i == len(path)-1:
			t[name] = nil
		case there && below == nil:
			return // it is as a whole
		case !there:
			below = tree{}
			t[name] = below
		}
		t = below
	}
}

// steps returns how many steps of a path lead to what is sensitive; 0: none is.
func (t tree) steps(path tfstate.Path) int {
	for i, s := range path {
		if s.List {
			continue
		}
		for _, name := range []string{s.Name, anyKey} {
			below, there := t[name]
			switch {
			case there && len(below) == 0:
				return i + 1
			case there:
				if n := below.steps(path[i+1:]); n > 0 {
					return i + 1 + n
				}
			}
		}
		return 0
	}
	return 0
}

// SchemaSource is where a provider's schema is from.
type SchemaSource struct {
	// Provider is the namespace and type: "hashicorp/aws".
	Provider string `json:"provider"`
	// From is "engine", "built in", or "none": only the state's own marks were known.
	From string `json:"from"`
	// Version is the provider's; "" when it is not known.
	Version string `json:"version"`
}

//go:embed schema_aws.json
var awsSchema []byte

//go:embed schema_others.json
var otherSchemas []byte

// builtIn is the form of schema_aws.json; schema_others.json is a list of it.
type builtIn struct {
	Provider  string              `json:"provider"`
	Version   string              `json:"version"`
	Sensitive map[string][]string `json:"sensitive"`
}

// BuiltIn returns what this program knows without asking: the sensitive attributes of
// the AWS provider and of those that make secrets, each of one version.
func BuiltIn() (*Schema, error) {
	list := make([]builtIn, 1)
	if err := json.Unmarshal(awsSchema, &list[0]); err != nil {
		return nil, fmt.Errorf("the built in schema: %w", err)
	}
	var others []builtIn
	if err := json.Unmarshal(otherSchemas, &others); err != nil {
		return nil, fmt.Errorf("the built in schemas: %w", err)
	}
	s := &Schema{map[string]*provider{}}
	for _, b := range append(list, others...) {
		p := &provider{SchemaSource{b.Provider, "built in", b.Version}, map[string]tree{}}
		for typ, paths := range b.Sensitive {
			p.sensitive[typ] = tree{}
			for _, path := range paths {
				p.sensitive[typ].add(strings.Split(path, ".")...)
			}
		}
		s.providers[b.Provider] = p
	}
	return s, nil
}

// Over returns s with what is only in below added.
func (s *Schema) Over(below *Schema) *Schema {
	all := map[string]*provider{}
	for _, from := range []*Schema{below, s} {
		if from != nil {
			for name, p := range from.providers {
				all[name] = p
			}
		}
	}
	return &Schema{all}
}

// of returns what of a type is sensitive; known is false if the provider is not.
func (s *Schema) of(address, mode, typ string) (sensitive tree, known bool) {
	if s == nil {
		return nil, false
	}
	p := s.providers[short(address)]
	if p == nil {
		return nil, false
	}
	if mode == "data" {
		typ = "data." + typ
	}
	return p.sensitive[typ], true
}

// Source says where a provider's schema is from.
func (s *Schema) Source(address string) SchemaSource {
	if s != nil && s.providers[short(address)] != nil {
		return s.providers[short(address)].source
	}
	return SchemaSource{Provider: short(address), From: "none"}
}

// short is a provider's address without its registry: the same provider comes from
// both engines' registries.
func short(address string) string {
	parts := strings.Split(address, "/")
	if len(parts) > 2 {
		parts = parts[len(parts)-2:]
	}
	return strings.Join(parts, "/")
}

// FromEngine takes what an engine told. versions are the providers', by address.
func FromEngine(schemas *tfjson.ProviderSchemas, versions map[string]string) *Schema {
	s := &Schema{map[string]*provider{}}
	if schemas == nil {
		return s
	}
	for address, told := range schemas.Schemas {
		p := &provider{SchemaSource{short(address), "engine", versions[address]}, map[string]tree{}}
		for prefix, list := range map[string]map[string]*tfjson.Schema{"": told.ResourceSchemas, "data.": told.DataSourceSchemas} {
			for typ, schema := range list {
				t := tree{}
				if schema != nil {
					t.block(schema.Block, nil)
				}
				if len(t) > 0 {
					p.sensitive[prefix+typ] = t
				}
			}
		}
		s.providers[short(address)] = p
	}
	return s
}

// block adds what is sensitive in a block, to which path leads.
func (t tree) block(b *tfjson.SchemaBlock, path []string) {
	if b == nil {
		return
	}
	t.attributes(b.Attributes, path)
	for name, block := range b.NestedBlocks {
		if block != nil {
			t.block(block.Block, below(path, name, block.NestingMode))
		}
	}
}

func (t tree) attributes(list map[string]*tfjson.SchemaAttribute, path []string) {
	for name, a := range list {
		if a == nil || a.WriteOnly { // which no state holds
			continue
		}
		if a.Sensitive {
			t.add(below(path, name, "")...)
			continue
		}
		if n := a.AttributeNestedType; n != nil {
			t.attributes(n.Attributes, below(path, name, n.NestingMode))
		}
	}
}

// below is the way to what stands in an attribute or block of a name.
func below(path []string, name string, nesting tfjson.SchemaNestingMode) []string {
	path = append(slices.Clone(path), name)
	if nesting == tfjson.SchemaNestingModeMap {
		path = append(path, anyKey)
	}
	return path
}

// ErrNotPrepared is a stack whose providers no engine installed yet.
var ErrNotPrepared = errors.New("no engine has prepared the stack: there are no providers in its .terraform")

// Prepared reports whether an engine installed the providers of the stack in dir.
func Prepared(dir string) bool {
	for _, name := range []string{".terraform.lock.hcl", filepath.Join(".terraform", "providers")} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// Ask has the engine tell the schemas of the providers that the stack in dir was
// prepared with. It runs in a directory of its own, with the stack's providers and
// nothing else of it: "providers schema" in the stack would read its state, and
// wait for its lock. environ is the engine's environment.
func Ask(ctx context.Context, b engine.Binary, dir string, environ []string) (*Schema, error) {
	lock := filepath.Join(dir, ".terraform.lock.hcl")
	plugins, err := filepath.Abs(filepath.Join(dir, ".terraform", "providers"))
	if err != nil {
		return nil, fmt.Errorf("find the stack's providers: %w", err)
	}
	raw, err := os.ReadFile(lock)
	if err == nil {
		_, err = os.Stat(plugins)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotPrepared
	}
	if err != nil {
		return nil, fmt.Errorf("find the stack's providers: %w", err)
	}
	versions, err := locked(lock, raw)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "strongroom-schema-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the engine: %w", err)
	}
	defer os.RemoveAll(work) // holds nothing but links and text
	if err := furnish(work, raw, plugins, versions); err != nil {
		return nil, fmt.Errorf("make a directory for the engine: %w", err)
	}
	e, err := engine.New(b, work, engine.Options{Environ: environ})
	if err != nil {
		return nil, err
	}
	told, err := e.Schemas(ctx)
	if err != nil {
		return nil, err
	}
	return FromEngine(told, versions), nil
}

// furnish writes a stack that uses these providers and has nothing else.
func furnish(work string, lock []byte, plugins string, versions map[string]string) error {
	var main strings.Builder
	main.WriteString("terraform {\n  required_providers {\n")
	addresses := []string{}
	for address := range versions {
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	for i, address := range addresses {
		fmt.Fprintf(&main, "    p%d = { source = %q }\n", i, address)
	}
	main.WriteString("  }\n}\n")
	if err := os.WriteFile(filepath.Join(work, "main.tf"), []byte(main.String()), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, ".terraform.lock.hcl"), lock, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(work, ".terraform"), 0o700); err != nil {
		return err
	}
	return os.Symlink(plugins, filepath.Join(work, ".terraform", "providers"))
}

// locked returns the providers of a lock file, with their versions.
// Source: "Dependency Lock File".
func locked(name string, raw []byte) (map[string]string, error) {
	file, problems := hclsyntax.ParseConfig(raw, name, hcl.InitialPos)
	if problems.HasErrors() {
		return nil, fmt.Errorf("read the lock file: %w", problems)
	}
	versions := map[string]string{}
	for _, block := range file.Body.(*hclsyntax.Body).Blocks { // what hclsyntax returns
		if block.Type != "provider" || len(block.Labels) != 1 {
			continue
		}
		version := ""
		if a := block.Body.Attributes["version"]; a != nil {
			if v, problems := a.Expr.Value(nil); !problems.HasErrors() && v.Type().FriendlyName() == "string" && v.IsKnown() && !v.IsNull() {
				version = v.AsString()
			}
		}
		versions[block.Labels[0]] = version
	}
	return versions, nil
}
