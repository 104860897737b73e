package grants

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Human prints what was found about an environment for a person: what to paste, and
// what of it is there.
func Human(out io.Writer, e *Environment) error {
	var b strings.Builder
	context := "the object's ARN"
	if e.BucketKey {
		context = "the bucket's ARN"
	}
	fmt.Fprintf(&b, "environment %s\n", e.Name)
	if e.KeyARN != "" {
		fmt.Fprintf(&b, "  key     %s\n  bucket  %s, S3 Bucket Key %s: the encryption context is %s\n", e.KeyARN, e.Bucket, map[bool]string{true: "on", false: "off"}[e.BucketKey], context)
	}
	for _, o := range e.Objects {
		how := o.Algorithm
		if o.KeyARN != "" {
			how += " under " + o.KeyARN
		}
		if o.BucketKey {
			how += ", with a Bucket Key"
		}
		fmt.Fprintf(&b, "  object  %s: %s\n", o.Key, how)
	}
	for _, p := range e.Principals {
		if p.SameAccount {
			fmt.Fprintf(&b, "\n%s is of the state account: the two policies below are enough.\n", p.ARN)
			continue
		}
		paste(&b, "Add to a policy of "+p.ARN+", in its own account:", p.Policy)
	}
	paste(&b, "Add to the key policy of "+e.KeyARN+":", e.KeyPolicy)
	paste(&b, "Add to the bucket policy of "+e.Bucket+":", e.BucketPolicy)
	for _, p := range e.Principals {
		fmt.Fprintf(&b, "\nWhat is there now for %s:\n\n", p.ARN)
		checks(&b, e, p.Checks)
	}
	findings(&b, e)
	_, err := io.WriteString(out, diag.Visible(b.String()))
	return err
}

func paste(b *strings.Builder, what string, list []Statement) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n\n", what)
	for i := range list {
		comma := ","
		if i == len(list)-1 {
			comma = ""
		}
		fmt.Fprintf(b, "  %s%s\n", strings.ReplaceAll(list[i].Text(), "\n", "\n  "), comma)
	}
}

// checks is the table of what engines ask for, each question once.
func checks(b *strings.Builder, e *Environment, list []Check) {
	rows := [][4]string{{"STATE SIDE", "OWN SIDE", "ACTION", "ON"}}
	for _, c := range list {
		on := strings.Replace(c.Resource, e.KeyARN, "the key", 1)
		if c.Context != "" {
			on += " for " + c.Context
		}
		if row := [4]string{c.State, c.Principal, c.Action, on}; !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	width := [3]int{}
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], len(r[i]))
		}
	}
	for _, r := range rows {
		fmt.Fprintf(b, "  %-*s  %-*s  %-*s  %s\n", width[0], r[0], width[1], r[1], width[2], r[2], r[3])
	}
}

var headings = []struct {
	level Level
	text  string
}{{Missing, "MISSING"}, {Wide, "TOO WIDE"}, {Unknown, "UNKNOWN"}, {Note, "note"}}

// findings are what is to be done, the worst first, and the sum of it.
func findings(b *strings.Builder, e *Environment) {
	count := map[Level]int{}
	for _, h := range headings {
		for _, f := range e.Findings {
			if f.Level != h.level {
				continue
			}
			count[f.Level]++
			fmt.Fprintf(b, "\n%s: %s [%s]\n", h.text, f.Summary, f.Rule)
			if f.Level != Note {
				if len(f.Actions) > mostListed {
					fmt.Fprintf(b, "  actions: %s\n", strings.Join(f.Actions, ", "))
				}
				if len(e.Principals) > 1 && f.Principal != "" {
					fmt.Fprintf(b, "  for:     %s\n", f.Principal)
				}
				if len(f.Resources) > 0 {
					on := strings.Join(few(f.Resources), "\n           ")
					if e.KeyARN != "" {
						on = strings.ReplaceAll(on, e.KeyARN, "the key")
					}
					fmt.Fprintf(b, "  on:      %s\n", on)
				}
			}
			if f.Why != "" {
				fmt.Fprintf(b, "  why:     %s\n", f.Why)
			}
			if f.Fix != "" {
				fmt.Fprintf(b, "  fix:     %s\n", f.Fix)
			}
			if f.Statement != nil && !printedAbove(e, f.Statement) {
				fmt.Fprintf(b, "           %s\n", strings.ReplaceAll(f.Statement.Text(), "\n", "\n           "))
			}
		}
	}
	switch e.Verdict() {
	case 2:
		fmt.Fprintf(b, "\n%s: no, %d missing, %d too wide, %d unknown\n", e.Name, count[Missing], count[Wide], count[Unknown])
	case 1:
		fmt.Fprintf(b, "\n%s: cannot tell, %d unknown\n", e.Name, count[Unknown])
	default:
		fmt.Fprintf(b, "\n%s: yes, everything is there and nothing too wide\n", e.Name)
	}
}

// few keeps a long list short.
func few(list []string) []string {
	const most = 8
	if len(list) <= most {
		return list
	}
	return append(slices.Clone(list[:most]), fmt.Sprintf("and %d more", len(list)-most))
}

// printedAbove tells whether a statement is among those to paste.
func printedAbove(e *Environment, s *Statement) bool {
	lists := [][]Statement{e.KeyPolicy, e.BucketPolicy}
	for _, p := range e.Principals {
		lists = append(lists, p.Policy)
	}
	for _, list := range lists {
		for i := range list {
			if list[i].Text() == s.Text() {
				return true
			}
		}
	}
	return false
}
