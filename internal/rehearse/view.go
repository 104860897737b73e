package rehearse

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/lock"
)

// Table prints the locks: what is claimed, who tried what, the answer, and
// which statement decided. width is the terminal's; 0: as wide as it comes.
// With colour the verdict is coloured as well as said.
func (r *Report) Table(w io.Writer, width int, colour bool) error {
	p := &printer{w: w, width: width, colour: colour}
	for _, l := range r.Locks {
		p.lock(l)
	}
	for _, n := range r.NotApplicable {
		p.printf("\n(none)  %s  %s\n", n.ID, n.Why)
	}
	held := 0
	for _, l := range r.Locks {
		if l.Holds {
			held++
		}
	}
	made := map[string]int{}
	for _, l := range r.Locks {
		for _, a := range l.Attacks {
			made[a.Kind]++
		}
	}
	p.printf("\n%d locks, %d attacks", len(r.Locks), made[""])
	for _, kind := range []string{lock.KindEvent, lock.KindCheck} {
		if made[kind] > 0 {
			p.printf(", %d %ss", made[kind], kind)
		}
	}
	p.printf(": ")
	if r.Holds {
		p.printf("%s\n", p.paint(green, "every lock holds"))
	} else {
		p.printf("%s\n", p.paint(red, fmt.Sprintf("%d of %d locks do not hold", len(r.Locks)-held, len(r.Locks))))
	}
	if len(r.Engines) > 0 {
		for i, e := range r.Engines {
			p.printf("%s%s %s", []string{"", ", "}[min(i, 1)], e.Name, e.Version)
		}
		p.printf(": %.1f s\n", r.Seconds.Total)
		return p.err
	}
	p.printf("%s %s, AWS provider %s: %.1f s, of which the engine's own %.1f s\n",
		r.Engine.Name, r.Engine.Version, orUnknown(r.Provider), r.Seconds.Total, r.Seconds.Engine)
	return p.err
}

func orUnknown(s string) string {
	if s == "" {
		return "(from the registry)"
	}
	return s
}

const (
	green = "32"
	red   = "31"
	faint = "2"
)

// printer keeps the first error.
type printer struct {
	w      io.Writer
	width  int
	colour bool
	err    error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) paint(code, s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) lock(l lock.Result) {
	verdict := p.paint(green, "holds ")
	if !l.Holds {
		verdict = p.paint(red, "BROKEN")
	}
	p.printf("\n%s  %s  %s\n", verdict, l.ID, l.Claim)
	rows := make([][4]string, 0, len(l.Controls)+len(l.Attacks))
	for _, a := range l.Controls {
		rows = append(rows, [4]string{"as it should be", a.By + ": " + a.Request, a.Answer, ""})
		if a.Failed {
			rows[len(rows)-1][3] = a.DecidedBy
		}
	}
	for _, a := range l.Attacks {
		kind := "attack"
		switch {
		case a.Kind != "" && a.Failed:
			kind = "WRONG"
		case a.Kind != "":
			kind = a.Kind
		case a.Failed:
			kind = "ATTACK SUCCEEDED"
		}
		rows = append(rows, [4]string{kind, a.By + ": " + a.Request, a.Answer, a.DecidedBy})
	}
	var widths [3]int
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		p.row(row, widths)
	}
}

// row prints one attempt. What decided stands beside it if there is room, and
// below it if not.
func (p *printer) row(row [4]string, widths [3]int) {
	line := "        "
	for i, w := range widths {
		line += row[i] + strings.Repeat(" ", w-utf8.RuneCountInString(row[i])) + "  "
	}
	line = strings.TrimRight(line, " ")
	if row[3] == "" {
		p.printf("%s\n", line)
		return
	}
	full := line + "  " + p.paint(faint, row[3])
	if p.width == 0 || utf8.RuneCountInString(line)+2+utf8.RuneCountInString(row[3]) <= p.width {
		p.printf("%s\n", full)
		return
	}
	p.printf("%s\n", line)
	for _, part := range wrap(row[3], max(p.width-12, 30)) {
		p.printf("            %s\n", p.paint(faint, part))
	}
}

// wrap breaks a text at spaces into lines of at most width runes; a longer
// word has a line of its own.
func wrap(s string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
