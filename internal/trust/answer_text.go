package trust

import (
	"fmt"
	"io"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Text prints the answer for a person.
func (a *Answer) Text(w io.Writer, style diag.Style) error {
	t := &table{w: w, colour: style.Colour}
	colour := map[Outcome]string{Admitted: green, Refused: red, Undecided: yellow}[a.Outcome]
	word, rest, _ := strings.Cut(a.Reason, ":")
	t.printf("%s:%s\n\n", t.paint(colour, word), rest)
	a.head(t)
	for i := range a.Statements {
		a.Statements[i].text(t)
	}
	findings(t, "Can never match", red, a.Role, a.Never)
	findings(t, "Dangerous", yellow, a.Role, a.Dangers)
	a.Edit.text(t)
	for _, n := range a.Notes {
		t.printf("\nNote: %s\n", n)
	}
	return t.err
}

func (a *Answer) head(t *table) {
	row := func(name, value string) {
		if value != "" {
			t.printf("  %-9s %s\n", name, value)
		}
	}
	row("role", plain(a.Role))
	if a.RoleARN != a.Role {
		row("arn", plain(a.RoleARN))
	}
	row("token", fmt.Sprintf("of %s, %s", a.Forge, plain(a.Issuer)))
	row("sub", plain(a.Subject))
	row("aud", plainList(a.Audience))
	switch {
	case !a.Provider.Known:
		row("provider", a.Provider.ARN+"; its client list is not known here")
	case !a.Provider.Registered:
		row("provider", a.Provider.ARN+" does not exist")
	default:
		row("provider", a.Provider.ARN+", for "+plainList(a.Provider.ClientIDs))
	}
	row("AWS says", plain(a.AWS))
}

func (s *Statement) text(t *table) {
	says := t.paint(faint, "does not apply")
	switch {
	case s.Applies && s.Effect.String() == "Allow":
		says = t.paint(green, "applies: it allows")
	case s.Applies:
		says = t.paint(red, "applies: it denies")
	case s.Never:
		says = t.paint(red, "can never apply")
	}
	name := ""
	if s.Sid != "" {
		name = " " + show(s.Sid)
	}
	t.printf("\nStatement %d%s, %s, line %d: %s\n", s.Index+1, name, s.Effect, s.Line, says)
	for i := range s.Clauses {
		s.Clauses[i].text(t)
	}
}

func (c *Clause) text(t *table) {
	mark, colour := "not met", red
	switch {
	case c.Unknown:
		mark, colour = "unknown", yellow
	case c.Met:
		mark, colour = "met", green
	}
	title := c.Element
	if c.Operator != "" {
		title = c.Operator + " " + plain(c.Key)
	}
	t.printf("  %s %s\n", t.paint(colour, fmt.Sprintf("%-7s", mark)), title)
	carried := plainList(c.Carried)
	switch {
	case c.Unknown:
		carried = "not known here"
	case c.Missing:
		carried = "(missing)"
	case len(c.Carried) == 1 && c.Carried[0] == "":
		carried = `""`
	}
	for i, v := range c.Wanted {
		head := "wanted"
		if i > 0 {
			head = "or"
		}
		t.printf("            %-8s %s\n", head, plain(v))
	}
	t.printf("            %-8s %s\n", "carried", carried)
	if c.Note != "" {
		t.printf("            %s\n", c.Note)
	}
}

func findings(t *table, title, colour, file string, list []Finding) {
	if len(list) == 0 {
		return
	}
	t.printf("\n%s\n", t.paint(colour, title))
	scopes := map[Scope]string{ScopeAny: "no token", ScopeProject: "no token of this project", ScopeJob: "no token of this job"}
	for _, f := range list {
		t.printf("  %s: ", diag.Location{File: file, Line: f.Line, Column: f.Column})
		if f.Value != "" {
			t.printf("%s ", show(f.Value))
		}
		if s := scopes[f.Scope]; s != "" {
			t.printf("matches %s ", s)
		}
		t.printf("[%s]\n", f.Rule)
		t.printf("    why: %s\n", indented(f.Why))
		t.printf("    fix: %s\n", indented(f.Fix))
	}
}

func (e *Edit) text(t *table) {
	if e.Diff == "" {
		t.printf("\nEdit: %s\n", e.Why)
		return
	}
	t.printf("\nEdit: %s\n", e.Why)
	if e.Inputs != "" {
		t.printf("\nIn the inputs of the module automation-iam:\n%s\nwhich makes of the policy:\n", e.Inputs)
	}
	for _, line := range strings.SplitAfter(e.Diff, "\n") {
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), line == "":
			t.printf("%s", line)
		case line[0] == '+':
			t.printf("%s\n", t.paint(green, strings.TrimSuffix(line, "\n")))
		case line[0] == '-':
			t.printf("%s\n", t.paint(red, strings.TrimSuffix(line, "\n")))
		default:
			t.printf("%s", line)
		}
	}
}

// indented keeps the further lines of a fix under its first.
func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n         ") }

// plain is a text as it is where it is fit for a terminal, and else quoted.
func plain(s string) string {
	if q := show(s); q != `"`+s+`"` {
		return q
	}
	return s
}

func plainList(values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = plain(v)
	}
	return strings.Join(list, ", ")
}
