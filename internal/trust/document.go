package trust

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/policy"
)

// statement is one statement of a trust policy as it is written. The policy
// engine decides; this is for telling, and for edits.
type statement struct {
	index, line int
	sid         string
	effect      policy.Effect
	pos, end    int
	// principals by type; "*" alone is of type "AWS".
	principals []principal
	actions    []string
	notAction  bool
	conditions []condition
	// block is the Condition element's value; nil: there is none. principalRaw and
	// actionRaw are the other elements as written.
	block, action *node
	principalRaw  string
	actionRaw     string
}

type principal struct{ kind, name string }

// condition is one operator with one key.
type condition struct {
	operator, key string
	values        []string
	line, column  int
	// at is the key's value, inOperator the object of the operator's keys.
	at, inOperator *node
}

// node is a JSON value with its place in the document.
type node struct {
	pos, end int // bytes
	kind     json.Delim
	text     string // of a plain value
	members  []member
	items    []*node
}

type member struct {
	name     string
	pos, end int // of the name
	value    *node
}

// reader reads a document that policy.Parse has accepted.
type reader struct {
	src []byte
	dec *json.Decoder
}

func read(src []byte) *node {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	n, err := (&reader{src, dec}).value()
	if err != nil {
		// What the policy engine took for a policy is JSON.
		panic("trust: a policy that is no JSON: " + err.Error())
	}
	return n
}

// token returns the next token and where it begins and ends.
func (r *reader) token() (json.Token, int, int, error) {
	pos := int(r.dec.InputOffset())
	t, err := r.dec.Token()
	for pos < len(r.src) && strings.IndexByte(" \t\r\n,:", r.src[pos]) >= 0 {
		pos++
	}
	return t, pos, int(r.dec.InputOffset()), err
}

func (r *reader) value() (*node, error) {
	t, pos, end, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{pos: pos, end: end}
	switch t := t.(type) {
	case json.Delim:
		n.kind = t
		for r.dec.More() {
			if t == '[' {
				item, err := r.value()
				if err != nil {
					return nil, err
				}
				n.items = append(n.items, item)
				continue
			}
			name, at, to, err := r.token()
			if err != nil {
				return nil, err
			}
			value, err := r.value()
			if err != nil {
				return nil, err
			}
			text, _ := name.(string)
			n.members = append(n.members, member{text, at, to, value})
		}
		_, _, n.end, err = r.token()
	case string:
		n.text = t
	default:
		n.text = string(r.src[pos:end])
	}
	return n, err
}

// texts are the strings of a plain value or of a list.
func (n *node) texts() []string {
	if n.kind != '[' {
		return []string{n.text}
	}
	out := []string{}
	for _, i := range n.items {
		out = append(out, i.text)
	}
	return out
}

// statements reads the statements of a trust policy, which the policy engine
// has accepted.
func statements(p *policy.Policy) (all []statement, version string) {
	src := p.Source()
	root := read(src)
	for _, m := range root.members {
		switch m.name {
		case "Version":
			version = m.value.text
		case "Statement":
			list := m.value.items
			if m.value.kind == '{' {
				list = []*node{m.value}
			}
			for i, n := range list {
				all = append(all, newStatement(p, src, i, n))
			}
		}
	}
	return all, version
}

func newStatement(p *policy.Policy, src []byte, i int, n *node) statement {
	known := p.Statement(i)
	s := statement{index: i, line: known.Line, sid: known.Sid, effect: known.Effect, pos: n.pos, end: n.end}
	for _, m := range n.members {
		raw := string(src[m.value.pos:m.value.end])
		switch m.name {
		case "Principal":
			s.principalRaw = raw
			if m.value.kind != '{' {
				s.principals = append(s.principals, principal{"AWS", m.value.text})
			}
			for _, t := range m.value.members {
				for _, name := range t.value.texts() {
					s.principals = append(s.principals, principal{t.name, name})
				}
			}
		case "Action", "NotAction":
			s.action, s.actionRaw = m.value, raw
			s.actions, s.notAction = m.value.texts(), m.name == "NotAction"
		case "Condition":
			s.block = m.value
			for _, op := range m.value.members {
				for _, k := range op.value.members {
					line, column := place(src, k.pos)
					s.conditions = append(s.conditions, condition{op.name, k.name, k.value.texts(), line, column, k.value, op.value})
				}
			}
		}
	}
	return s
}

// place turns a byte offset into a line and a column in characters.
func place(src []byte, off int) (line, column int) {
	line = bytes.Count(src[:off], []byte("\n")) + 1
	return line, utf8.RuneCount(src[bytes.LastIndexByte(src[:off], '\n')+1:off]) + 1
}

// blank is an element that the statement does not restrict.
const blank = `"*"`

// alone is the statement's parts that are asked for as a policy of their own,
// an Allow: the engine then says whether that part is met.
func (s *statement) alone(version string, principal, action bool, conditions []condition) *policy.Policy {
	p, a, element := blank, `"*"`, "Action"
	if principal {
		p = s.principalRaw
	}
	if action {
		a = s.actionRaw
		if s.notAction {
			element = "NotAction"
		}
	}
	return compile(version, text("Allow", p, element, a, conditions))
}

// text writes a statement.
func text(effect, principal, actionElement, action string, conditions []condition) string {
	var b strings.Builder
	b.WriteString(`{"Effect":"` + effect + `","Principal":` + principal + `,"` + actionElement + `":` + action)
	if len(conditions) > 0 {
		b.WriteString(`,"Condition":{`)
		var order []string
		by := map[string][]condition{}
		for _, c := range conditions {
			if by[c.operator] == nil {
				order = append(order, c.operator)
			}
			by[c.operator] = append(by[c.operator], c)
		}
		for i, op := range order {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(op) + ":{")
			for j, c := range by[op] {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(quote(c.key) + ":" + quoteList(c.values))
			}
			b.WriteByte('}')
		}
		b.WriteByte('}')
	}
	b.WriteByte('}')
	return b.String()
}

// compile parses statements that were taken from an accepted policy.
func compile(version string, statements ...string) *policy.Policy {
	head := ""
	if version != "" {
		head = `"Version":` + quote(version) + `,`
	}
	p, err := policy.ParseLoose("statement", []byte(`{`+head+`"Statement":[`+strings.Join(statements, ",")+`]}`), policy.Trust)
	if err != nil {
		panic("trust: a part of a policy that is no policy: " + err.Error())
	}
	return p
}

// quote writes a JSON string, with < and > as they are.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string has JSON
	return strings.TrimSuffix(b.String(), "\n")
}

func quoteList(values []string) string {
	if len(values) == 1 {
		return quote(values[0])
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return "[" + strings.Join(quoted, ",") + "]"
}
