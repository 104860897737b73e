package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/strongroom-dev/strongroom/policy"
)

// statement is one statement of a trust policy as it is written. The policy
// engine decides; this is for telling, and for edits.
type statement struct {
	index, line int
	sid         string
	effect      policy.Effect
	at          *policy.Element
	// principals by type; "*" alone is of type "AWS".
	principals []principal
	actions    []string
	notAction  bool
	conditions []condition
	// block is the Condition element's value; nil: there is none.
	block *policy.Element
	// principalRaw and actionRaw are those elements' values as written.
	principalRaw, actionRaw string
}

type principal struct{ kind, name string }

// condition is one operator with one key.
type condition struct {
	operator     policy.Operator
	key          string
	values       []string
	line, column int
	// at is the key's value, in the object of the operator's keys.
	at, in *policy.Element
}

// texts are the strings of a plain value or of a list.
func texts(e *policy.Element) []string {
	if e.Kind != policy.ElementList {
		return []string{e.Text}
	}
	out := []string{}
	for _, i := range e.Items {
		out = append(out, i.Text)
	}
	return out
}

// statements reads the statements of a trust policy, which the policy engine
// has accepted.
func statements(p *policy.Policy) (all []statement, version string) {
	src := p.Source()
	root, err := policy.ReadDocument(p.Name(), src)
	if err != nil {
		panic("trust: a policy that was parsed and cannot be read: " + err.Error())
	}
	if v := root.Get("Version"); v != nil {
		version = v.Text
	}
	list := root.Get("Statement")
	items := list.Items
	if list.Kind == policy.ElementObject {
		items = []*policy.Element{list}
	}
	for i, e := range items {
		all = append(all, newStatement(p, src, i, e))
	}
	return all, version
}

func newStatement(p *policy.Policy, src []byte, i int, e *policy.Element) statement {
	known := p.Statement(i)
	s := statement{index: i, line: known.Line, sid: known.Sid, effect: known.Effect, at: e}
	for _, m := range e.Members {
		raw := string(src[m.Value.Start:m.Value.End])
		switch m.Name {
		case "Principal":
			s.principalRaw = raw
			if m.Value.Kind != policy.ElementObject {
				s.principals = append(s.principals, principal{"AWS", m.Value.Text})
			}
			for _, t := range m.Value.Members {
				for _, name := range texts(t.Value) {
					s.principals = append(s.principals, principal{t.Name, name})
				}
			}
		case "Action", "NotAction":
			s.actionRaw = raw
			s.actions, s.notAction = texts(m.Value), m.Name == "NotAction"
		case "Condition":
			s.block = m.Value
			for _, op := range m.Value.Members {
				operator, _, _ := policy.ParseOperator(op.Name)
				for _, k := range op.Value.Members {
					s.conditions = append(s.conditions, condition{operator, k.Name, texts(k.Value), k.Line, k.Column, k.Value, op.Value})
				}
			}
		}
	}
	return s
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
			name := c.operator.Name
			if by[name] == nil {
				order = append(order, name)
			}
			by[name] = append(by[name], c)
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

// quote writes a JSON string, with < and > as they are, and what does not print
// by its number.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string has JSON
	text := strings.TrimSuffix(b.String(), "\n")
	b.Reset()
	for _, r := range text {
		switch {
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
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
