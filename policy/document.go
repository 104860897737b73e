package policy

import "unicode/utf8"

// ElementKind is the JSON type of an Element.
type ElementKind uint8

// The JSON types. The zero value is an object.
const (
	ElementObject ElementKind = iota
	ElementList
	ElementString
	ElementNumber
	ElementBool
	ElementNull
)

// String is the type with its article, "a list".
func (k ElementKind) String() string { return nodeKind(k).String() }

// Element is a JSON value of a document, as written, that knows where it stands.
// Reading it says nothing about the policy language: that is Parse's.
type Element struct {
	Kind ElementKind
	// Text of a string, decoded; a number or boolean as written; else empty.
	Text string
	// Start and End are byte offsets: the value is the text from Start up to End.
	Start, End int
	// Line and Column of its first character, from 1; the column counts
	// characters, not bytes.
	Line, Column int
	// Members of an object, in document order; no name comes twice.
	Members []Member
	// Items of a list, in document order.
	Items []*Element
}

// Member is one name of an object with its value.
type Member struct {
	Name string
	// Start, Line and Column of the name's opening quote, as in Element.
	Start, Line, Column int
	Value               *Element
}

// Get returns the value of an object's member; nil: there is none of that name.
func (e *Element) Get(name string) *Element {
	for _, m := range e.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// ReadDocument reads one JSON document, as Parse does: a name that comes twice,
// invalid UTF-8, text after the document and nesting beyond what a policy needs
// are errors. name is used in errors only. The error is a *SyntaxError.
func ReadDocument(name string, src []byte) (*Element, error) {
	r := &reader{name: name, src: src}
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	c := cursor{src: src, line: 1}
	return c.element(doc), nil
}

// cursor turns offsets that only grow into lines and columns, reading the text
// once.
type cursor struct {
	src                []byte
	at, line, lineFrom int // lineFrom is where the line begins
	seen, column       int // column of the offset seen, from 0; seen is on the line
}

func (c *cursor) place(off int) (line, column int) {
	for ; c.at < off; c.at++ {
		if c.src[c.at] == '\n' {
			c.line++
			c.lineFrom = c.at + 1
			c.seen, c.column = c.lineFrom, 0
		}
	}
	c.column += utf8.RuneCount(c.src[c.seen:off])
	c.seen = off
	return c.line, c.column + 1
}

func (c *cursor) element(n *node) *Element {
	e := &Element{Kind: ElementKind(n.kind), Text: n.text, Start: n.pos, End: n.end}
	e.Line, e.Column = c.place(n.pos)
	for _, m := range n.members {
		line, column := c.place(m.pos)
		e.Members = append(e.Members, Member{Name: m.name, Start: m.pos, Line: line, Column: column, Value: c.element(m.value)})
	}
	for _, v := range n.items {
		e.Items = append(e.Items, c.element(v))
	}
	return e
}
