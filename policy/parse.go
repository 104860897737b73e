package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Parse compiles a document. name is used in errors and explanations only. The
// error is a *SyntaxError, for text that AWS would refuse or that this package
// does not understand: a policy it returns is understood in full.
//
// Source: IAM User Guide, reference_policies_grammar.
func Parse(name string, src []byte, kind Kind) (*Policy, error) {
	return parse(name, src, kind, false)
}

// ParseLoose compiles a document for a simulation, which has to give a verdict
// on text that AWS would not store. A fault with one possible meaning is taken
// at that meaning: a Principal where the kind has none is passed over, a
// statement of a resource policy without Principal applies to nobody, a
// principal, action, resource or value that cannot be one matches nothing,
// NotPrincipal with Allow is the complement, a trust policy's Resource is held
// against the role. Text with no single meaning stays a *SyntaxError: unknown
// elements and operators, misspelt effects, broken JSON.
func ParseLoose(name string, src []byte, kind Kind) (*Policy, error) {
	return parse(name, src, kind, true)
}

func parse(name string, src []byte, kind Kind, loose bool) (*Policy, error) {
	r := &reader{name: name, src: slices.Clone(src)}
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	p := &parser{reader: r, policy: &Policy{name: name, kind: kind, src: r.src}, line: 1, loose: loose}
	if err := p.document(doc); err != nil {
		return nil, err
	}
	p.policy.repeats = giveSlots(p.policy.stmts)
	return p.policy, nil
}

// parser turns a JSON tree into a Policy.
type parser struct {
	*reader
	policy *Policy
	loose  bool
	path   string // of the statement at hand
	// line of the byte offset lineAt; statements come in order.
	line, lineAt int
}

// lineOf counts on from the last call, so that a long document is read once.
func (p *parser) lineOf(off int) int {
	p.line += bytes.Count(p.src[p.lineAt:off], []byte{'\n'})
	p.lineAt = off
	return p.line
}

func (p *parser) document(doc *node) *SyntaxError {
	if doc.kind != nodeObject {
		return p.fail(doc.pos, "", `write {"Version": "2012-10-17", "Statement": [...]}`, "a policy is an object, got %s", doc.kind)
	}
	var statements *node
	for _, m := range doc.members {
		switch m.name {
		case "Version":
			if m.value.kind != nodeString || m.value.text != "2012-10-17" && m.value.text != "2008-10-17" {
				return p.fail(m.value.pos, "Version", `write "2012-10-17"`, "unknown policy language version %s", quoted(m.value))
			}
			p.policy.modern = m.value.text == "2012-10-17"
		case "Id":
			if m.value.kind != nodeString {
				return p.fail(m.value.pos, "Id", "", "want a string, got %s", m.value.kind)
			}
		case "Statement":
			statements = m.value
		default:
			return p.unknown(m, "", []string{"Version", "Id", "Statement"})
		}
	}
	if statements == nil {
		return p.fail(doc.pos, "", "", "missing element %q", "Statement")
	}
	list := []*node{statements}
	switch statements.kind {
	case nodeArray:
		if list = statements.items; len(list) == 0 && !p.loose {
			return p.fail(statements.pos, "Statement", "", "the list of statements is empty")
		}
	case nodeObject:
	default:
		return p.fail(statements.pos, "Statement", "", "want an object or a list of objects, got %s", statements.kind)
	}
	sids := map[string]int{}
	for i, n := range list {
		p.path = fmt.Sprintf("Statement[%d]", i)
		s, err := p.statement(n)
		if err != nil {
			return err
		}
		// Source: IAM API_PutUserPolicy (MalformedPolicyDocument); other
		// services do not say that they refuse duplicates. Choice duplicate-sids.
		if s.sid != "" && p.isIdentity() && !p.loose {
			if first, dup := sids[s.sid]; dup {
				return p.fail(n.pos, p.path+".Sid", "give every statement its own Sid", "Sid %q is used by Statement[%d] already", s.sid, first)
			}
			sids[s.sid] = i
		}
		p.policy.stmts = append(p.policy.stmts, s)
	}
	return nil
}

func (p *parser) isIdentity() bool {
	return p.policy.kind == Identity || p.policy.kind == Boundary || p.policy.kind == Session
}

// hasPrincipal reports whether the kind has a Principal element at all.
func (k Kind) hasPrincipal() bool {
	switch k {
	case Resource, Trust, Key, RCP, Endpoint:
		return true
	}
	return false
}

// namesCallers reports the kinds where a statement that names no principal
// applies to nobody; in the others it applies to all that they bind.
func (k Kind) namesCallers() bool { return k == Resource || k == Trust || k == Key }

var statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

func (p *parser) statement(n *node) (s statement, err *SyntaxError) {
	if n.kind != nodeObject {
		return s, p.fail(n.pos, p.path, "", "a statement is an object, got %s", n.kind)
	}
	s.pos, s.end = n.pos, n.end
	s.line = p.lineOf(n.pos)
	got := map[string]*node{}
	for _, m := range n.members {
		if !slices.Contains(statementElements, m.name) {
			return s, p.unknown(m, p.path, statementElements)
		}
		got[m.name] = m.value
	}
	if err = p.pairs(n, got); err != nil {
		return s, err
	}
	// In document order, so that the first mistake is the one reported.
	for _, m := range n.members {
		path := p.path + "." + m.name
		switch m.name {
		case "Sid":
			s.sid, err = p.sid(m.value, path)
		case "Effect":
			s.effect, err = p.effect(m.value, path)
		case "Principal", "NotPrincipal":
			if p.policy.kind.hasPrincipal() {
				s.notPrincipal = m.name == "NotPrincipal"
				s.principals, err = p.principals(m.value, path)
			}
		case "Action", "NotAction":
			s.notAction = m.name == "NotAction"
			s.actions, s.actionText, err = p.actions(m.value, path)
		case "Resource", "NotResource":
			s.notResource = m.name == "NotResource"
			s.resources, s.resourceText, err = p.resources(m.value, path)
		case "Condition":
			s.conditions, err = p.conditions(m.value, path)
		}
		if err != nil {
			return s, err
		}
	}
	for i := range s.conditions {
		s.conditions[i].guards = s.effect == EffectAllow
	}
	if p.loose && s.principals == nil && p.policy.kind.namesCallers() {
		s.principals = []principalRef{{kind: prinNever}}
	}
	if s.notPrincipal && s.effect == EffectAllow && !p.loose {
		// Source: IAM User Guide, reference_policies_elements_notprincipal.
		return s, p.fail(got["NotPrincipal"].pos, p.path+".NotPrincipal", "name who is allowed in Principal", "NotPrincipal with Effect Allow is not supported: it would allow everyone else, the anonymous too")
	}
	return s, nil
}

