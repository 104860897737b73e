package policycheck

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// dataDocument checks a data "aws_iam_policy_document" as each kind of policy
// that it is used for in its module; as what it looks like, if for none.
//
// Source: the documentation of the AWS provider, aws_iam_policy_document.
func (r *runner) dataDocument(m *module, b *hclsyntax.Block) {
	uses := m.uses[b.Labels[1]]
	if len(uses) == 0 {
		d := newDocument(m.documentNode(b))
		d.address = documentAddress(b)
		d.guess()
		r.check(d)
		return
	}
	for i, u := range uses {
		d := newDocument(m.documentNode(b))
		d.address, d.kind, d.resource = documentAddress(b), u.kind, u.resource
		r.check(d)
		if i > 0 {
			r.report.Policies--
		}
	}
}

// documentNode writes the block as the JSON that the provider makes of it.
func (m *module) documentNode(b *hclsyntax.Block) *node {
	at := locate(b.TypeRange)
	root := &node{kind: policy.ElementObject, at: at}
	version := &node{kind: policy.ElementString, text: "2012-10-17", at: at}
	if a := b.Body.Attributes["version"]; a != nil {
		version = m.resolve(a.Expr, 0)
	}
	root.members = append(root.members, member{"Version", version.at, version})
	list := &node{kind: policy.ElementList, at: at}
	for _, name := range []string{"source_policy_documents", "override_policy_documents", "source_json", "override_json"} {
		list.open = list.open || b.Body.Attributes[name] != nil
	}
	for _, s := range m.sources {
		// Another document includes this one: it is not the whole policy.
		list.open = list.open || slices.Contains(s, b.Labels[1])
	}
	for _, in := range b.Body.Blocks {
		switch {
		case in.Type == "statement":
			list.items = append(list.items, m.statementNode(in.Body, locate(in.TypeRange)))
		case in.Type == "dynamic" && len(in.Labels) == 1 && in.Labels[0] == "statement":
			list.open = true
			for _, c := range in.Body.Blocks {
				if c.Type == "content" {
					list.items = append(list.items, m.statementNode(c.Body, locate(in.TypeRange)))
				}
			}
		}
	}
	root.members = append(root.members, member{"Statement", list.at, list})
	return root
}

// elements are the attributes of a statement block and what they become.
var elements = []struct{ attribute, element string }{
	{"sid", "Sid"}, {"effect", "Effect"}, {"actions", "Action"}, {"not_actions", "NotAction"}, {"resources", "Resource"}, {"not_resources", "NotResource"},
}

func (m *module) statementNode(body *hclsyntax.Body, at diag.Location) *node {
	n := &node{kind: policy.ElementObject, at: at}
	add := func(name string, at diag.Location, v *node) { n.members = append(n.members, member{name, at, v}) }
	if body.Attributes["effect"] == nil {
		add("Effect", at, &node{kind: policy.ElementString, text: "Allow", at: at})
	}
	for _, e := range elements {
		a := body.Attributes[e.attribute]
		if a == nil {
			continue
		}
		v := amp(m.resolve(a.Expr, 0))
		if v.kind == policy.ElementNull && !v.unknown || e.element == "Sid" && v.text == "" {
			continue // null is as good as not written
		}
		if v.kind == policy.ElementList && !v.open && len(v.items) == 0 {
			continue
		}
		add(e.element, locate(a.NameRange), v)
	}
	for _, name := range []string{"principals", "not_principals"} {
		if p := m.principalNode(body, name); p != nil {
			element := map[string]string{"principals": "Principal", "not_principals": "NotPrincipal"}[name]
			add(element, p.at, p)
		}
	}
	if c := m.conditionNode(body); c != nil {
		add("Condition", c.at, c)
	}
	return n
}

// blocksOf are the blocks of a type, and the contents of its dynamic ones; open
// tells that there may be others.
func blocksOf(body *hclsyntax.Body, typ string) (found []*hclsyntax.Block, open bool) {
	for _, b := range body.Blocks {
		switch {
		case b.Type == typ:
			found = append(found, b)
		case b.Type == "dynamic" && len(b.Labels) == 1 && b.Labels[0] == typ:
			open = true
		}
	}
	return found, open
}

func (m *module) principalNode(body *hclsyntax.Body, typ string) *node {
	blocks, open := blocksOf(body, typ)
	if len(blocks) == 0 && !open {
		return nil
	}
	n := &node{kind: policy.ElementObject, at: locate(body.Range()), open: open}
	for i, b := range blocks {
		if i == 0 {
			n.at = locate(b.TypeRange)
		}
		t, ids := b.Body.Attributes["type"], b.Body.Attributes["identifiers"]
		if t == nil || ids == nil {
			n.open = true
			continue
		}
		kind, values := m.resolve(t.Expr, 0), amp(m.resolve(ids.Expr, 0))
		if !kind.known() {
			n.open = true
			continue
		}
		if kind.text == "*" {
			// The provider writes "*" for the type "*".
			if values.kind == policy.ElementList && len(values.items) == 1 && values.items[0].text == "*" && len(blocks) == 1 && !open {
				return values.items[0]
			}
			kind.text = "AWS"
		}
		if have := n.get(kind.text); have != nil {
			m.join(have, values, false)
			continue
		}
		if values.unknown {
			values = &node{kind: policy.ElementList, open: true, at: values.at}
		}
		n.members = append(n.members, member{kind.text, kind.at, values})
	}
	return n
}

// conditionNode joins the condition blocks; nil: there are none.
func (m *module) conditionNode(body *hclsyntax.Body) *node {
	blocks, open := blocksOf(body, "condition")
	for _, b := range body.Blocks {
		// What a dynamic block says in so many words is looked at too; open keeps it
		// from being taken for what is always there.
		if b.Type == "dynamic" && len(b.Labels) == 1 && b.Labels[0] == "condition" {
			for _, c := range b.Body.Blocks {
				if c.Type == "content" {
					blocks = append(blocks, c)
				}
			}
		}
	}
	if len(blocks) == 0 && !open {
		return nil
	}
	n := &node{kind: policy.ElementObject, at: locate(body.Range()), open: open}
	if len(blocks) > 0 {
		n.at = locate(blocks[0].TypeRange)
	}
	for _, b := range blocks {
		test, variable, values := b.Body.Attributes["test"], b.Body.Attributes["variable"], b.Body.Attributes["values"]
		if test == nil || variable == nil || values == nil {
			n.open = true
			continue
		}
		op, key, v := m.resolve(test.Expr, 0), m.resolve(variable.Expr, 0), amp(m.resolve(values.Expr, 0))
		if !op.known() {
			n.open = true
			continue
		}
		if v.unknown {
			v = &node{kind: policy.ElementList, open: true, at: v.at}
		}
		of := n.get(op.text)
		if of == nil {
			of = &node{kind: policy.ElementObject, at: op.at}
			n.members = append(n.members, member{op.text, op.at, of})
		}
		if !key.known() {
			n.open, of.open = true, true
			continue
		}
		if have := of.get(key.text); have != nil {
			m.join(have, v, false)
			continue
		}
		of.members = append(of.members, member{key.text, key.at, v})
	}
	return n
}

// amp writes the provider's &{...} as the ${...} that it stands for.
func amp(n *node) *node {
	c := *n
	c.text = strings.ReplaceAll(n.text, "&{", "${")
	c.items = nil
	for _, i := range n.items {
		c.items = append(c.items, amp(i))
	}
	return &c
}
