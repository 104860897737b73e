package policycheck

import (
	"errors"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// text is JSON that a configuration writes in a string or heredoc, and where
// each piece of it stands in the file.
type text struct {
	strings.Builder
	pieces []piece
	// quoted: a double quote of the JSON is open.
	quoted, escaped bool
}

// piece says that the text from off on was written at a place.
type piece struct {
	off int
	at  diag.Location
}

func (t *text) mark(at diag.Location) {
	t.pieces = append(t.pieces, piece{off: t.Len(), at: at})
}

// put adds text and keeps count of whether a string of the JSON is open.
func (t *text) put(s string) {
	for i := range len(s) {
		switch {
		case t.escaped:
			t.escaped = false
		case s[i] == '\\':
			t.escaped = t.quoted
		case s[i] == '"':
			t.quoted = !t.quoted
		}
	}
	t.WriteString(s)
}

// hole stands for an interpolation: inside a string of the JSON for a part of
// it, elsewhere for a whole value.
func (t *text) hole() {
	if t.quoted {
		t.WriteString(hole)
		return
	}
	t.WriteString(`"` + hole + `"`)
}

// place is where the character at an offset was written.
func (t *text) place(off int) diag.Location {
	i := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].off > off }) - 1
	if i < 0 {
		return diag.Location{}
	}
	p := t.pieces[i]
	at := p.at
	at.Column += utf8.RuneCountInString(t.String()[p.off:off])
	return at
}

// template writes out a string template of a configuration. src is the file.
func (m *module) template(e *hclsyntax.TemplateExpr, src []byte) *text {
	t := &text{}
	heredoc := strings.HasPrefix(string(e.SrcRange.SliceBytes(src)), "<<")
	for _, p := range e.Parts {
		if l, ok := p.(*hclsyntax.LiteralValueExpr); ok {
			if n := literal(l.Val, diag.Location{}); n.kind == policy.ElementString {
				t.align(n.text, string(l.SrcRange.SliceBytes(src)), l.SrcRange, heredoc)
				continue
			}
		}
		t.mark(locate(p.Range()))
		if n := m.resolve(p, 0); n.known() && n.isText() {
			t.put(n.text)
		} else {
			t.hole()
		}
	}
	return t
}

// align adds decoded text and finds the places of its lines in the source that
// it was decoded from, past indentation and escapes.
func (t *text) align(decoded, src string, r hcl.Range, heredoc bool) {
	at := locate(r)
	t.mark(at)
	j := 0
	step := func(n int) { // over n bytes of source
		for ; n > 0 && j < len(src); n-- {
			if src[j] == '\n' {
				at.Line, at.Column = at.Line+1, 0
			}
			if utf8.RuneStart(src[j]) {
				at.Column++
			}
			j++
		}
	}
	lineStart := at.Column == 1
	for i := 0; i < len(decoded); {
		if heredoc && lineStart {
			strip := len(indentOf(src[j:])) - len(indentOf(decoded[i:]))
			step(strip)
			t.mark(at)
			lineStart = false
		}
		c := decoded[i]
		_, size := utf8.DecodeRuneInString(decoded[i:])
		n := size
		switch rest := src[min(j, len(src)):]; {
		case (strings.HasPrefix(rest, "$${") || strings.HasPrefix(rest, "%%{")) && strings.HasPrefix(decoded[i:], rest[1:3]):
			n = 2
		case !heredoc && strings.HasPrefix(rest, `\u`):
			n = 6
		case !heredoc && strings.HasPrefix(rest, `\U`):
			n = 10
		case !heredoc && strings.HasPrefix(rest, `\`):
			n = 2
		}
		t.put(decoded[i : i+size])
		i += size
		step(n)
		if n != size {
			t.mark(at)
		}
		if c == '\n' {
			lineStart = true
			if !heredoc {
				t.mark(at)
			}
		}
	}
}

func indentOf(s string) string { return s[:len(s)-len(strings.TrimLeft(s, " \t"))] }

// read parses the text as a policy.
func (t *text) read() (*node, error) {
	doc, err := policy.ReadDocument("", []byte(t.String()))
	if err != nil {
		return nil, err
	}
	return fromElement(doc, true, func(off, _, _ int) diag.Location { return t.place(off) }), nil
}

// faultAt is where a fault in the text stands in the file.
func (t *text) faultAt(err error) diag.Location {
	var s *policy.SyntaxError
	if !errors.As(err, &s) {
		return diag.Location{}
	}
	lines := strings.SplitAfter(t.String(), "\n")
	off := 0
	for _, l := range lines[:s.Line-1] {
		off += len(l)
	}
	for i := 1; i < s.Column && off < t.Len(); i++ {
		_, size := utf8.DecodeRuneInString(t.String()[off:])
		off += size
	}
	return t.place(off)
}
