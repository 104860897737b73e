package policy

import (
	"fmt"
	"strings"
)

// actions compiles "service:Name" patterns. The service is written out; the
// name may hold wildcards. In a loose document other text matches nothing.
// Choice action-that-is-none.
//
// Source: IAM User Guide, reference_policies_elements_action.
func (p *parser) actions(n *node, path string) (patterns []pattern, text []string, err *SyntaxError) {
	items, err := p.list(n, path)
	if err != nil {
		return nil, nil, err
	}
	for _, it := range items {
		vendor, name, ok := strings.Cut(it.text, ":")
		switch {
		case it.text == "*" || it.text == "*:*":
			patterns = append(patterns, pattern{form: formAny})
			text = append(text, it.text)
			continue
		case p.loose && (!made(vendor, "-") || vendor == "" || name == "" || !made(name, "*?-_")):
			patterns = append(patterns, pattern{form: formNever})
			text = append(text, it.text)
			continue
		case !ok:
			return nil, nil, p.fail(it.pos, it.path, `write "service:Action", such as "s3:GetObject", or "*"`, "action %q does not name its service", it.text)
		case strings.ContainsAny(vendor, "*?"):
			return nil, nil, p.fail(it.pos, it.path, "write the service out", "the service of action %q has a wildcard", it.text)
		case vendor == "" || !made(vendor, "-"):
			return nil, nil, p.fail(it.pos, it.path, "", "vendor %q of action %q is not valid", vendor, it.text)
		case name == "" || !made(name, "*?-_"):
			return nil, nil, p.fail(it.pos, it.path, "", "%q is not the name of an action", it.text)
		}
		pat, _ := compileText(it.text, globText, false)
		pat.fold, pat.ascii = true, true
		patterns = append(patterns, pat)
		text = append(text, it.text)
	}
	return patterns, text, nil
}

// made reports that s holds letters, digits and the characters of more only.
func made(s, more string) bool {
	for i := range len(s) {
		if c := lower(s[i]); !isDigit(c) && (c < 'a' || c > 'z') && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return true
}

// resources compiles ARN patterns, or "*".
//
// Source: IAM User Guide, reference_policies_elements_resource.
func (p *parser) resources(n *node, path string) (patterns []pattern, text []string, err *SyntaxError) {
	items, err := p.list(n, path)
	if err != nil {
		return nil, nil, err
	}
	for _, it := range items {
		if strings.Trim(it.text, "*") == "" && it.text != "" {
			patterns = append(patterns, pattern{form: formAny})
			text = append(text, it.text)
			continue
		}
		parts := strings.SplitN(it.text, ":", 6)
		if p.loose && (parts[0] != "arn" || len(parts) < 3) {
			patterns = append(patterns, pattern{form: formNever})
			text = append(text, it.text)
			continue
		}
		full, why := p.fullARN(it.text, parts)
		if parts[0] != "arn" || len(parts) < 3 {
			return nil, nil, p.fail(it.pos, it.path, `write "arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE" or "*"`, "resource %q is not an ARN", it.text)
		}
		if !p.loose && (strings.ContainsAny(parts[2], "*?") || parts[2] == "") {
			return nil, nil, p.fail(it.pos, it.path, "write the service out", "the service of resource %q has a wildcard or is empty", it.text)
		}
		if why != "" {
			if !p.loose {
				return nil, nil, p.fail(it.pos, it.path, `write "arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE" or "*"`, "resource %q has %d of the six parts of an ARN%s", it.text, len(parts), why)
			}
			patterns = append(patterns, pattern{form: formNever})
			text = append(text, it.text)
			continue
		}
		pat, bad := compileText(full, resourceText, p.policy.modern)
		if bad != "" {
			return nil, nil, p.fail(it.pos, it.path, `write ${KEY}, ${KEY, 'default'}, or ${$}{ for the text "${"`, "resource %q has a malformed policy variable: %s", it.text, bad)
		}
		p.variables(&pat)
		patterns = append(patterns, pat)
		text = append(text, it.text)
	}
	return patterns, text, nil
}

// fullARN completes an ARN of a loose document that stops early: in a policy of
// an identity, the parts that are not written are free. why is empty, or says
// what is missing. A * makes a short ARN valid, as it may run across colons;
// policies of an organization want it at the end. Choice short-arn.
//
// Source: IAM User Guide, reference_policies_elements_resource, on the *; that
// short ARNs without one count in policies of identities and in no others is
// what iam-simulate reports of AWS.
func (p *parser) fullARN(text string, parts []string) (full, why string) {
	if len(parts) >= 6 {
		return text, ""
	}
	switch kind := p.policy.kind; {
	case kind == RCP:
		return "", ", and a resource control policy takes no less"
	case kind == SCP && !strings.HasSuffix(text, "*"):
		return "", ", and no * at its end"
	case strings.Contains(text, "*"):
		return text, ""
	case p.loose && (kind == Identity || kind == Boundary || kind == Session):
		return text + strings.Repeat(":*", 6-len(parts)), ""
	}
	return "", ", and no *"
}

func (p *parser) variables(pat *pattern) {
	for _, t := range pat.toks {
		if t.kind == tokVariable {
			p.use(t.key.name)
		}
	}
}

var principalTypes = []string{"AWS", "Service", "Federated", "CanonicalUser"}

// principals compiles "*" or {"AWS": ..., "Service": ..., ...}.
//
// Source: IAM User Guide, reference_policies_elements_principal.
func (p *parser) principals(n *node, path string) ([]principalRef, *SyntaxError) {
	if n.kind == nodeString {
		r, ok := newPrincipalRef("AWS", n.text)
		if n.text != "*" && !(p.loose && ok) {
			return nil, p.fail(n.pos, path, fmt.Sprintf(`write {"AWS": %q}`, n.text), "principal %q does not say what type it is", n.text)
		}
		return []principalRef{r}, nil
	}
	if n.kind != nodeObject {
		return nil, p.fail(n.pos, path, "", `want "*" or an object, got %s`, n.kind)
	}
	if len(n.members) == 0 {
		return nil, p.fail(n.pos, path, "", "the element names no principal")
	}
	var refs []principalRef
	for _, m := range n.members {
		known := false
		for _, t := range principalTypes {
			known = known || t == m.name
		}
		if !known {
			return nil, p.unknown(m, path, principalTypes)
		}
		items, err := p.list(m.value, path+"."+m.name)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			r, ok := newPrincipalRef(m.name, it.text)
			if !ok && p.loose {
				r = principalRef{typ: m.name, text: it.text}
			} else if !ok {
				return nil, p.fail(it.pos, it.path, "", "invalid principal %q", it.text)
			}
			refs = append(refs, r)
		}
	}
	if p.policy.kind == RCP && !p.loose {
		// Source: Organizations User Guide, orgs_manage_policies_rcps_syntax.
		for _, r := range refs {
			if r.kind != prinAny {
				return nil, p.fail(n.pos, path, `write "Principal": "*" and use aws:PrincipalArn in Condition`, "a resource control policy names no single principal, got %q", r.text)
			}
		}
	}
	return refs, nil
}

