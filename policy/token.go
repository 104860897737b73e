package policy

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting: a valid policy needs six levels.
const maxDepth = 16

type nodeKind uint8

const (
	nodeObject nodeKind = iota
	nodeArray
	nodeString
	nodeNumber
	nodeBool
	nodeNull
)

func (k nodeKind) String() string {
	return [...]string{"an object", "a list", "a string", "a number", "a boolean", "null"}[k]
}

// node is a JSON value that knows where it stands. encoding/json tells neither
// positions nor duplicate keys, and both matter here.
type node struct {
	kind     nodeKind
	pos, end int    // byte offsets
	text     string // string value, number or boolean as written
	members  []member
	items    []*node
}

type member struct {
	name  string
	pos   int
	value *node
}

// reader reads one JSON document.
type reader struct {
	name string
	src  []byte
	pos  int
}

func (r *reader) fail(pos int, path, fix, format string, args ...any) *SyntaxError {
	line, col := place(r.src, pos)
	return &SyntaxError{Name: r.name, Line: line, Column: col, Path: path, Msg: fmt.Sprintf(format, args...), Fix: fix}
}

func (r *reader) document() (*node, *SyntaxError) {
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos < len(r.src) {
		return nil, r.fail(r.pos, "", "remove what follows the document", "unexpected %s after the end of the document", r.here())
	}
	return n, nil
}

