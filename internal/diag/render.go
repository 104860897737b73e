package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style says how Human prints. The zero value prints plain text.
type Style struct {
	// Colour adds ANSI colours to the words that already carry the meaning.
	// Set it only for a terminal.
	Colour bool
}

// Human prints every diagnostic inside err for a person, in the order they
// were found, and nothing for a nil err:
//
//	strongroom: error: strongroom.hcl:4:3: unknown key "regoin" [spec-unknown-key]
//	  found: regoin = "eu-west-2"
//	  why: a key that is not read would silently change nothing
//	hint: did you mean "region"?
//	see: docs/spec.md
func Human(w io.Writer, err error, style Style) error {
	var b strings.Builder
	for _, d := range All(err) {
		d.human(&b, style)
	}
	_, werr := io.WriteString(w, b.String())
	return werr
}

// Visible returns text with what a terminal would act on, and what is no
// UTF-8, written as escapes: what is found in a file must not be able to
// rewrite the screen that reports it.
func Visible(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n', r == '\t', unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		i += n
	}
	return b.String()
}

func (d *Diagnostic) human(b *strings.Builder, style Style) {
	b.WriteString("strongroom: " + style.paint("31;1", "error:") + " " + indent(d.Error(), "  "))
	if d.Rule != "" {
		b.WriteString(" [" + d.Rule + "]")
	}
	b.WriteByte('\n')
	line := func(lead, label, colour, text string) {
		if text == "" {
			return
		}
		b.WriteString(lead + style.paint(colour, label) + " " + indent(text, "  "+lead) + "\n")
	}
	line("  ", "found:", "", d.Found)
	line("  ", "why:", "", d.Why)
	line("", "hint:", "36;1", d.Fix)
	line("", "see:", "", d.Ref)
}

// indent keeps the further lines of a text under its first.
func indent(text, with string) string {
	return strings.ReplaceAll(strings.TrimRight(Visible(text), "\n"), "\n", "\n"+with)
}

func (s Style) paint(code, text string) string {
	if !s.Colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Record is a diagnostic as JSON has it. Fields are only ever added.
type Record struct {
	Rule    string `json:"rule,omitempty"`
	Summary string `json:"summary"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Found   string `json:"found,omitempty"`
	Why     string `json:"why,omitempty"`
	Fix     string `json:"fix,omitempty"`
	Ref     string `json:"ref,omitempty"`
}

// Records returns the diagnostics inside err for a command's own JSON answer.
// The result is never nil.
func Records(err error) []Record {
	all := All(err)
	records := make([]Record, 0, len(all))
	for _, d := range all {
		records = append(records, Record{
			Rule: d.Rule, Summary: d.Summary,
			File: d.At.File, Line: d.At.Line, Column: d.At.Column,
			Found: d.Found, Why: d.Why, Fix: d.Fix, Ref: d.Ref,
		})
	}
	return records
}

// JSON prints every diagnostic inside err as one object with format_version
// and the list diagnostics, which is empty for a nil err.
func JSON(w io.Writer, err error) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		FormatVersion int      `json:"format_version"`
		Diagnostics   []Record `json:"diagnostics"`
	}{1, Records(err)})
}
