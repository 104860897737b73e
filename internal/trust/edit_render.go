package trust

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// replacement is new text for the bytes from start up to end.
type replacement struct {
	start, end int
	text       string
}

func apply(src string, edits []replacement) string {
	slices.SortFunc(edits, func(a, b replacement) int { return b.start - a.start })
	for _, r := range edits {
		src = src[:r.start] + r.text + src[r.end:]
	}
	return src
}

// conditionEdit writes the conditions into the statement, in the manner of the
// document: on one line, or indented as it is.
func (e *explainer) conditionEdit(src string, h *held, terms []term) replacement {
	if h.block != nil {
		outer := indentAt(src, h.block.Start)
		return replacement{h.block.Start, h.block.End, block(terms, src[h.block.Start:h.block.End], outer, unit(src))}
	}
	last := h.at.Members[len(h.at.Members)-1]
	outer := indentAt(src, last.Start)
	between := ", "
	if strings.Contains(src[h.at.Start:h.at.End], "\n") {
		between = ",\n" + outer
	}
	like := ""
	if strings.Contains(src, "\n") {
		like = "\n"
	}
	return replacement{last.Value.End, last.Value.End, between + `"Condition": ` + block(terms, like, outer, unit(src))}
}

// block writes a Condition. before is how it was written.
func block(terms []term, before, outer, unit string) string {
	inner, deep, closing := " ", " ", " "
	if strings.Contains(before, "\n") {
		inner, deep, closing = "\n"+outer+unit, "\n"+outer+unit+unit, "\n"+outer
	}
	operatorEnd := inner
	if !strings.Contains(before, "\n") {
		inner, deep, operatorEnd, closing = "", "", "", ""
	}
	var order []string
	by := map[string][]term{}
	for _, w := range terms {
		if by[w.operator] == nil {
			order = append(order, w.operator)
		}
		by[w.operator] = append(by[w.operator], w)
	}
	join := func(sep string) string {
		if sep == "" {
			return ", "
		}
		return "," + sep
	}
	var b strings.Builder
	b.WriteString("{" + inner)
	for i, op := range order {
		if i > 0 {
			b.WriteString(join(inner))
		}
		b.WriteString(quote(op) + ": {" + deep)
		for j, w := range by[op] {
			if j > 0 {
				b.WriteString(join(deep))
			}
			b.WriteString(quote(w.key) + ": " + spaced(w.values))
		}
		b.WriteString(operatorEnd + "}")
	}
	b.WriteString(closing + "}")
	return b.String()
}

// spaced writes a value or a list on one line, as people do.
func spaced(values []string) string {
	return strings.ReplaceAll(quoteList(values), `","`, `", "`)
}

// indentAt is the white space that the line of an offset begins with.
func indentAt(src string, off int) string {
	line := src[strings.LastIndexByte(src[:off], '\n')+1:]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// unit is one step of the document's indentation: that of its first indented
// line.
func unit(src string) string {
	for _, line := range strings.Split(src, "\n") {
		if in := indentAt(line, len(line)); in != "" && strings.TrimSpace(line) != "" {
			return in
		}
	}
	return "  "
}

// insert adds a statement of its own for the token.
func (e *explainer) insert(src string) string {
	t := e.token
	root, err := policy.ReadDocument("", []byte(src))
	if err != nil {
		panic("trust: a policy that cannot be read: " + err.Error())
	}
	list := root.Get("Statement")
	actions := t.actions()
	terms := []term{
		{"StringEquals", t.issuer() + ":aud", []string{t.audience()}},
		{"StringEquals", t.issuer() + ":sub", []string{t.subject()}},
	}
	lines := strings.Contains(src, "\n")
	step := unit(src)
	write := func(outer string) string {
		sep, end, before := ", ", "}", ""
		if lines {
			sep, end, before = ",\n"+outer+step, "\n"+outer+"}", "\n"
		}
		head := "{"
		if lines {
			head += "\n" + outer + step
		}
		return head + strings.Join([]string{
			`"Effect": "Allow"`,
			`"Principal": {"Federated": ` + quote(e.role.providerARN(t)) + `}`,
			`"Action": ` + spaced(actions),
			`"Condition": ` + block(terms, before, outer+step, step),
		}, sep) + end
	}
	if list.Kind == policy.ElementObject {
		outer := indentAt(src, list.Start)
		return apply(src, []replacement{
			{list.Start, list.Start, "["},
			{list.End, list.End, ", " + write(outer) + "]"},
		})
	}
	last := list.Items[len(list.Items)-1]
	outer := indentAt(src, last.Start)
	between := ", "
	if lines {
		between = ",\n" + outer
	}
	if strings.Count(src[list.Start:last.Start], "\n") == 0 {
		between = ", "
	}
	return apply(src, []replacement{{last.End, last.End, between + write(outer)}})
}
