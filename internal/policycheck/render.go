package policycheck

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/policy"
)

// render writes a policy as JSON on one line and remembers which text came from
// which node, so that what the engine says of the text can be said of the file.
// Where a value is not known it writes one that is right in that place.
type render struct {
	strings.Builder
	spans []span
	kind  policy.Kind
	// stand counts the values that were made up.
	stand int
	// attached says that the policy's statements need no Resource: it is about
	// what it is attached to.
	attached bool
}

type span struct {
	from, to int
	node     *node
	made     bool
}

func (r *render) text(s string) {
	b, _ := json.Marshal(s) // a string always marshals
	r.Write(b)
}

// put writes a node; role says what kind of value the place takes.
func (r *render) put(n *node, role string) {
	from := r.Len()
	made := n.unknown || n.partial
	switch {
	case made:
		r.standIn(role)
	case n.kind == policy.ElementObject:
		r.object(n, role)
	case n.kind == policy.ElementList:
		r.WriteByte('[')
		first := true
		for _, v := range n.items {
			if role == "Statement" && v.unknown {
				continue
			}
			if !first {
				r.WriteByte(',')
			}
			first = false
			r.put(v, role)
		}
		if n.open && first && role != "Statement" {
			r.standIn(role)
			made = true
		}
		r.WriteByte(']')
	case n.kind == policy.ElementString:
		r.text(n.text)
	case n.kind == policy.ElementNull:
		r.WriteString("null")
	default:
		r.WriteString(n.text)
	}
	r.spans = append(r.spans, span{from, r.Len(), n, made})
}

// inner is the role of a member's value.
func inner(role, name string) string {
	switch {
	case role == "":
		return name
	case role == "Statement":
		return name
	case role == "Principal" || role == "NotPrincipal":
		return "Principal." + name
	case role == "Condition":
		return "Operator." + name
	}
	return role // values of an operator
}

// perhaps reports an element of a statement that may not be there in the end,
// where the policy would be wrong if it were: the one or the other of a pair, a
// Principal that nothing is known of.
func (r *render) perhaps(n *node, m member) bool {
	vague := m.value.unknown || m.value.open && len(m.value.members) == 0 && len(m.value.items) == 0
	if !vague {
		return false
	}
	if name, ok := strings.CutPrefix(m.name, "Not"); ok {
		return n.get(name) != nil || name == "Principal"
	}
	if other := n.get("Not" + m.name); other != nil && !other.unknown && !other.open {
		return true
	}
	switch r.kind {
	case policy.Identity, policy.Boundary, policy.Session, policy.SCP:
		return m.name == "Principal"
	}
	return false
}

func (r *render) object(n *node, role string) {
	r.WriteByte('{')
	first := true
	next := func() {
		if !first {
			r.WriteByte(',')
		}
		first = false
	}
	for _, m := range n.members {
		if role == "Statement" && r.perhaps(n, m) {
			continue
		}
		next()
		from := r.Len()
		r.text(m.name)
		r.spans = append(r.spans, span{from, r.Len(), &node{kind: policy.ElementString, text: m.name, at: m.at, path: m.value.path}, false})
		r.WriteByte(':')
		r.put(m.value, inner(role, m.name))
	}
	if n.open && role == "Statement" {
		for _, pair := range [][2]string{{"Action", "NotAction"}, {"Resource", "NotResource"}, {"Effect", "Effect"}} {
			if n.get(pair[0]) == nil && n.get(pair[1]) == nil && (pair[0] != "Resource" || r.kind != policy.Trust) {
				next()
				r.text(pair[0])
				r.WriteByte(':')
				r.standIn(pair[0])
			}
		}
	}
	if role == "Statement" && r.attached && !n.open && n.get("Resource") == nil && n.get("NotResource") == nil {
		next()
		r.WriteString(`"Resource":"*"`)
	}
	if n.open && role == "Principal" && len(n.members) == 0 {
		r.WriteString(`"AWS":"*"`)
	}
	r.WriteByte('}')
}

// standIn writes a value that the place takes, whatever the kind of policy.
func (r *render) standIn(role string) {
	r.stand++
	switch role {
	case "Version":
		r.text("2012-10-17")
	case "Sid":
		r.text(fmt.Sprintf("Unknown%d", r.stand))
	case "Effect":
		r.text("Deny")
	case "Principal.Service":
		r.text("s3.amazonaws.com")
	case "Principal.Federated":
		r.text("arn:aws:iam::111122223333:oidc-provider/example.com")
	case "Condition":
		r.WriteString("{}")
	case "Statement":
		r.WriteString(`{"Sid":"`)
		fmt.Fprintf(r, `Unknown%d","Effect":"Deny","Action":"*","Resource":"*"}`, r.stand)
	default:
		name, ok := strings.CutPrefix(role, "Operator.")
		if !ok {
			r.text("*")
			return
		}
		op, _, _ := policy.ParseOperator(name)
		value := map[policy.Family]string{
			policy.FamilyNumeric: "1", policy.FamilyDate: "2026-01-01", policy.FamilyBool: "true",
			policy.FamilyNull: "true", policy.FamilyIP: "10.0.0.0/8", policy.FamilyBinary: "AA==",
		}[op.Family]
		if value == "" {
			value = "*"
		}
		r.text(value)
	}
}

// at finds the innermost node at a column of the line, from 1.
func (r *render) at(column int) (n *node, made bool) {
	off, text := 0, r.String()
	for i := 1; i < column && off < len(text); i++ {
		_, size := utf8.DecodeRuneInString(text[off:])
		off += size
	}
	best := -1
	for i, s := range r.spans {
		if s.from <= off && off < s.to && (best < 0 || s.to-s.from <= r.spans[best].to-r.spans[best].from) {
			best = i
		}
	}
	if best < 0 {
		return nil, false
	}
	return r.spans[best].node, r.spans[best].made
}
