package policycheck

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// deepestLocals bounds how far local values refer to each other.
const deepestLocals = 50

func locate(r hcl.Range) diag.Location {
	return diag.Location{File: r.Filename, Line: r.Start.Line, Column: r.Start.Column}
}

// resolve makes a node of an expression as far as the configuration alone tells
// its value: literals, local values, lists and objects, and functions that only
// put lists together. All else is unknown.
func (m *module) resolve(e hclsyntax.Expression, depth int) *node {
	at := locate(e.Range())
	unknown := &node{unknown: true, partial: true, at: at, text: hole, kind: policy.ElementString}
	if depth > deepestLocals {
		return unknown
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return m.resolve(e.Expression, depth+1)
	case *hclsyntax.ObjectConsKeyExpr:
		if name := hcl.ExprAsKeyword(e.Wrapped); name != "" && !e.ForceNonLiteral {
			return &node{kind: policy.ElementString, text: name, at: at}
		}
		return m.resolve(e.Wrapped, depth+1)
	case *hclsyntax.LiteralValueExpr:
		return literal(e.Val, at)
	case *hclsyntax.TemplateWrapExpr:
		return m.resolve(e.Wrapped, depth+1)
	case *hclsyntax.TemplateExpr:
		n := &node{kind: policy.ElementString, at: at}
		var b strings.Builder
		for _, p := range e.Parts {
			v := m.resolve(p, depth+1)
			if v.unknown || !v.isText() {
				b.WriteString(hole)
				n.partial = true
				continue
			}
			n.partial = n.partial || v.partial
			b.WriteString(v.text)
		}
		n.text = b.String()
		n.unknown = n.text == hole
		return n
	case *hclsyntax.ScopeTraversalExpr:
		if l, ok := m.locals[localName(e.Traversal)]; ok {
			return m.resolve(l, depth+1)
		}
	case *hclsyntax.TupleConsExpr:
		n := &node{kind: policy.ElementList, at: at}
		for _, v := range e.Exprs {
			n.items = append(n.items, m.resolve(v, depth+1))
		}
		return n
	case *hclsyntax.ObjectConsExpr:
		n := &node{kind: policy.ElementObject, at: at}
		for _, i := range e.Items {
			k := m.resolve(i.KeyExpr, depth+1)
			if !k.known() || !k.isText() {
				n.open = true
				continue
			}
			n.members = append(n.members, member{name: k.text, at: locate(i.KeyExpr.Range()), value: m.resolve(i.ValueExpr, depth+1)})
		}
		return n
	case *hclsyntax.FunctionCallExpr:
		if n := m.function(e, depth); n != nil {
			n.at = at
			return n
		}
	}
	return unknown
}

func literal(v cty.Value, at diag.Location) *node {
	n := &node{at: at}
	switch {
	case v.IsNull():
		n.kind = policy.ElementNull
	case v.Type() == cty.String:
		n.kind, n.text = policy.ElementString, v.AsString()
	case v.Type() == cty.Number:
		n.kind, n.text = policy.ElementNumber, v.AsBigFloat().Text('f', -1)
	case v.Type() == cty.Bool:
		n.kind, n.text = policy.ElementBool, "false"
		if v.True() {
			n.text = "true"
		}
	default:
		n.unknown, n.partial, n.text = true, true, hole
	}
	return n
}

// function knows those that join lists or objects and change no element; nil:
// the function is another.
func (m *module) function(e *hclsyntax.FunctionCallExpr, depth int) *node {
	switch e.Name {
	case "concat", "flatten":
		n := &node{kind: policy.ElementList, open: e.ExpandFinal}
		for _, a := range e.Args {
			m.join(n, m.resolve(a, depth+1), e.Name == "flatten")
		}
		return n
	case "sort", "distinct", "toset", "tolist", "compact", "setunion":
		n := &node{kind: policy.ElementList, open: e.ExpandFinal}
		for _, a := range e.Args {
			m.join(n, m.resolve(a, depth+1), false)
		}
		return n
	case "merge":
		n := &node{kind: policy.ElementObject, open: e.ExpandFinal}
		for _, a := range e.Args {
			v := m.resolve(a, depth+1)
			if v.unknown || v.open || v.kind != policy.ElementObject {
				// It may replace what came before.
				n.open, n.members = true, nil
				continue
			}
			for _, x := range v.members {
				n.set(x)
			}
		}
		return n
	}
	return nil
}

// join adds the items of a list; those of a list inside too, if nested.
func (m *module) join(n, v *node, nested bool) {
	if v.unknown || v.kind != policy.ElementList {
		n.open = true
		return
	}
	n.open = n.open || v.open
	for _, i := range v.items {
		if nested && (i.kind == policy.ElementList || i.unknown) {
			m.join(n, i, true)
			continue
		}
		n.items = append(n.items, i)
	}
}

func (n *node) set(x member) {
	for i := range n.members {
		if n.members[i].name == x.name {
			n.members[i] = x
			return
		}
	}
	n.members = append(n.members, x)
}
