package filterpattern

import (
	"fmt"
	"strings"
)

// column is a field of a space-delimited pattern.
type column struct {
	name string // empty: it has a number alone
	rest bool   // the ellipsis
	expr expr   // nil: no condition
}

// delimited is a pattern for events of fields with spaces between.
type delimited struct {
	columns  []column
	ellipsis int // its place; -1: there is none
}

// fieldValue is a condition on the field that it stands at.
type fieldValue struct {
	name string
	c    *comparison
}

// delimited reads "[name, name = 4*, ...]".
// Source: the guide's page, "Using filter patterns to match terms in space-delimited
// log events".
func (r *reader) delimited() (matcher, error) {
	r.spaces()
	r.at++
	m := &delimited{ellipsis: -1}
	seen := map[string]bool{}
	for {
		r.spaces()
		from := r.at
		col, err := r.column()
		if err != nil {
			return nil, err
		}
		switch {
		case col.rest && m.ellipsis >= 0:
			return nil, r.fail(from, "a pattern has one ellipsis")
		case col.rest:
			m.ellipsis = len(m.columns)
		case col.name != "" && seen[col.name]:
			return nil, r.fail(from, "the field %s is there twice", col.name)
		}
		seen[col.name] = true
		m.columns = append(m.columns, col)
		r.spaces()
		if r.take("]") {
			break
		}
		if !r.take(",") {
			return nil, r.fail(r.at, "a comma or ] is wanted here, not %s", r.nextRune())
		}
	}
	if r.spaces(); !r.end() {
		return nil, r.fail(r.at, "nothing may follow the ], and here is %s", r.nextRune())
	}
	if r.regexes > maxRegexes {
		return nil, r.fail(0, "a space-delimited pattern has at most %d regular expressions", maxRegexes)
	}
	return m, nil
}

func nameByte(b byte) bool { return wordByte(b) || b == '-' }

func (r *reader) column() (column, error) {
	if r.take("...") {
		return column{rest: true}, nil
	}
	col := column{name: r.while(nameByte)}
	r.spaces()
	if b := r.peek(); b == ',' || b == ']' {
		return col, nil
	}
	if col.name == "" {
		return col, r.fail(r.at, "the name of a field is wanted here, not %s", r.nextRune())
	}
	first := true
	leaf := func() (expr, error) {
		if !first {
			r.spaces()
			from := r.at
			// The page has an example in which the second name is a capital.
			if name := r.while(nameByte); !strings.EqualFold(name, col.name) {
				return nil, r.fail(from, "the conditions of a field are on that field, %s", col.name)
			}
		}
		first = false
		c, err := r.comparison(",]&|()")
		return &fieldValue{col.name, c}, err
	}
	var err error
	col.expr, err = r.either(leaf)
	return col, err
}

// split makes fields of a message: what is between brackets or quotation marks is one.
// Spaces are what keeps fields apart; that several count as one is not documented.
func split(message string) (list []string) {
	for {
		message = strings.TrimLeft(message, " \t\r\n")
		if message == "" {
			return list
		}
		closing := byte(0)
		switch message[0] {
		case '[':
			closing = ']'
		case '"':
			closing = '"'
		}
		if closing != 0 {
			if end := strings.IndexByte(message[1:], closing); end >= 0 {
				list, message = append(list, message[1:1+end]), message[2+end:]
				continue
			}
		}
		end := strings.IndexAny(message, " \t\r\n")
		if end < 0 {
			return append(list, message)
		}
		list, message = append(list, message[:end]), message[end:]
	}
}

// assign gives each column its field; ok is false if their number is wrong.
func (m *delimited) assign(fields []string) (got []string, ok bool) {
	n := len(m.columns)
	if m.ellipsis >= 0 {
		if len(fields) < n-1 {
			return nil, false
		}
		after := n - 1 - m.ellipsis
		got = append(got, fields[:m.ellipsis]...)
		got = append(got, strings.Join(fields[m.ellipsis:len(fields)-after], " "))
		return append(got, fields[len(fields)-after:]...), true
	}
	if len(fields) < n {
		return nil, false
	}
	got = append(got, fields[:n-1]...)
	return append(got, strings.Join(fields[n-1:], " ")), true
}

func (m *delimited) explain(message string) (bool, string) {
	fields := split(message)
	got, ok := m.assign(fields)
	if !ok {
		return false, fmt.Sprintf("it has %d fields, and the pattern wants %d", len(fields), m.wanted())
	}
	var why, held []string
	for i := range m.columns {
		col := &m.columns[i]
		if col.expr == nil {
			continue
		}
		matched, reason := col.expr.eval(got[i])
		if matched {
			held = append(held, reason)
		} else {
			why = append(why, reason)
		}
	}
	if why != nil {
		return false, strings.Join(why, "; ")
	}
	if held == nil {
		return true, "it has the fields that the pattern wants"
	}
	return true, strings.Join(held, "; ")
}

func (m *delimited) wanted() int {
	if m.ellipsis >= 0 {
		return len(m.columns) - 1
	}
	return len(m.columns)
}

func (f *fieldValue) eval(at any) (bool, string) {
	value, _ := at.(string)
	return f.c.holds(value, true), fmt.Sprintf("%s is %q, wanted %s", f.name, value, f.c)
}

// values are by name, and those without by their place in the event.
func (m *delimited) values(message string) map[string]string {
	out := map[string]string{}
	fields := split(message)
	got, ok := m.assign(fields)
	if !ok {
		return out
	}
	for i := range m.columns {
		place := i
		switch col := &m.columns[i]; {
		case col.rest:
			for n := m.ellipsis; n < m.ellipsis+len(fields)-(len(m.columns)-1); n++ {
				out[fmt.Sprintf("$%d", n+1)] = fields[n]
			}
			continue
		case col.name != "":
			out["$"+col.name] = got[i]
			continue
		case m.ellipsis >= 0 && i > m.ellipsis:
			place = len(fields) - len(m.columns) + i
		}
		out[fmt.Sprintf("$%d", place+1)] = got[i]
	}
	return out
}

func (m *delimited) value(message, selector string) (string, bool) {
	v, ok := m.values(message)[selector]
	return v, ok
}

func (m *delimited) selects(selector string) string {
	name, ok := strings.CutPrefix(selector, "$")
	if !ok || name == "" {
		return "a field is written $name"
	}
	for i := range m.columns {
		if m.columns[i].name == name {
			return ""
		}
	}
	if strings.Trim(name, "0123456789") == "" && name[0] != '0' {
		return "" // a field without a name, by its place
	}
	return "the pattern has no field " + name
}
