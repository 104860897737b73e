package credentials

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Text prints the report for a person.
func (r *Report) Text(w io.Writer, style diag.Style) error {
	b := &strings.Builder{}
	who := "tofu and terraform"
	if r.Command.Name != "" {
		who = shown(r.Command.Name)
	}
	fmt.Fprintf(b, "here, for %s: %s\n", who, Outcome(r.Here))
	titles, states := 0, 0
	for _, l := range r.Here.Links {
		titles, states = max(titles, utf8.RuneCountInString(shown(l.Title))), max(states, len(l.State))
	}
	for _, l := range r.Here.Links {
		mark := " "
		if l.State == Used {
			mark = ">"
		}
		state := pad(string(l.State), states)
		if code := map[State]string{Used: "32;1", Wrong: "31;1"}[l.State]; code != "" {
			state = paint(style, code, state)
		}
		fmt.Fprintf(b, "%s %s  %s  %s\n", mark, pad(shown(l.Title), titles), state, shown(l.Detail))
		indent := strings.Repeat(" ", titles+states+6)
		for _, at := range l.Where {
			if at.File != "" {
				fmt.Fprintf(b, "%sin %s\n", indent, shown(at.String()))
			}
		}
		if l.State == Used && l.Asks != "" {
			fmt.Fprintf(b, "%sasks %s\n", indent, shown(l.Asks))
		}
	}
	b.WriteString("\nin CI\n")
	wide := 0
	for _, p := range r.CI {
		wide = max(wide, len(p.Name))
	}
	for _, p := range r.CI {
		fmt.Fprintf(b, "  %s  %s\n", pad(p.Name, wide), shown(Outcome(p.Chain)))
	}
	r.textStacks(b)
	for _, level := range []Level{Trap, Caution} {
		for _, f := range r.Findings {
			if f.Level == level {
				f.text(b, style)
			}
		}
	}
	for _, why := range r.Unknown {
		fmt.Fprintf(b, "\n%s %s\n", paint(style, "33;1", "cannot tell:"), shown(why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// textStacks prints what each block uses, and which of its arguments have a say.
func (r *Report) textStacks(b *strings.Builder) {
	for _, s := range r.Stacks {
		name := s.Block.Name
		if s.Block.Alias != "" {
			name += " (alias " + shown(s.Block.Alias) + ")"
		}
		fmt.Fprintf(b, "\n%s: %s\n", shown(s.Block.At.String()), name)
		for _, a := range s.Block.Arguments {
			line := fmt.Sprintf("line %d: %s", a.At.Line, a.Name)
			if a.Value != "" {
				line += " = " + shown(a.Value)
			}
			b.WriteString("  " + line + "\n")
		}
		if len(s.Places) == 0 {
			b.WriteString("  not known: the profile is an expression\n")
		}
		wide := 0
		for _, p := range s.Places {
			wide = max(wide, len(p.Name))
		}
		for _, p := range s.Places {
			fmt.Fprintf(b, "  %s  %s\n", pad(p.Name, wide), shown(Outcome(p.Chain)+s.then()))
		}
	}
}

// then is the role that a block assumes with whatever it uses.
func (s *Stack) then() string {
	a := s.Block.Argument("assume_role")
	if a == nil {
		return ""
	}
	return ", then the role " + cmp.Or(a.Value, "of assume_role")
}

func (f Finding) text(b *strings.Builder, style diag.Style) {
	at := ""
	if f.At.File != "" {
		at = shown(f.At.String()) + ": "
	}
	colour := map[Level]string{Trap: "31;1", Caution: "33;1"}[f.Level]
	fmt.Fprintf(b, "\n%s %s%s [%s]\n", paint(style, colour, string(f.Level)+":"), at, shown(f.Summary), f.Rule)
	for _, line := range [][2]string{{"found", f.Found}, {"why", f.Why}, {"fix", f.Fix}} {
		if line[1] != "" {
			fmt.Fprintf(b, "  %s: %s\n", line[0], strings.ReplaceAll(shown(line[1]), "\n", "\n    "))
		}
	}
}

// shown keeps what is found in files and variables from acting on the terminal.
func shown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

func paint(style diag.Style, code, s string) string {
	if !style.Colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

// Answer is a Report as JSON has it. Fields are only ever added.
type Answer struct {
	FormatVersion int `json:"format_version"`
	// Verdict is clear, trap or unknown.
	Verdict string `json:"verdict"`
	// Command is the program's name, empty for none; Tool whose chain is followed.
	Command  string        `json:"command"`
	Tool     Tool          `json:"tool"`
	Here     AnswerChain   `json:"here"`
	CI       []AnswerPlace `json:"ci"`
	Stacks   []AnswerStack `json:"stacks"`
	Findings []AnswerFound `json:"findings"`
	Unknown  []string      `json:"unknown"`
}

// AnswerChain is a chain. Used is the link's name, empty for none; Outcome a few
// words on it.
type AnswerChain struct {
	Used    string       `json:"used"`
	Outcome string       `json:"outcome"`
	Links   []AnswerLink `json:"links"`
}

// AnswerLink is a link with the places of files where it is configured.
type AnswerLink struct {
	Link
	Where []string `json:"where"`
}

// AnswerPlace is a chain in a place: here, GitLab CI, GitHub Actions.
type AnswerPlace struct {
	Place string `json:"place"`
	AnswerChain
}

// AnswerStack is a provider or backend block.
type AnswerStack struct {
	Block     string           `json:"block"`
	Alias     string           `json:"alias"`
	File      string           `json:"file"`
	Line      int              `json:"line"`
	Arguments []AnswerArgument `json:"arguments"`
	Places    []AnswerPlace    `json:"places"`
}

// AnswerArgument is an argument; Value is empty for secrets and expressions.
type AnswerArgument struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Line  int    `json:"line"`
}

// AnswerFound is a finding.
type AnswerFound struct {
	Level Level `json:"level"`
	diag.Record
}

// Answer returns the report for encoding/json.
func (r *Report) Answer() *Answer {
	a := &Answer{FormatVersion: 1, Verdict: map[int]string{diag.Yes: "clear", diag.No: "trap", diag.Undecided: "unknown"}[r.Exit()],
		Command: r.Command.Name, Tool: r.Here.Tool, Here: answerChain(r.Here), CI: answerPlaces(r.CI),
		Stacks: []AnswerStack{}, Findings: []AnswerFound{}, Unknown: append([]string{}, r.Unknown...)}
	for _, s := range r.Stacks {
		stack := AnswerStack{s.Block.Name, s.Block.Alias, s.Block.At.File, s.Block.At.Line, []AnswerArgument{}, answerPlaces(s.Places)}
		for _, arg := range s.Block.Arguments {
			stack.Arguments = append(stack.Arguments, AnswerArgument{arg.Name, arg.Value, arg.At.Line})
		}
		a.Stacks = append(a.Stacks, stack)
	}
	for _, f := range r.Findings {
		for _, rec := range diag.Records(f.Diagnostic) {
			a.Findings = append(a.Findings, AnswerFound{f.Level, rec})
		}
	}
	return a
}

func answerPlaces(places []Place) []AnswerPlace {
	list := []AnswerPlace{}
	for _, p := range places {
		list = append(list, AnswerPlace{p.Name, answerChain(p.Chain)})
	}
	return list
}

func answerChain(c *Chain) AnswerChain {
	a := AnswerChain{Outcome: Outcome(c), Links: []AnswerLink{}}
	if used := c.Used(); used != nil {
		a.Used = used.Name
	}
	for _, l := range c.Links {
		link := AnswerLink{l, []string{}}
		for _, at := range l.Where {
			if at.File != "" {
				link.Where = append(link.Where, at.String())
			}
		}
		a.Links = append(a.Links, link)
	}
	return a
}
