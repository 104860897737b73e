package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Human prints the answer for a person: the decision, the path to it, and what
// to do.
func Human(w io.Writer, a *Answer) error {
	v := &view{}
	v.line("%s.", a.Sentence)
	v.reference(a)
	v.path(a)
	v.deciding(a)
	v.nearest(a)
	v.unknown(a)
	v.list("To change it", fixes(a))
	v.list("Worth knowing", a.Hints)
	v.list("Notes", a.Notes)
	v.gaps(a)
	v.also(a)
	_, err := io.WriteString(w, strings.Map(printable, v.b.String()))
	return err
}

// printable keeps text of events, messages and policies from acting on a terminal.
func printable(r rune) rune {
	if r != '\n' && !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

type view struct{ b strings.Builder }

func (v *view) line(format string, args ...any) { fmt.Fprintf(&v.b, format+"\n", args...) }

func (v *view) reference(a *Answer) {
	if a.Request.From != "" {
		v.line("  read from: %s", a.Request.From)
	}
	if a.Outcome != nil && a.Outcome.Text != "" {
		v.line("  AWS said: %s", a.Outcome.Text)
	}
}

// path is the table of steps, in the order of the evaluation.
func (v *view) path(a *Answer) {
	if len(a.Steps) == 0 {
		return
	}
	v.line("\nThe way through the policies:")
	width := 0
	for _, s := range a.Steps {
		width = max(width, len(stepName(s)))
	}
	for _, s := range a.Steps {
		mark := " "
		if s.Decides {
			mark = ">"
		}
		row := fmt.Sprintf("%s %-*s  %-11s", mark, width, stepName(s), stateWord(s))
		var names []string
		for _, st := range s.Statements {
			names = append(names, place(st)+" "+st.Effect.String()+" "+called(st)+maybe(st))
		}
		row += " " + strings.Join(names, ", ")
		if s.Note != "" {
			row += "  (" + s.Note + ")"
		}
		v.line("%s", strings.TrimRight(row, " "))
	}
}

func maybe(s Statement) string {
	if s.Applies == "unknown" {
		return "?"
	}
	return ""
}

func stateWord(s Step) string {
	switch s.State {
	case StateSilent:
		return "no allow"
	case StateNone:
		return "none given"
	}
	return string(s.State)
}

func stepName(s Step) string {
	name := s.Type.String()
	if s.Level > 0 {
		name += ", level " + strconv.Itoa(s.Level)
	}
	return name
}

func (v *view) deciding(a *Answer) {
	if len(a.Deciding) == 0 {
		return
	}
	head := "What decides:"
	if a.Decision == CannotTell {
		head = "What it turns on:"
	} else if a.Basis == "record" {
		head = "What can be why:"
	}
	v.line("\n%s", head)
	for _, s := range a.Deciding {
		v.statement(s, s.Effect.String())
	}
}

func (v *view) nearest(a *Answer) {
	if len(a.Nearest) == 0 {
		return
	}
	v.line("\nNearest to allowing it:")
	for _, s := range a.Nearest {
		v.statement(s, lacks(s, a))
	}
}

// lacks says which elements of a statement do not match.
func lacks(s Statement, a *Answer) string {
	var parts []string
	for _, l := range s.Lacks {
		value := map[string]string{"principal": a.Request.Principal, "action": a.Action, "resource": a.Resource}[l]
		if value == "" {
			value = "an anonymous caller"
		}
		parts = append(parts, "its "+l+" is not "+value)
	}
	unmet := 0
	for _, c := range s.Conditions {
		if !c.Met && len(c.Unknown) == 0 {
			unmet++
		}
	}
	if unmet > 0 {
		parts = append(parts, strconv.Itoa(unmet)+plural(unmet > 1, " conditions are not met", " condition is not met"))
	}
	return join(parts, "and")
}

// statement is one statement with its conditions as wanted, carried, met.
func (v *view) statement(s Statement, what string) {
	if what != "" {
		what = ": " + what
	}
	v.line("  %s statement %s%s", place(s), called(s), what)
	for _, c := range s.Conditions {
		met := "not met"
		if c.Met {
			met = "met"
		}
		carried := "does not carry it"
		if c.Carried != nil {
			carried = "carries " + quoted(c.Carried)
		}
		if c.Note != "" {
			carried += " (" + c.Note + ")"
		}
		if len(c.Unknown) > 0 {
			met, carried = "not known", "is not known to carry it or not"
			if !strings.EqualFold(c.Unknown[0], c.Key) {
				carried = "is not known for " + join(c.Unknown, "and")
			}
		}
		v.line("    %s %s: wants %s, the request %s: %s", c.Operator, c.Key, quoted(c.Wanted), carried, met)
	}
}

func (v *view) unknown(a *Answer) {
	if a.Decision != CannotTell || len(a.Unknown) == 0 && len(a.Unread) == 0 {
		return
	}
	v.line("\nWhat would settle it:")
	for _, u := range a.Unknown {
		why := ""
		if u.Why != "" {
			why = " (" + u.Why + ")"
		}
		v.line("  --context %s=VALUE%s", u.Key, why)
		for _, m := range u.Means {
			v.line("    %-11s if it is %s", m.Decision, join(m.Values, "or"))
		}
		if u.Hint != "" {
			v.line("    %s", u.Hint)
		}
	}
	if len(a.Together) > 0 {
		v.line("  allowed if %s", join(a.Together, "and"))
	}
	for _, u := range a.Unread {
		v.line("  the %s: %s", plainType(u.Type), u.Why)
	}
}

func (v *view) list(head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	v.line("\n%s:", head)
	for _, l := range lines {
		v.line("  %s", strings.ReplaceAll(l, "\n", "\n    "))
	}
}

func fixes(a *Answer) (lines []string) {
	for _, f := range a.Fixes {
		text := f.What
		if f.Where != "" {
			text = f.Where + ": " + text
		}
		if f.Text != "" {
			text += "\n" + f.Text
		}
		lines = append(lines, text)
	}
	return lines
}

// gaps are shown where they can matter: an answer that is certain needs none.
func (v *view) gaps(a *Answer) {
	if a.Decision != CannotTell || len(a.Gaps) == 0 {
		return
	}
	v.line("\nNot to be known from %s:", a.Request.From)
	for _, g := range a.Gaps {
		v.line("  %s: %s", g.Key, g.Why)
	}
}

func (v *view) also(a *Answer) {
	if len(a.Also) == 0 {
		return
	}
	v.line("\nThe same request also asks for:")
	for _, p := range a.Also {
		v.line("  %-11s %s on %s", p.Decision, p.Action, p.Resource)
	}
}
