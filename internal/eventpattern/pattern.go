package eventpattern

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// MaxLength is the default quota of a pattern's length in characters. Compile does
// not enforce it: the quota can be raised.
// Source: EventBridge User Guide "Amazon EventBridge quotas", event pattern size.
const MaxLength = 2048

// maxBranches bounds the alternatives that $or multiplies to.
// Source: EventBridge User Guide "Comparison operators for use in event patterns",
// Or matching: patterns with more than 1000 rule combinations are refused.
const maxBranches = 1000

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	text     string
	root     *node
	leaves   int
	branches []branch
	scratch  sync.Pool
}

// Error says what is wrong with a pattern, and where.
type Error struct {
	// Reason is EventBridge's, "Empty arrays are not allowed".
	Reason string
	// Line and Column are where its reader stood, from 1.
	Line, Column int
	source       string
}

// Error is the message of EventBridge's InvalidEventPatternException.
func (e *Error) Error() string {
	source := e.source
	if r := []rune(source); len(r) > 500 {
		source = string(r[:500]) + fmt.Sprintf("[truncated %d chars]", len(r)-500)
	}
	return fmt.Sprintf("Event pattern is not valid. Reason: %s\n at [Source: (String)\"%s\"; line: %d, column: %d]", e.Reason, source, e.Line, e.Column)
}

// node is a step of the paths that a pattern names.
type node struct {
	children map[string]*node
	leaf     int // index of the field that ends here; -1: none does
}

// branch is one alternative: every field must match.
type branch struct{ fields []field }

// field is a leaf of the pattern with the values that it takes.
type field struct {
	path     string
	leaf     int
	matchers []matcher
	absent   bool // one of the matchers takes a field that is not there
}

// Compile reads a pattern. The error is an *Error.
func Compile(text string) (*Pattern, error) {
	p := &Pattern{text: text, root: &node{leaf: -1}}
	r := &reader{text: text, tokens: newTokens(text)}
	if err := r.pattern(&p.branches); err != nil {
		return nil, err
	}
	for i := range p.branches {
		for j := range p.branches[i].fields {
			f := &p.branches[i].fields[j]
			f.leaf = p.leaf(f.path)
			f.absent = slices.ContainsFunc(f.matchers, func(m matcher) bool { return m.op == opAbsent })
		}
	}
	p.scratch.New = func() any { return &scratch{values: make([][]value, p.leaves)} }
	return p, nil
}

// leaf returns the index of the field with this path. A dot in a name is the same
// as a step.
// Source: EventBridge User Guide "Event pattern syntax", considerations: "it uses
// dot (.) as the joining character".
func (p *Pattern) leaf(path string) int {
	n := p.root
	for step := range strings.SplitSeq(path, ".") {
		next := n.children[step]
		if next == nil {
			next = &node{leaf: -1}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[step] = next
		}
		n = next
	}
	if n.leaf < 0 {
		n.leaf = p.leaves
		p.leaves++
	}
	return n.leaf
}

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.text }

// Strings are the exact strings that the pattern takes at a path, "detail-type", in
// any of its alternatives.
func (p *Pattern) Strings(path string) (list []string) {
	for _, b := range p.branches {
		for _, f := range b.fields {
			if f.path != path {
				continue
			}
			for _, m := range f.matchers {
				if m.op == opExact && m.kind == stringValue && !slices.Contains(list, m.text) {
					list = append(list, m.text)
				}
			}
		}
	}
	return list
}
