package policycheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// longest bounds a policy: no service stores one that large, and the work of
// some rules grows with the square of it.
const longest = 256 << 10

// template finds what makes a JSON file a template of templatefile: interpolation
// of a name that is no condition key, and directives.
var template = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_.]*\}|%\{`)

// planFix is how to get at what a configuration leaves open.
const planFix = "check the plan: tofu show -json PLAN > plan.json && strongroom policy check plan.json"

// json checks a file that is a policy, a plan or a state. asked tells a file
// that was named from one that was met below a directory, which may be anything.
func (r *runner) json(name string, data []byte, asked bool) {
	if isPlan(data) {
		r.plan(name, data)
		return
	}
	if !asked && !(bytes.Contains(data, []byte(`"Statement"`)) && bytes.Contains(data, []byte(`"Effect"`))) {
		return
	}
	at := diag.Location{File: name}
	if !asked && template.Match(data) {
		r.report.Skipped = append(r.report.Skipped, Note{At: at, Message: "the file is a template, and what fills it is known at plan time only", Fix: planFix})
		return
	}
	if len(data) > longest {
		r.unreadable(at, "name a policy, or the JSON of a plan", "it is no plan, and has %d bytes; no AWS service stores a policy of more than %d", len(data), longest)
		return
	}
	doc, err := policy.ReadDocument(name, data)
	if err != nil {
		r.malformed(err, at, "")
		return
	}
	if doc.Get("Statement") == nil && doc.Get("Version") == nil {
		if asked {
			r.unreadable(at, "name a policy, or the JSON of a plan", "it is neither a policy nor a plan: it has no Statement")
		}
		return
	}
	d := newDocument(fromElement(doc, false, func(_, line, column int) diag.Location {
		return diag.Location{File: name, Line: line, Column: column}
	}))
	d.source = data
	if d.guess(); r.options.Kind != nil {
		d.kind, d.guessed = *r.options.Kind, false
	}
	r.check(d)
}

// malformed reports text that is no JSON.
func (r *runner) malformed(err error, at diag.Location, address string) {
	var s *policy.SyntaxError
	if !errors.As(err, &s) {
		r.unreadable(at, "", "%v", err)
		return
	}
	r.report.Policies++
	f := &Finding{Rule: syntaxRule, Severity: Error, At: at, Policy: address, Path: s.Path, Message: s.Msg, Fix: s.Fix}
	if f.At.Line == 0 && address == "" {
		f.At.Line, f.At.Column = s.Line, s.Column
	}
	if f.Fix == "" {
		f.Fix = "mend the JSON"
	}
	r.add([]*Finding{f})
}

// isPlan tells the JSON of `tofu show -json` by the members it has.
func isPlan(data []byte) bool {
	if !bytes.Contains(data, []byte(`"format_version"`)) {
		return false
	}
	var p struct {
		FormatVersion string          `json:"format_version"`
		PlannedValues json.RawMessage `json:"planned_values"`
		Values        json.RawMessage `json:"values"`
		Terraform     string          `json:"terraform_version"`
	}
	return json.Unmarshal(data, &p) == nil && p.FormatVersion != "" && (p.PlannedValues != nil || p.Values != nil || p.Terraform != "")
}
