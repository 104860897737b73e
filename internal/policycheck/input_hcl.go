package policycheck

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// hclBody checks the policies of one file of a module. shown is the file's name
// as it was given.
func (r *runner) hclBody(m *module, name, shown string) {
	if diags := m.failed[name]; diags != nil {
		d := diags[0]
		at := diag.Location{File: shown}
		if d.Subject != nil {
			at.Line, at.Column = d.Subject.Start.Line, d.Subject.Start.Column
		}
		r.unreadable(at, "mend the configuration: tofu validate", "it is no configuration that can be read: %s", d.Summary)
		return
	}
	body := m.files[name]
	for _, b := range body.Blocks {
		switch {
		case len(b.Labels) != 2:
		case b.Type == "data" && b.Labels[0] == "aws_iam_policy_document":
			r.dataDocument(m, b)
		case b.Type == "resource":
			m.eachPolicy(b, func(path string, a *hclsyntax.Attribute, kind policy.Kind, known bool) {
				r.hclAttribute(m, b, path, a, kind, known)
			})
		}
	}
}

// hclAttribute checks the policy that an attribute is set to, if it is written
// there or in a local value.
func (r *runner) hclAttribute(m *module, b *hclsyntax.Block, path string, a *hclsyntax.Attribute, kind policy.Kind, known bool) {
	address := b.Labels[0] + "." + b.Labels[1] + "." + path
	at := locate(a.Expr.Range())
	skip := func(why, fix string) {
		if known {
			r.report.Skipped = append(r.report.Skipped, Note{At: at, Policy: address, Message: why, Fix: fix})
		}
	}
	root, t, err := m.policyOf(a.Expr, 0)
	switch {
	case err != nil && known:
		if at := t.faultAt(err); at.Line > 0 {
			r.malformed(err, at, address)
		} else {
			r.malformed(err, locate(a.Expr.Range()), address)
		}
		return
	case err != nil:
		return // a text that is no policy, in an attribute that may hold another thing
	case root == nil && m.refersToDocument(a.Expr, 0):
		return // checked where the document is
	case root == nil || root.unknown:
		skip("the policy is known at plan time only", planFix)
		return
	case root.kind == policy.ElementNull:
		return
	}
	if !known && root.get("Statement") == nil {
		return
	}
	d := newDocument(root)
	d.address, d.resource = address, b.Labels[0]
	if d.kind = kind; !known {
		d.guess()
	}
	r.check(d)
}

// policyOf reads the policy that an expression is: jsonencode of an object, or a
// string of JSON. A nil node: it is neither.
func (m *module) policyOf(e hclsyntax.Expression, depth int) (*node, *text, error) {
	if depth > deepestLocals {
		return nil, nil, nil
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return m.policyOf(e.Expression, depth+1)
	case *hclsyntax.TemplateWrapExpr:
		return m.policyOf(e.Wrapped, depth+1)
	case *hclsyntax.ScopeTraversalExpr:
		if l, ok := m.locals[localName(e.Traversal)]; ok {
			return m.policyOf(l, depth+1)
		}
	case *hclsyntax.LiteralValueExpr:
		if n := literal(e.Val, locate(e.SrcRange)); n.kind == policy.ElementNull {
			return n, nil, nil
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "jsonencode" && len(e.Args) == 1 {
			return m.resolve(e.Args[0], 0), nil, nil
		}
	case *hclsyntax.TemplateExpr:
		t := m.template(e, m.text[e.SrcRange.Filename])
		n, err := t.read()
		return n, t, err
	}
	return nil, nil, nil
}

// documentAddress names a data block.
func documentAddress(b *hclsyntax.Block) string {
	return fmt.Sprintf("data.%s.%s", b.Labels[0], b.Labels[1])
}