// conditions compiles {OPERATOR: {KEY: VALUES}}. Values may be strings, numbers
// and booleans; an empty list of them is valid and equals nothing.
//
// Source: IAM User Guide, reference_policies_elements_condition.
func (p *parser) conditions(n *node, path string) ([]condition, *SyntaxError) {
	if n.kind != nodeObject {
		return nil, p.fail(n.pos, path, "", "want an object of operators, got %s", n.kind)
	}
	var all []condition
	for _, m := range n.members {
		op, near, ok := parseOperator(m.name, p.loose)
		if !ok {
			fix := ""
			if near != "" {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, p.fail(m.pos, path+"."+m.name, fix, "unknown condition operator %q", m.name)
		}
		if m.value.kind != nodeObject {
			return nil, p.fail(m.value.pos, path+"."+m.name, "", "want an object of condition keys, got %s", m.value.kind)
		}
		for _, k := range m.value.members {
			c := condition{name: m.name, op: op, key: keyOf(k.name)}
			if err := p.condition(&c, k, path+"."+m.name+"."+k.name); err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func (p *parser) condition(c *condition, m member, path string) *SyntaxError {
	if colon := strings.IndexByte(m.name, ':'); !p.loose && (colon <= 0 || colon == len(m.name)-1) {
		return p.fail(m.pos, path, `write "service:Key", such as "aws:SourceIp"`, "condition key %q does not name its service", m.name)
	}
	p.use(m.name)
	values := []*node{m.value}
	if m.value.kind == nodeArray {
		values = m.value.items
	}
	c.values = make([]string, 0, len(values))
	for _, v := range values {
		switch v.kind {
		case nodeString, nodeNumber, nodeBool:
			c.values = append(c.values, v.text)
		default:
			return p.fail(v.pos, path, "", "want a string, a number or a boolean, got %s", v.kind)
		}
	}
	if i, problem, fix := c.compile(p.policy.modern, p.loose); problem != "" {
		return p.fail(values[i].pos, path, fix, "value %q %s", c.values[i], problem)
	}
	for i := range c.patterns {
		p.variables(&c.patterns[i])
	}
	return nil
}
