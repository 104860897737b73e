package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// hole stands in a text for what is known at plan time only. It is no
// character, so that no policy means it.
const hole = "\uffff"

// node is a value of a policy and where it was written, whatever it was written
// in: JSON, or HCL that makes JSON.
type node struct {
	kind policy.ElementKind
	text string // of a string, number or boolean; with holes if partial
	at   diag.Location
	path string // within the policy
	// partial: the text has holes.
	partial bool
	// unknown: nothing is known of the value, not even its kind or, in an
	// object, whether it is there at all.
	unknown bool
	// open: there may be members or items besides.
	open    bool
	members []member
	items   []*node
}

type member struct {
	name  string
	at    diag.Location
	value *node
}

// known reports a whole text.
func (n *node) known() bool { return n != nil && !n.unknown && !n.partial }

// isText reports a string, number or boolean.
func (n *node) isText() bool {
	return n.kind == policy.ElementString || n.kind == policy.ElementNumber || n.kind == policy.ElementBool
}

// glob is the text with * for what is not known, to compare patterns with.
func (n *node) glob() string { return strings.ReplaceAll(n.text, hole, "*") }

// get returns a member's value; nil: there is none.
func (n *node) get(name string) *node {
	for i := range n.members {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

// whole reports that nothing in the tree waits for a plan.
func (n *node) whole() bool {
	if n.unknown || n.partial || n.open {
		return false
	}
	for _, m := range n.members {
		if strings.Contains(m.name, hole) || !m.value.whole() {
			return false
		}
	}
	for _, v := range n.items {
		if !v.whole() {
			return false
		}
	}
	return true
}

// fromElement makes nodes of a JSON document. place turns a position of the
// document into one of the file; holes tells that the text may have some.
func fromElement(e *policy.Element, holes bool, place func(offset, line, column int) diag.Location) *node {
	n := &node{kind: e.Kind, text: e.Text, at: place(e.Start, e.Line, e.Column)}
	n.partial = holes && strings.Contains(e.Text, hole)
	n.unknown = n.partial && e.Text == hole
	for _, m := range e.Members {
		v := fromElement(m.Value, holes, place)
		if holes && strings.Contains(m.Name, hole) {
			n.open = true
			continue
		}
		n.members = append(n.members, member{name: m.Name, at: place(m.Start, m.Line, m.Column), value: v})
	}
	for _, v := range e.Items {
		n.items = append(n.items, fromElement(v, holes, place))
	}
	return n
}

// shown cuts a text to what fits a line of an answer, with "..." for holes.
func shown(text string) string {
	text = strings.ReplaceAll(text, hole, "${...}")
	const most = 120
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}
