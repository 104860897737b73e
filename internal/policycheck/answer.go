package policycheck

import (
	"fmt"
	"io"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Answer is a report as JSON has it. Fields are only ever added.
type Answer struct {
	FormatVersion int             `json:"format_version"`
	Policies      int             `json:"policies"`
	Errors        int             `json:"errors"`
	Warnings      int             `json:"warnings"`
	Infos         int             `json:"infos"`
	Findings      []FindingRecord `json:"findings"`
	Skipped       []NoteRecord    `json:"skipped"`
	Unreadable    []NoteRecord    `json:"unreadable"`
}

// FindingRecord is a Finding as JSON has it.
type FindingRecord struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Policy   string   `json:"policy,omitempty"`
	Path     string   `json:"path"`
	Message  string   `json:"message"`
	Found    string   `json:"found,omitempty"`
	Why      string   `json:"why"`
	Fix      string   `json:"fix"`
	Ref      string   `json:"ref"`
}

// NoteRecord is a Note as JSON has it.
type NoteRecord struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Policy  string `json:"policy,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Answer returns the report as JSON has it. No list is nil.
func (r *Report) Answer() *Answer {
	a := &Answer{
		FormatVersion: 1, Policies: r.Policies, Errors: r.Count(Error), Warnings: r.Count(Warning), Infos: r.Count(Info),
		Findings: []FindingRecord{}, Skipped: records(r.Skipped), Unreadable: records(r.Unreadable),
	}
	for _, f := range r.Findings {
		a.Findings = append(a.Findings, FindingRecord{
			Rule: f.Rule.ID, Severity: f.Severity, File: f.At.File, Line: f.At.Line, Column: f.At.Column, Policy: f.Policy, Path: f.Path,
			Message: f.Message, Found: f.Found, Why: f.Rule.Why, Fix: f.Fix, Ref: f.Rule.Page,
		})
	}
	return a
}

func records(notes []Note) []NoteRecord {
	list := []NoteRecord{}
	for _, n := range notes {
		list = append(list, NoteRecord{n.At.File, n.At.Line, n.At.Column, n.Policy, n.Message, n.Fix})
	}
	return list
}

// Human prints the report for a person: each finding with its place, then what
// was not checked, then the count.
func (r *Report) Human(w io.Writer, style diag.Style) error {
	var b strings.Builder
	for _, f := range r.Findings {
		one(&b, f.Diagnostic(), string(f.Severity), style)
	}
	for _, n := range r.Unreadable {
		one(&b, n.diagnostic(), "not read", style)
	}
	for _, n := range r.Skipped {
		one(&b, n.diagnostic(), "skipped", style)
	}
	fmt.Fprintf(&b, "%s checked: %s, %s", count(r.Policies, "policy", "policies"), count(r.Count(Error), "error", "errors"), count(r.Count(Warning), "warning", "warnings"))
	if n := r.Count(Info); n > 0 {
		fmt.Fprintf(&b, ", %d for information", n)
	}
	if n := len(r.Skipped); n > 0 {
		fmt.Fprintf(&b, "; %d known at plan time only", n)
	}
	if n := len(r.Unreadable); n > 0 {
		fmt.Fprintf(&b, "; %d not read", n)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (n *Note) diagnostic() *diag.Diagnostic {
	summary := n.Message
	if n.Policy != "" {
		summary = n.Policy + ": " + summary
	}
	return &diag.Diagnostic{Summary: summary, At: n.At, Fix: n.Fix}
}

// one prints a diagnostic in the form of all of them, under its own word.
func one(b *strings.Builder, d *diag.Diagnostic, word string, style diag.Style) {
	var text strings.Builder
	_ = diag.Human(&text, d, diag.Style{}) // a Builder takes everything
	first, rest, _ := strings.Cut(strings.TrimPrefix(text.String(), "strongroom: error: "), "\n")
	if style.Colour {
		colour := map[string]string{string(Error): "31;1", string(Warning): "33;1"}[word]
		if colour != "" {
			word = "\x1b[" + colour + "m" + word + "\x1b[0m"
		}
	}
	fmt.Fprintf(b, "%s: %s\n%s\n", word, first, rest)
}

// Explain prints a rule for a person: what it finds, why, what to do, and an
// example of wrong and right.
func (r *Rule) Explain(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n\nwhy: %s\nfix: %s\nsee: %s\n", r.ID, r.Severity, r.Summary, r.Why, r.Fix, r.Page)
	// A policy that is wrong by its size is no example to read.
	const most = 1500
	if len(r.Wrong) <= most {
		fmt.Fprintf(&b, "\nwrong (%s):\n%s\nright:\n%s", strings.TrimPrefix(strings.TrimPrefix(r.Kind.String(), "an "), "a "), pretty(r.Wrong), pretty(r.Right))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ListRules prints every rule in a line of its own.
func ListRules(w io.Writer) error {
	var b strings.Builder
	for _, r := range Rules() {
		fmt.Fprintf(&b, "%-26s %-8s %s\n", r.ID, r.Severity, r.Summary)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
