package policycheck

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// module is a directory of configuration: a policy may be put together from the
// local values of any of its files, and what it is for is said where it is used.
type module struct {
	files  map[string]*hclsyntax.Body
	text   map[string][]byte
	failed map[string]hcl.Diagnostics
	locals map[string]hclsyntax.Expression
	// uses says which attributes an aws_iam_policy_document is put into, by its name.
	uses map[string][]use
	// sources are the documents that another one includes, by the name of that.
	sources map[string][]string
}

// use is an attribute that a document is put into.
type use struct {
	resource string
	kind     policy.Kind
}

// hclFile checks one file in the light of its directory.
func (r *runner) hclFile(name string) {
	dir := filepath.Dir(name)
	m, ok := r.modules[dir]
	if !ok {
		m = newModule()
		others, _ := filepath.Glob(filepath.Join(globSafe(dir), "*.tf"))
		for _, o := range others {
			if data, err := os.ReadFile(o); err == nil && len(data) <= largest {
				m.parse(filepath.Clean(o), data)
			}
		}
		m.index()
		r.modules[dir] = m
	}
	clean := filepath.Clean(name)
	if _, ok := m.files[clean]; !ok && m.failed[clean] == nil {
		// A name that is not *.tf.
		data, err := os.ReadFile(name)
		if err != nil {
			r.unreadable(diag.Location{File: name}, "", "%v", reason(err))
			return
		}
		m.parse(clean, data)
		m.index()
	}
	r.hclBody(m, clean, name)
}

// hclText checks configuration that is in no directory.
func (r *runner) hclText(name string, data []byte) {
	m := newModule()
	m.parse(name, data)
	m.index()
	r.hclBody(m, name, name)
}

func newModule() *module {
	return &module{files: map[string]*hclsyntax.Body{}, text: map[string][]byte{}, failed: map[string]hcl.Diagnostics{}}
}

// globSafe keeps a directory's name from being a pattern.
func globSafe(dir string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(dir, `\$0`)
}

// The parser of HCL goes as deep as the text does, on the stack, and so do walks
// over what it read. Configuration written by people stays far below these.
const (
	deepest  = 250
	longTerm = 10_000
	// longestFile bounds the tokens of a file, which are held all at once.
	longestFile = 4 << 20
)

// tooDeep looks at the tokens, which are read without going deeper: brackets in
// each other, signs in a row, and operators in one expression.
func tooDeep(name string, data []byte) bool {
	tokens, _ := hclsyntax.LexConfig(data, name, hcl.InitialPos)
	depth, signs, operators := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		}
		switch t.Type {
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			signs++
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		default:
			signs = 0
		}
		switch t.Type {
		case hclsyntax.TokenEqual, hclsyntax.TokenComma, hclsyntax.TokenOBrace, hclsyntax.TokenCBrace:
			operators = 0
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
		default:
			operators++
		}
		if depth > deepest || signs > deepest || operators > longTerm {
			return true
		}
	}
	return false
}

func (m *module) parse(name string, data []byte) {
	if len(data) > longestFile {
		m.failed[name] = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: fmt.Sprintf("it has more than %d MiB", longestFile>>20)}}
		return
	}
	if tooDeep(name, data) {
		m.failed[name] = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: fmt.Sprintf("an expression is nested more than %d levels deep, or endless", deepest)}}
		return
	}
	f, diags := hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	if diags.HasErrors() {
		m.failed[name] = diags
		return
	}
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		m.files[name], m.text[name] = body, data
	}
}

// names are the files in order.
func (m *module) names() []string { return slices.Sorted(maps.Keys(m.files)) }

