package trust

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// Table prints the matrix for a person: the shapes as rows, the roles as
// columns, and below them only what needs saying. width is the terminal's; 0: as
// wide as it comes. With colour what matters is coloured as well as said.
func (m *Matrix) Table(w io.Writer, width int, colour bool) error {
	t := &table{w: w, width: width, colour: colour}
	t.printf("The tokens around %s (%s), and whom they let in.\n", m.Project.Path, strings.TrimPrefix(m.Project.Issuer, "https://"))
	m.grid(t)
	m.doors(t)
	m.notes(t)
	m.doubts(t)
	if len(m.Unmatched) > 0 {
		t.printf("\nWanted, and in none of these tokens (strongroom token explain tells whether any can have it):\n")
	}
	for _, u := range m.Unmatched {
		t.wrapped("  "+u.Statement+": ", u.Subject)
	}
	m.shocks(t)
	if len(m.Assumed) > 0 {
		t.printf("\n")
		t.wrapped("", "Taken from the trust policies: "+strings.Join(m.Assumed, "; ")+".")
	}
	if m.Skipped > 0 {
		t.printf("\nLeft out: %s that no token can assume.\n", count(m.Skipped, "role"))
	}
	verdict := t.paint(green, "no surprise")
	if n := len(m.Surprises); n == 1 {
		verdict = t.paint(red, "1 surprise")
	} else if n > 1 {
		verdict = t.paint(red, fmt.Sprintf("%d surprises", n))
	}
	t.printf("\n%s, %s: %s\n", count(len(m.Shapes), "token"), count(len(m.Roles), "role"), verdict)
	return t.err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

const (
	green  = "32"
	yellow = "33"
	red    = "31"
	faint  = "2"
)

// table keeps the first error of its writer.
type table struct {
	w      io.Writer
	width  int
	colour bool
	err    error
}

func (t *table) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *table) paint(code, s string) string {
	if !t.colour || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// mark is how a cell is shown. Meaning is never only in the colour.
func (c *Cell) mark() (text, code string) {
	switch {
	case c.Surprise && c.Verdict == Admitted:
		return "ADMITTED !", red
	case c.Surprise:
		return "refused !", red
	case c.Verdict == Admitted:
		return "ADMITTED", green
	case c.Verdict == Undecided:
		return "cannot tell", yellow
	}
	return "-", faint
}

var groupTitles = map[oidc.Group]string{
	oidc.OfProject: "the project's own code",
	oidc.OfChange:  "changes nobody accepted yet",
	oidc.OfOthers:  "other people's, and stray tokens",
}

// grid prints rows and columns. Long lists of roles are numbered, so that the
// rows stay lines.
func (m *Matrix) grid(t *table) {
	heads, total := make([]string, len(m.Roles)), 0
	for i, r := range m.Roles {
		heads[i] = r.Name
		total += max(len(r.Name), len("cannot tell")) + 2
	}
	if total > 60 && len(m.Roles) > 1 {
		t.printf("\n")
		for i, r := range m.Roles {
			heads[i] = fmt.Sprintf("[%d]", i+1)
			t.printf("%5s %s\n", heads[i], r.Name)
		}
	}
	widths := make([]int, len(heads))
	for i, h := range heads {
		widths[i] = utf8.RuneCountInString(h)
	}
	first, who := 0, 0
	for _, s := range m.Shapes {
		first, who = max(first, len(s.ID)), max(who, len(s.Who))
	}
	for i := range m.Cells {
		text, _ := m.Cells[i].mark()
		widths[i%len(heads)] = max(widths[i%len(heads)], len(text))
	}
	head := fmt.Sprintf("%-*s  %-*s", first+2, "", who, "who")
	for i, h := range heads {
		head += fmt.Sprintf("  %-*s", widths[i], h)
	}
	group := oidc.Group("")
	for i, s := range m.Shapes {
		if s.Group != group {
			group = s.Group
			line := head
			if i > 0 {
				line = ""
			}
			title := groupTitles[group]
			t.printf("\n%s\n", strings.TrimRight(title+strings.TrimPrefix(line, strings.Repeat(" ", min(len(line), len(title)))), " "))
		}
		line, plain := fmt.Sprintf("  %-*s  %-*s", first, s.ID, who, s.Who), 2+first+2+who
		for j := range heads {
			text, code := m.Cells[i*len(heads)+j].mark()
			line += "  " + t.paint(code, text) + strings.Repeat(" ", widths[j]-len(text))
			plain += 2 + widths[j]
		}
		if room := t.width - plain - 2; t.width == 0 || room >= 20 {
			line += "  " + shorten(s.Label, t.width, room)
		}
		t.printf("%s\n", strings.TrimRight(line, " "))
	}
}

// shorten cuts a text to the room that a line of a limited width has for it.
func shorten(s string, width, room int) string {
	if r := []rune(s); width > 0 && len(r) > room {
		return string(r[:room-3]) + "..."
	}
	return s
}

// doors says who comes in by each role that writes.
func (m *Matrix) doors(t *table) {
	if !slices.ContainsFunc(m.Roles, func(r Column) bool { return r.Writes || r.Expectation != "safe" }) {
		t.printf("\n")
		t.wrapped("", "No role is known to write, so one that admits changes nobody accepted is no surprise; say which write with --writes NAME.")
	}
	for _, r := range m.Roles {
		if !r.Writes {
			continue
		}
		by := map[oidc.Who][]string{}
		var order []oidc.Who
		for _, s := range m.Shapes {
			if m.Cell(s.ID, r.Name).Verdict == Admitted {
				if by[s.Who] == nil {
					order = append(order, s.Who)
				}
				by[s.Who] = append(by[s.Who], s.ID)
			}
		}
		if len(order) == 0 {
			t.printf("\n%s writes, and admits nobody.\n", r.Name)
			continue
		}
		t.printf("\n%s writes, and admits:\n", r.Name)
		for _, who := range order {
			t.wrapped("  "+fmt.Sprintf("%-12s  ", who), strings.Join(by[who], ", "))
		}
	}
}

// notes says what has to be known of the shapes that a writing role admits.
func (m *Matrix) notes(t *table) {
	first := true
	for _, s := range m.Shapes {
		admitted := slices.ContainsFunc(m.Roles, func(r Column) bool { return r.Writes && m.Cell(s.ID, r.Name).Verdict != Refused })
		if s.Note == "" || !admitted {
			continue
		}
		if first {
			t.printf("\nGood to know:\n")
			first = false
		}
		t.wrapped("  "+s.ID+": ", s.Note+".")
	}
}

// doubts says what the cells hang on that cannot be told, those of a role that
// hang on the same as one.
func (m *Matrix) doubts(t *table) {
	type doubt struct{ role, on string }
	shapes := map[doubt][]string{}
	var order []doubt
	for i := range m.Cells {
		c := &m.Cells[i]
		if c.Verdict != Undecided {
			continue
		}
		d := doubt{c.Role, c.DecidedBy}
		if shapes[d] == nil {
			order = append(order, d)
		}
		shapes[d] = append(shapes[d], c.Shape)
	}
	if len(order) > 0 {
		t.printf("\nCannot be told:\n")
	}
	for _, d := range order {
		t.wrapped("  "+d.role+": ", strings.Join(shapes[d], ", ")+": "+d.on+".")
	}
}

// shocks prints the surprises, those of the same people for the same reason as
// one.
func (m *Matrix) shocks(t *table) {
	done := make([]bool, len(m.Surprises))
	for i, s := range m.Surprises {
		if done[i] {
			continue
		}
		shapes := []string{s.Shape}
		for j := i + 1; j < len(m.Surprises); j++ {
			o := m.Surprises[j]
			o.Shape = s.Shape
			if o == s {
				shapes, done[j] = append(shapes, m.Surprises[j].Shape), true
			}
		}
		verb := "admits"
		if s.Verdict == Refused {
			verb = "refuses"
		}
		t.printf("\n")
		t.wrapped(t.paint(red, "SURPRISE")+" ", s.Role+" "+verb+" "+strings.Join(shapes, ", ")+".")
		t.wrapped("  who: ", s.By)
		t.wrapped("  by:  ", s.DecidedBy)
		t.wrapped("  fix: ", s.Fix)
	}
}

// wrapped prints a text behind a head, in lines that the terminal has room for.
func (t *table) wrapped(head, text string) {
	indent := len(head) - len(strings.TrimLeft(head, " ")) + 2
	width := max(t.width, 60)
	if t.width == 0 {
		width = 120
	}
	line := head
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			t.printf("%s\n", strings.TrimRight(line, " "))
			line = strings.Repeat(" ", indent) + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	t.printf("%s\n", strings.TrimRight(line, " "))
}
