package room

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// forbidden are the arguments that take the place of the pipeline's web identity.
var forbidden = []struct{ name, why, fix string }{
	{"profile", "the provider takes its credentials from the profile and never looks at the pipeline's web identity: CI finds none, or the wrong ones", "remove the line; on your own machine: export AWS_PROFILE=NAME"},
	{"access_key", "a key in a file is a long-lived credential that everyone with the repository has", "remove the line; on your own machine use AWS_PROFILE, in CI the web identity"},
	{"secret_key", "a key in a file is a long-lived credential that everyone with the repository has", "remove the line, and have the key withdrawn"},
	{"token", "a session token in a file is a credential that everyone with the repository has, and soon one that has expired", "remove the line; in CI use the web identity"},
	{"shared_credentials_file", "the file is on one machine only, and stands in the way of the pipeline's web identity", "remove the line; on your own machine: export AWS_SHARED_CREDENTIALS_FILE=FILE"},
	{"shared_credentials_files", "the file is on one machine only, and stands in the way of the pipeline's web identity", "remove the line; on your own machine: export AWS_SHARED_CREDENTIALS_FILE=FILE"},
}

// A Block is a place in a stack that AWS credentials can be configured in.
type Block struct {
	// Name is how it is written: provider "aws", backend "s3".
	Name string
	// Alias is a provider's alias. Empty: it has none.
	Alias string
	At    diag.Location
	// Arguments are those that say where credentials come from, in the order of
	// the file. Blocks inside (assume_role) are among them, with their role_arn as
	// value.
	Arguments []Argument
}

// Argument is one argument of a Block.
type Argument struct {
	Name string
	At   diag.Location
	// Value is what is written, if it is a plain text or a list of such, joined by
	// commas. Empty: it is an expression, or a secret that is never shown.
	Value string
	// Source is the line as it is written; of a profile only.
	Source string
}

// Argument returns the argument of that name, or nil.
func (b *Block) Argument(name string) *Argument {
	for i := range b.Arguments {
		if b.Arguments[i].Name == name {
			return &b.Arguments[i]
		}
	}
	return nil
}

// plainArguments are the arguments that name credentials, besides the secret ones.
var plainArguments = []string{"profile", "shared_config_files", "shared_credentials_files", "shared_credentials_file", "skip_metadata_api_check", "alias"}

// secretArguments are those whose value is never read.
var secretArguments = []string{"access_key", "secret_key", "token"}

// roleBlocks are the blocks, and in a backend also the attributes, that change
// credentials for those of a role.
var roleBlocks = []string{"assume_role", "assume_role_with_web_identity"}

// Blocks lists the aws provider blocks and S3 backends of the stack in dir, in the
// order of file names and lines. problems are the files that do not parse; the
// error is a directory that cannot be read.
func Blocks(dir string) (blocks []Block, problems diag.List, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	parser := hclparse.NewParser()
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		parse := parser.ParseHCLFile
		switch {
		case strings.HasSuffix(name, ".tf"), strings.HasSuffix(name, ".tofu"):
		case strings.HasSuffix(name, ".tf.json"), strings.HasSuffix(name, ".tofu.json"):
			parse = parser.ParseJSONFile
		default:
			continue
		}
		file, found := parse(name)
		if found.HasErrors() {
			for _, f := range found.Errs() {
				problems = append(problems, &diag.Diagnostic{Rule: "stack-syntax", Summary: f.Error(), Why: "what cannot be read cannot be checked", Fix: "mend the file", At: diag.Location{File: name}})
			}
			continue
		}
		blocks = append(blocks, blocksIn(file)...)
	}
	return blocks, problems, nil
}

// CheckProviders finds credentials in the aws provider blocks and S3 backends of a
// stack that CI will run. dir is the stack's directory. The list is in the order
// of file names and lines; empty means that none were found. A file that does
// not parse is a diagnostic in the list too, and a directory that cannot be read
// an error.
func CheckProviders(dir string) (diag.List, error) {
	blocks, list, err := Blocks(dir)
	if err != nil {
		return nil, err
	}
	for i := range blocks {
		list = append(list, blocks[i].Credentials()...)
	}
	slices.SortStableFunc(list, func(a, b *diag.Diagnostic) int { return strings.Compare(a.At.File, b.At.File) })
	return list, nil
}