// pairs checks which elements stand together, by kind.
func (p *parser) pairs(n *node, got map[string]*node) *SyntaxError {
	kind := p.policy.kind
	if got["Effect"] == nil {
		return p.fail(n.pos, p.path, `write "Effect": "Allow" or "Effect": "Deny"`, "missing element %q", "Effect")
	}
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if yes, no := got[name], got["Not"+name]; yes != nil && no != nil {
			return p.fail(max(yes.pos, no.pos), p.path, "keep one of them", "%s and Not%s exclude each other", name, name)
		}
	}
	if got["Action"] == nil && got["NotAction"] == nil {
		return p.fail(n.pos, p.path, "", "missing element %q: a policy statement must contain actions", "Action")
	}
	if p.loose {
		return nil
	}
	forbidden := func(name, why string) *SyntaxError {
		if v := got[name]; v != nil {
			return p.fail(v.pos, p.path+"."+name, "remove "+name, "%s has no %s: %s", kind, name, why)
		}
		return nil
	}
	for _, name := range []string{"Principal", "NotPrincipal"} {
		if !kind.hasPrincipal() {
			if err := forbidden(name, "it applies to whom it is attached to"); err != nil {
				return err
			}
		}
	}
	if kind.hasPrincipal() && got["Principal"] == nil && got["NotPrincipal"] == nil {
		return p.fail(n.pos, p.path, `write "Principal": {"AWS": "..."}`, "missing element %q: %s says to whom it applies", "Principal", kind)
	}
	if kind == Trust || kind == RCP {
		if err := forbidden("NotPrincipal", "use Principal and conditions"); err != nil {
			return err
		}
	}
	if kind == Trust {
		for _, name := range []string{"Resource", "NotResource"} {
			if err := forbidden(name, "its resource is the role"); err != nil {
				return err
			}
		}
		return nil
	}
	if got["Resource"] == nil && got["NotResource"] == nil {
		return p.fail(n.pos, p.path, `write "Resource": "*" or the ARNs`, "missing element %q: a policy statement must contain resources", "Resource")
	}
	return nil
}

func (p *parser) unknown(m member, path string, known []string) *SyntaxError {
	fix := ""
	if near := nearest(m.name, known); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	where := path
	if where != "" {
		where += "."
	}
	return p.fail(m.pos, where+m.name, fix, "unknown element %q", m.name)
}

// sid checks the characters that IAM allows; other services allow more.
//
// Source: IAM User Guide, reference_policies_elements_sid.
func (p *parser) sid(n *node, path string) (string, *SyntaxError) {
	if n.kind != nodeString {
		return "", p.fail(n.pos, path, "", "want a string, got %s", n.kind)
	}
	if p.isIdentity() && !p.loose {
		for i := range len(n.text) {
			if c := n.text[i]; !isDigit(c) && (lower(c) < 'a' || lower(c) > 'z') {
				return "", p.fail(n.pos, path, "use letters and digits only", "Sid %q has characters that an IAM policy does not allow", n.text)
			}
		}
	}
	return n.text, nil
}

func (p *parser) effect(n *node, path string) (Effect, *SyntaxError) {
	switch {
	case n.kind == nodeString && n.text == "Allow":
		return EffectAllow, nil
	case n.kind == nodeString && n.text == "Deny":
		return EffectDeny, nil
	}
	return EffectDeny, p.fail(n.pos, path, `write "Allow" or "Deny", in this case`, "unknown effect %s", quoted(n))
}

// item is one string of an element that takes a string or a list of strings.
type item struct {
	*node
	path string
}

func (p *parser) list(n *node, path string) ([]item, *SyntaxError) {
	if n.kind == nodeString {
		return []item{{n, path}}, nil
	}
	if n.kind != nodeArray {
		return nil, p.fail(n.pos, path, "", "want a string or a list of strings, got %s", n.kind)
	}
	if len(n.items) == 0 {
		return nil, p.fail(n.pos, path, "", "the list is empty")
	}
	items := make([]item, len(n.items))
	for i, v := range n.items {
		items[i] = item{v, fmt.Sprintf("%s[%d]", path, i)}
		if v.kind != nodeString {
			return nil, p.fail(v.pos, items[i].path, "", "want a string, got %s", v.kind)
		}
	}
	return items, nil
}

// quoted shows a value that is not what it should be.
func quoted(n *node) string {
	switch n.kind {
	case nodeString:
		return fmt.Sprintf("%q", n.text)
	case nodeNumber, nodeBool:
		return n.text
	}
	return n.kind.String()
}

// use records a condition key or variable.
func (p *parser) use(key string) {
	for _, k := range p.policy.keys {
		if strings.EqualFold(k, key) {
			return
		}
	}
	p.policy.keys = append(p.policy.keys, key)
}
