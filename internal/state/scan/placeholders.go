package scan

import (
	encoding "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/secret"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Placeholder is a secret that is put by hand around the engine: a resource that
// ignores changes of its secret, or one whose secret is a placeholder still.
type Placeholder struct {
	// File and Line are in the stack's files; "" and 0 for what stands in the state.
	File string `json:"file"`
	Line int    `json:"line"`
	// Address is the resource's; in a file without its module's path.
	Address string `json:"address"`
	// Attribute is the secret's.
	Attribute string `json:"attribute"`
	// Kind is "ignored" (changes of the secret are ignored), "placeholder" (and what is
	// written there is a placeholder), or "state" (the state holds a placeholder).
	Kind string `json:"kind"`
	What string `json:"what"`
	Why  string `json:"why"`
	Fix  string `json:"fix"`
}

func (p *Placeholder) where() string {
	if p.File == "" {
		return p.Address
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// secretsOf are the attributes that hold the secret, by the types whose only purpose
// is to keep one.
var secretsOf = map[string][]string{
	"aws_ssm_parameter":                 {"value", "insecure_value"},
	"aws_secretsmanager_secret_version": {"secret_string", "secret_binary"},
}

// InFiles looks through the files of a stack, and of the modules in directories that
// it calls. Modules from elsewhere are not its own to mend.
func InFiles(dir string) ([]Placeholder, error) {
	f := &files{done: map[string]bool{}, found: []Placeholder{}}
	if err := f.stack(dir); err != nil {
		return nil, err
	}
	slices.SortFunc(f.found, func(a, b Placeholder) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return f.found, nil
}

type files struct {
	done  map[string]bool
	found []Placeholder
}

func (f *files) stack(dir string) error {
	name, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if f.done[name] {
		return nil
	}
	f.done[name] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &diag.Diagnostic{Rule: "state-scan-dir", Summary: "the stack's directory cannot be read", At: diag.Location{File: dir}, Why: "placeholders are looked for in its files", Fix: "set dir of the stack in the spec, or check the directory out", Err: err}
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
		case strings.HasSuffix(path, ".tf.json") || strings.HasSuffix(path, ".tofu.json"):
			err = f.file(dir, path, json.Parse)
		case strings.HasSuffix(path, ".tf") || strings.HasSuffix(path, ".tofu"):
			err = f.file(dir, path, func(src []byte, name string) (*hcl.File, hcl.Diagnostics) {
				return hclsyntax.ParseConfig(src, name, hcl.InitialPos)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Both of the language's forms are read by what is looked for.
var (
	inStack = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "module", LabelNames: []string{"name"}}, {Type: "resource", LabelNames: []string{"type", "name"}}}}
	inCall  = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}}}
	inRules = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "ignore_changes"}}}
)

func (f *files) file(dir, path string, parse func([]byte, string) (*hcl.File, hcl.Diagnostics)) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parsed, problems := parse(src, path)
	if problems.HasErrors() {
		return unparsed(path, problems)
	}
	stack, _, problems := parsed.Body.PartialContent(inStack)
	if problems.HasErrors() {
		return unparsed(path, problems)
	}
	for _, block := range stack.Blocks {
		if block.Type == "resource" {
			if err := f.resource(path, block); err != nil {
				return err
			}
			continue
		}
		call, _, problems := block.Body.PartialContent(inCall)
		if problems.HasErrors() {
			return unparsed(path, problems)
		}
		source := text(call.Attributes["source"])
		if strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
			if err := f.stack(filepath.Join(dir, source)); err != nil {
				return err
			}
		}
	}
	return nil
}

func unparsed(path string, problems hcl.Diagnostics) error {
	p := problems[0]
	at := diag.Location{File: path}
	if p.Subject != nil {
		at.Line, at.Column = p.Subject.Start.Line, p.Subject.Start.Column
	}
	return &diag.Diagnostic{Rule: "state-scan-hcl", Summary: p.Summary, At: at, Why: "no engine would accept it, and nothing can be found in it", Fix: "mend the file"}
}