// Credentials are the arguments that take the place of the pipeline's web identity,
// each with its repair.
func (b *Block) Credentials() diag.List {
	var list diag.List
	for _, a := range b.Arguments {
		for _, f := range forbidden {
			if f.name == a.Name {
				list = append(list, &diag.Diagnostic{
					Rule: "provider-credentials", Summary: fmt.Sprintf("%s sets %q in a stack that CI runs", b.Name, f.name),
					At: a.At, Found: a.Source, Why: f.why, Fix: f.fix,
				})
			}
		}
	}
	return list
}

func blocksIn(file *hcl.File) []Block {
	var list []Block
	top, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "provider", LabelNames: []string{"name"}}, {Type: "terraform"},
	}})
	for _, b := range top.Blocks {
		if b.Type == "provider" && b.Labels[0] == "aws" {
			list = append(list, newBlock(file, `provider "aws"`, b))
			continue
		}
		if b.Type != "terraform" {
			continue
		}
		inner, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"kind"}}}})
		for _, backend := range inner.Blocks {
			if backend.Labels[0] == "s3" {
				list = append(list, newBlock(file, `backend "s3"`, backend))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Block) int { return a.At.Line - b.At.Line })
	return list
}

func newBlock(file *hcl.File, name string, block *hcl.Block) Block {
	b := Block{Name: name, At: location(block.DefRange)}
	schema := &hcl.BodySchema{}
	for _, n := range slices.Concat(plainArguments, secretArguments) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: n})
	}
	for _, n := range roleBlocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: n})
	}
	content, rest, _ := block.Body.PartialContent(schema)
	for _, attr := range content.Attributes {
		if attr.Name == "alias" {
			b.Alias = literal(attr.Expr)
			continue
		}
		a := Argument{Name: attr.Name, At: location(attr.NameRange)}
		if slices.Contains(plainArguments, attr.Name) {
			a.Value = literal(attr.Expr)
		}
		// The value of a profile is a name; that of a key is never shown.
		if attr.Name == "profile" {
			a.Source = string(attr.Range.SliceBytes(file.Bytes))
		}
		b.Arguments = append(b.Arguments, a)
	}
	for _, role := range content.Blocks {
		b.Arguments = append(b.Arguments, Argument{Name: role.Type, At: location(role.DefRange), Value: roleOf(role.Body)})
	}
	// A backend has assume_role = { ... } as well.
	roles := &hcl.BodySchema{}
	for _, n := range roleBlocks {
		roles.Attributes = append(roles.Attributes, hcl.AttributeSchema{Name: n})
	}
	attributes, _, _ := rest.PartialContent(roles)
	for _, attr := range attributes.Attributes {
		if b.Argument(attr.Name) == nil {
			b.Arguments = append(b.Arguments, Argument{Name: attr.Name, At: location(attr.NameRange), Value: roleOfObject(attr.Expr)})
		}
	}
	slices.SortFunc(b.Arguments, func(a, c Argument) int {
		return cmp.Or(a.At.Line-c.At.Line, a.At.Column-c.At.Column)
	})
	return b
}

// literal is the text of an expression that needs nothing else to be known, or a
// list of such, joined by commas; empty for any other.
func literal(e hcl.Expression) string {
	v, found := e.Value(nil)
	if found.HasErrors() {
		return ""
	}
	return textOf(v)
}

func textOf(v cty.Value) string {
	switch {
	case v.IsNull() || !v.IsWhollyKnown():
		return ""
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return strconv.FormatBool(v.True())
	case v.CanIterateElements() && !v.Type().IsObjectType():
		var list []string
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			text := textOf(e)
			if text == "" {
				return ""
			}
			list = append(list, text)
		}
		return strings.Join(list, ",")
	}
	return ""
}

func roleOf(body hcl.Body) string {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "role_arn"}}})
	if attr := content.Attributes["role_arn"]; attr != nil {
		return literal(attr.Expr)
	}
	return ""
}

func roleOfObject(e hcl.Expression) string {
	v, found := e.Value(nil)
	if found.HasErrors() || v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute("role_arn") {
		return ""
	}
	return textOf(v.GetAttr("role_arn"))
}
