package policycheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// document is a policy taken apart, as far as it could be. What is not written
// is nil; what is not known is marked so.
type document struct {
	kind policy.Kind
	// guessed: the kind is what the policy looks like.
	guessed bool
	// resource is the type of the resource that holds the policy,
	// "aws_s3_bucket_policy"; empty: not known.
	resource string
	// address in HCL or in a plan; empty: the file is the policy.
	address string
	at      diag.Location
	root    *node
	version *node
	stmts   []*statement
	// open: there may be statements besides.
	open bool
	// source is the text as it will be stored; nil: it was not written as JSON.
	source []byte
}

// statement is one statement.
type statement struct {
	*node
	index  int
	sid    *node
	effect *node
	// Exactly as written; nil: the element is not there.
	principal, notPrincipal *principals
	action, notAction       *list
	resource, notResource   *list
	conditions              []*condition
	// open: conditions may be missing.
	open bool
}

func (s *statement) allows() bool { return s.effect.known() && s.effect.text == "Allow" }
func (s *statement) denies() bool { return s.effect.known() && s.effect.text == "Deny" }

// list is a string or a list of strings.
type list struct {
	*node
	items []*node // texts only
	// open: there may be more.
	open bool
}

// all reports that every text of the list is known.
func (l *list) all() bool {
	return l != nil && !l.open && !slices.ContainsFunc(l.items, func(n *node) bool { return !n.known() })
}

// has reports that the list holds the text.
func (l *list) has(text string) bool {
	return l != nil && slices.ContainsFunc(l.items, func(n *node) bool { return n.known() && n.text == text })
}

// principals is Principal or NotPrincipal. "*" alone is of type "AWS".
type principals struct {
	*node
	list []principal
	open bool
}

type principal struct {
	typ string
	*node
}

// everyone reports a principal that is the whole value *.
func (p *principals) everyone() *node {
	if p == nil {
		return nil
	}
	for _, one := range p.list {
		if one.typ == "AWS" && one.known() && one.text == "*" {
			return one.node
		}
	}
	return nil
}

// condition is one operator on one key.
type condition struct {
	operator *node // its name
	op       policy.Operator
	key      *node // its name
	values   list
}

// is reports the key's name, without case.
func (c *condition) is(name string) bool { return strings.EqualFold(c.key.text, name) }

// texts are the values, if all of them are known.
func (c *condition) texts() ([]string, bool) {
	var all []string
	for _, v := range c.values.items {
		if !v.known() {
			return nil, false
		}
		all = append(all, v.text)
	}
	return all, !c.values.open
}

// requires reports that the condition is not met by a request that lacks the key.
func (c *condition) requires() bool {
	if c.op.Family == policy.FamilyNull {
		texts, ok := c.texts()
		return ok && len(texts) == 1 && strings.EqualFold(texts[0], "false")
	}
	return !c.op.Missing()
}

// lacks reports a condition that only a request without the key meets.
func (c *condition) lacks() bool {
	texts, ok := c.texts()
	return c.op.Family == policy.FamilyNull && ok && len(texts) == 1 && strings.EqualFold(texts[0], "true")
}

// variables reports whether ${...} is a policy variable here; ok is false if
// that is not known.
func (d *document) variables() (yes, ok bool) {
	if d.version == nil {
		return false, !d.root.open
	}
	return d.version.text == "2012-10-17", d.version.known()
}

// guess sets the kind by what the policy says.
func (d *document) guess() { d.kind, d.guessed = guessKind(d), true }

// newDocument takes a policy apart. It keeps going over what is malformed: the
// rules syntax, unknown-element and unknown-operator say what that is.
func newDocument(root *node) *document {
	d := &document{root: root, at: root.at, open: root.open || root.unknown}
	if root.kind != policy.ElementObject || root.unknown {
		return d
	}
	d.version = root.get("Version")
	st := root.get("Statement")
	setPaths(root, "")
	switch {
	case st == nil:
	case st.unknown:
		d.open = true
	case st.kind == policy.ElementObject:
		d.addStatement(st, "Statement[0]")
	case st.kind == policy.ElementList:
		d.open = d.open || st.open
		for i, n := range st.items {
			if n.unknown {
				d.open = true
				continue
			}
			d.addStatement(n, fmt.Sprintf("Statement[%d]", i))
		}
	}
	return d
}

// setPaths names every node by its way from the root.
func setPaths(n *node, path string) {
	n.path = path
	for _, m := range n.members {
		p := m.name
		if path != "" {
			p = path + "." + m.name
		}
		setPaths(m.value, p)
	}
	for i, v := range n.items {
		setPaths(v, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *document) addStatement(n *node, path string) {
	if n.kind != policy.ElementObject {
		return
	}
	setPaths(n, path)
	s := &statement{node: n, index: len(d.stmts), open: n.open}
	s.sid, s.effect = n.get("Sid"), n.get("Effect")
	s.action, s.notAction = listOf(n.get("Action")), listOf(n.get("NotAction"))
	s.resource, s.notResource = listOf(n.get("Resource")), listOf(n.get("NotResource"))
	s.principal, s.notPrincipal = principalsOf(n.get("Principal")), principalsOf(n.get("NotPrincipal"))
	if c := n.get("Condition"); c != nil {
		s.addConditions(c)
	}
	d.stmts = append(d.stmts, s)
}

// listOf reads a string or a list of strings; nil if there is none.
func listOf(n *node) *list {
	if n == nil {
		return nil
	}
	l := &list{node: n, open: n.open || n.unknown}
	switch {
	case n.unknown:
	case n.isText():
		l.items = []*node{n}
	case n.kind == policy.ElementList:
		for _, v := range n.items {
			if v.unknown {
				l.open = true
			} else if v.isText() {
				l.items = append(l.items, v)
			}
		}
	}
	return l
}

func principalsOf(n *node) *principals {
	if n == nil {
		return nil
	}
	p := &principals{node: n, open: n.open || n.unknown}
	switch {
	case n.unknown:
	case n.isText():
		p.list = []principal{{"AWS", n}}
	case n.kind == policy.ElementObject:
		for _, m := range n.members {
			l := listOf(m.value)
			p.open = p.open || l.open
			for _, v := range l.items {
				p.list = append(p.list, principal{m.name, v})
			}
		}
	}
	return p
}

func (s *statement) addConditions(n *node) {
	if n.unknown || n.open {
		s.open = true
	}
	for _, m := range n.members {
		op, _, ok := policy.ParseOperator(m.name)
		if !ok || m.value.unknown || m.value.open {
			s.open = true
		}
		if !ok {
			continue
		}
		for _, k := range m.value.members {
			c := &condition{op: op, values: *listOf(k.value)}
			c.operator = &node{kind: policy.ElementString, text: m.name, at: m.at, path: n.path + "." + m.name}
			c.key = &node{kind: policy.ElementString, text: k.name, at: k.at, path: k.value.path}
			s.conditions = append(s.conditions, c)
		}
	}
}