func (f *files) resource(path string, block *hcl.Block) error {
	names := secretsOf[block.Labels[0]]
	if names == nil {
		return nil
	}
	schema := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "type"}}, Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}}}
	for _, name := range names {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	body, _, problems := block.Body.PartialContent(schema)
	if problems.HasErrors() {
		return unparsed(path, problems)
	}
	address := block.Labels[0] + "." + block.Labels[1]
	for _, lifecycle := range body.Blocks {
		rules, _, problems := lifecycle.Body.PartialContent(inRules)
		if problems.HasErrors() {
			return unparsed(path, problems)
		}
		ignore := rules.Attributes["ignore_changes"]
		if ignore == nil {
			continue
		}
		for _, name := range names {
			written := body.Attributes[name]
			if written == nil || !ignores(ignore.Expr, name) || text(body.Attributes["type"]) == "String" && !secret.Placeholder(orX(text(written))) {
				continue // another attribute's, or a parameter that is no secret
			}
			p := Placeholder{
				File: path, Line: ignore.Range.Start.Line, Address: address, Attribute: name, Kind: "ignored",
				What: fmt.Sprintf("%s ignores changes of %s", address, name),
				Why:  "the secret is put by hand: a drift that no plan shows, and nobody rotates. It is in the state nevertheless: the provider reads it with every refresh, decrypted",
				Fix:  fmt.Sprintf("set %s from a sensitive variable that the pipeline fills (TF_VAR_...), and remove %s from ignore_changes; with the state under the environment's key first", name, name),
			}
			if isLiteral(written.Expr) && secret.Placeholder(text(written)) {
				p.Kind, p.Line = "placeholder", written.Range.Start.Line
				p.What = fmt.Sprintf("%s of %s is a placeholder, and its changes are ignored", name, address)
			}
			f.found = append(f.found, p)
		}
	}
	return nil
}

// orX keeps an empty text from being a placeholder: what is not a literal is "".
func orX(s string) string {
	if s == "" {
		return "x1"
	}
	return s
}

// nothing is what may be referred to. Without it JSON's "${...}" would be a literal.
var nothing = &hcl.EvalContext{}

func isLiteral(e hcl.Expression) bool {
	v, problems := e.Value(nothing)
	return !problems.HasErrors() && v.IsKnown() && !v.IsNull() && v.Type() == cty.String
}

// text is the value of an attribute that is a plain string, else "".
func text(a *hcl.Attribute) string {
	if a == nil || !isLiteral(a.Expr) {
		return ""
	}
	v, _ := a.Expr.Value(nothing) // as isLiteral did
	v, _ = v.Unmark()
	return v.AsString()
}

// ignores reports whether ignore_changes names an attribute, or "all".
func ignores(e hcl.Expression, name string) bool {
	if hcl.ExprAsKeyword(e) == "all" {
		return true
	}
	list, problems := hcl.ExprList(e)
	if problems.HasErrors() {
		return false
	}
	for _, item := range list {
		if hcl.ExprAsKeyword(item) == name || keyword(item) == name {
			return true
		}
		if v, problems := item.Value(nothing); !problems.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && v.AsString() == name { // as it was written before 0.12
			return true
		}
	}
	return false
}

// keyword is the first name of a traversal: value in value[0].
func keyword(e hcl.Expression) string {
	t, problems := hcl.AbsTraversalForExpr(e)
	if problems.HasErrors() || len(t) == 0 {
		return ""
	}
	return t.RootName()
}

// InState looks for placeholders in a state.
func InState(c *tfstate.Contents) []Placeholder {
	found := []Placeholder{}
	for _, i := range c.Instances {
		if i.Mode != "managed" || i.Deposed != "" {
			continue
		}
		for _, name := range secretsOf[i.Type] {
			value, ok := i.Attributes[name].(string)
			if !ok || value == "" || !holdsPlaceholder(value) {
				continue
			}
			found = append(found, Placeholder{
				Address: i.Masked(secret.Looks), Attribute: name, Kind: "state",
				What: name + " holds a placeholder",
				Why:  "the secret was never put, or was put by hand after the last refresh; what reads it gets the placeholder",
				Fix:  fmt.Sprintf("set %s from a sensitive variable that the pipeline fills (TF_VAR_...), and apply", name),
			})
		}
	}
	return found
}

// holdsPlaceholder is Placeholder, of each value when it is JSON.
func holdsPlaceholder(value string) bool {
	var object map[string]string
	if encoding.Unmarshal([]byte(value), &object) == nil {
		for _, v := range object {
			if v != "" && secret.Placeholder(v) {
				return true
			}
		}
		return false
	}
	return secret.Placeholder(value)
}