func (r *reader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// here names the next character, for an error.
func (r *reader) here() string {
	if r.pos >= len(r.src) {
		return "end of text"
	}
	c, _ := utf8.DecodeRune(r.src[r.pos:])
	return strconv.QuoteRune(c)
}

func (r *reader) value(depth int) (*node, *SyntaxError) {
	r.space()
	if depth > maxDepth {
		return nil, r.fail(r.pos, "", "", "nested more than %d levels deep", maxDepth)
	}
	n := &node{pos: r.pos}
	var err *SyntaxError
	switch {
	case r.pos >= len(r.src):
		err = r.fail(r.pos, "", "", "unexpected end of text, want a JSON value")
	case r.src[r.pos] == '{':
		err = r.object(n, depth)
	case r.src[r.pos] == '[':
		err = r.array(n, depth)
	case r.src[r.pos] == '"':
		n.kind = nodeString
		n.text, err = r.str()
	case r.src[r.pos] == '-' || isDigit(r.src[r.pos]):
		n.kind = nodeNumber
		n.text, err = r.number()
	case r.word("true"), r.word("false"):
		n.kind, n.text = nodeBool, string(r.src[n.pos:r.pos])
	case r.word("null"):
		n.kind = nodeNull
	default:
		err = r.fail(r.pos, "", "", "unexpected %s, want a JSON value", r.here())
	}
	n.end = r.pos
	return n, err
}

func (r *reader) word(w string) bool {
	if len(r.src)-r.pos >= len(w) && string(r.src[r.pos:r.pos+len(w)]) == w {
		r.pos += len(w)
		return true
	}
	return false
}

// next consumes c after space.
func (r *reader) next(c byte) bool {
	r.space()
	if r.pos < len(r.src) && r.src[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

// object refuses a name that is given twice. Choice duplicate-members.
func (r *reader) object(n *node, depth int) *SyntaxError {
	n.kind = nodeObject
	r.pos++
	if r.next('}') {
		return nil
	}
	seen := map[string]int{}
	for {
		r.space()
		at := r.pos
		if at >= len(r.src) || r.src[at] != '"' {
			return r.fail(at, "", "", "unexpected %s, want an element name in double quotes", r.here())
		}
		name, err := r.str()
		if err != nil {
			return err
		}
		if first, dup := seen[name]; dup {
			line, _ := place(r.src, first)
			return r.fail(at, "", "keep one of them, and join their values in a list", "element %q is given twice, first on line %d", name, line)
		}
		seen[name] = at
		if !r.next(':') {
			return r.fail(r.pos, "", "", "unexpected %s, want ':' after %q", r.here(), name)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.members = append(n.members, member{name: name, pos: at, value: v})
		if r.next(',') {
			continue
		}
		if r.next('}') {
			return nil
		}
		return r.fail(r.pos, "", "", "unexpected %s, want ',' or '}'", r.here())
	}
}

func (r *reader) array(n *node, depth int) *SyntaxError {
	n.kind = nodeArray
	r.pos++
	if r.next(']') {
		return nil
	}
	for {
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, v)
		if r.next(',') {
			continue
		}
		if r.next(']') {
			return nil
		}
		return r.fail(r.pos, "", "", "unexpected %s, want ',' or ']'", r.here())
	}
}

func (r *reader) number() (string, *SyntaxError) {
	start := r.pos
	digits := func() bool {
		from := r.pos
		for r.pos < len(r.src) && isDigit(r.src[r.pos]) {
			r.pos++
		}
		return r.pos > from
	}
	if r.src[r.pos] == '-' {
		r.pos++
	}
	whole := r.pos
	ok := digits()
	if ok && r.src[whole] == '0' && r.pos > whole+1 {
		ok = false
	}
	if ok && r.pos < len(r.src) && r.src[r.pos] == '.' {
		r.pos++
		ok = digits()
	}
	if ok && r.pos < len(r.src) && (r.src[r.pos] == 'e' || r.src[r.pos] == 'E') {
		r.pos++
		if r.pos < len(r.src) && (r.src[r.pos] == '+' || r.src[r.pos] == '-') {
			r.pos++
		}
		ok = digits()
	}
	if !ok {
		return "", r.fail(start, "", "", "malformed number")
	}
	return string(r.src[start:r.pos]), nil
}

func (r *reader) str() (string, *SyntaxError) {
	start := r.pos
	r.pos++
	var buf []byte
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		switch {
		case c == '"':
			r.pos++
			return string(buf), nil
		case c < 0x20:
			return "", r.fail(r.pos, "", "", "unescaped control character %q in a string", c)
		case c == '\\':
			var err *SyntaxError
			if buf, err = r.escape(buf); err != nil {
				return "", err
			}
		case c < utf8.RuneSelf:
			buf = append(buf, c)
			r.pos++
		default:
			ch, size := utf8.DecodeRune(r.src[r.pos:])
			if ch == utf8.RuneError && size == 1 {
				return "", r.fail(r.pos, "", "save the document as UTF-8", "invalid UTF-8 in a string")
			}
			buf = append(buf, r.src[r.pos:r.pos+size]...)
			r.pos += size
		}
	}
	return "", r.fail(start, "", "", "string is not closed")
}

func (r *reader) escape(buf []byte) ([]byte, *SyntaxError) {
	at := r.pos
	if r.pos+1 >= len(r.src) {
		return nil, r.fail(at, "", "", "string is not closed")
	}
	c := r.src[r.pos+1]
	r.pos += 2
	switch c {
	case '"', '\\', '/':
		return append(buf, c), nil
	case 'b':
		return append(buf, '\b'), nil
	case 'f':
		return append(buf, '\f'), nil
	case 'n':
		return append(buf, '\n'), nil
	case 'r':
		return append(buf, '\r'), nil
	case 't':
		return append(buf, '\t'), nil
	case 'u':
		ch, ok := r.hex4()
		if ok && utf16.IsSurrogate(ch) {
			ok = r.pos+1 < len(r.src) && r.src[r.pos] == '\\' && r.src[r.pos+1] == 'u'
			if ok {
				r.pos += 2
				var low rune
				low, ok = r.hex4()
				ch = utf16.DecodeRune(ch, low)
				ok = ok && ch != utf8.RuneError
			}
		}
		if ok {
			return utf8.AppendRune(buf, ch), nil
		}
	}
	return nil, r.fail(at, "", "", "malformed escape in a string")
}

func (r *reader) hex4() (rune, bool) {
	if len(r.src)-r.pos < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(r.src[r.pos:r.pos+4]), 16, 16)
	r.pos += 4
	return rune(v), err == nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