func (m *module) index() {
	m.locals, m.uses, m.sources = map[string]hclsyntax.Expression{}, map[string][]use{}, map[string][]string{}
	for _, name := range m.names() {
		for _, b := range m.files[name].Blocks {
			switch {
			case b.Type == "locals":
				for _, a := range b.Body.Attributes {
					m.locals[a.Name] = a.Expr
				}
			case b.Type == "data" && len(b.Labels) == 2 && b.Labels[0] == "aws_iam_policy_document":
				for _, a := range []string{"source_policy_documents", "override_policy_documents", "source_json", "override_json"} {
					if attr := b.Body.Attributes[a]; attr != nil {
						m.sources[b.Labels[1]] = append(m.sources[b.Labels[1]], documentsIn(attr.Expr)...)
					}
				}
			}
		}
	}
	for _, name := range m.names() {
		for _, b := range m.files[name].Blocks {
			if b.Type == "resource" && len(b.Labels) == 2 {
				m.eachPolicy(b, func(path string, a *hclsyntax.Attribute, kind policy.Kind, known bool) {
					if known {
						m.used(a.Expr, use{b.Labels[0], kind}, 0)
					}
				})
			}
		}
	}
}

// used marks the documents in an expression, through locals, as put to a use.
func (m *module) used(e hclsyntax.Expression, u use, depth int) {
	if depth > 10 {
		return
	}
	for _, name := range documentsIn(e) {
		if !slices.Contains(m.uses[name], u) {
			m.uses[name] = append(m.uses[name], u)
			for _, s := range m.sources[name] {
				m.usedDocument(s, u, depth+1)
			}
		}
	}
	for _, t := range e.Variables() {
		if l, ok := m.locals[localName(t)]; ok {
			m.used(l, u, depth+1)
		}
	}
}

func (m *module) usedDocument(name string, u use, depth int) {
	if depth > 10 || slices.Contains(m.uses[name], u) {
		return
	}
	m.uses[name] = append(m.uses[name], u)
	for _, s := range m.sources[name] {
		m.usedDocument(s, u, depth+1)
	}
}

// documentsIn are the names of the data.aws_iam_policy_document that an
// expression refers to.
func documentsIn(e hclsyntax.Expression) []string {
	var names []string
	for _, t := range e.Variables() {
		if len(t) >= 3 && t.RootName() == "data" {
			typ, ok := t[1].(hcl.TraverseAttr)
			name, too := t[2].(hcl.TraverseAttr)
			if ok && too && typ.Name == "aws_iam_policy_document" {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// refersToDocument reports an expression that is made of a document, through
// local values too.
func (m *module) refersToDocument(e hclsyntax.Expression, depth int) bool {
	if len(documentsIn(e)) > 0 {
		return true
	}
	if depth > 10 {
		return false
	}
	for _, t := range e.Variables() {
		if l, ok := m.locals[localName(t)]; ok && m.refersToDocument(l, depth+1) {
			return true
		}
	}
	return false
}

// localName is the x of local.x; empty: the traversal is something else.
func localName(t hcl.Traversal) string {
	if len(t) == 2 && t.RootName() == "local" {
		if a, ok := t[1].(hcl.TraverseAttr); ok {
			return a.Name
		}
	}
	return ""
}

// eachPolicy calls f for the attributes of a resource that hold a policy, or, by
// their names, may. path is the attribute's, with the block it is in.
func (m *module) eachPolicy(b *hclsyntax.Block, f func(path string, a *hclsyntax.Attribute, kind policy.Kind, known bool)) {
	resource, typ := b.Labels[0], ""
	if a := b.Body.Attributes["type"]; a != nil {
		typ = "unknown"
		if n := m.resolve(a.Expr, 0); n.known() {
			typ = n.text
		}
	}
	var names []string
	for name := range b.Body.Attributes {
		if _, ok := holders[resource][name]; ok || slices.Contains(attributeNames, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		kind, known := heldKind(resource, name, typ)
		f(name, b.Body.Attributes[name], kind, known)
	}
	for _, in := range b.Body.Blocks {
		if a := in.Body.Attributes["policy"]; a != nil && in.Type == "inline_policy" {
			kind, known := heldKind(resource, "inline_policy.policy", typ)
			f("inline_policy.policy", a, kind, known)
		}
	}
}
