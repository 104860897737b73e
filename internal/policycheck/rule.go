package policycheck

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// Severity says what a finding means for the answer.
type Severity string

// Errors make the answer a no. Warnings do so on request. Info is only told.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Rule is one thing that can be wrong with a policy.
type Rule struct {
	// ID is short and stable, "unknown-action".
	ID string
	// Severity of its findings; a finding may be milder.
	Severity Severity
	// Summary is what the rule finds, in one line.
	Summary string
	// Why says what happens to those who ignore it.
	Why string
	// Fix is what to write instead, in general.
	Fix string
	// Page is AWS's page to read on.
	Page string
	// Kind of policy that the examples are.
	Kind policy.Kind
	// Wrong is a policy that breaks the rule, and no other; Right is its repair.
	Wrong, Right string

	check func(p *pass)
}

// Finding is one place where a policy breaks a rule.
type Finding struct {
	Rule     *Rule
	Severity Severity
	At       diag.Location
	// Policy is the address of a policy in HCL or in a plan; empty for a file
	// that is one policy.
	Policy string
	// Path to the element within the policy, "Statement[0].Action[1]".
	Path string
	// Message says what is wrong here, in one line.
	Message string
	// Found is the text that it is about. It may be empty.
	Found string
	// Fix is what to write here.
	Fix string
}

// Diagnostic is the finding in the form of all diagnostics.
func (f *Finding) Diagnostic() *diag.Diagnostic {
	summary := f.Message
	switch {
	case f.Policy != "" && f.At.Line == 0 && f.Path != "":
		summary = f.Policy + ": " + f.Path + ": " + summary
	case f.Policy != "":
		summary = f.Policy + ": " + summary
	}
	return &diag.Diagnostic{Rule: f.Rule.ID, Summary: summary, At: f.At, Found: f.Found, Why: f.Rule.Why, Fix: f.Fix, Ref: f.Rule.Page}
}

// pass is one rule's look at one document.
type pass struct {
	*document
	rule *Rule
	out  *[]*Finding
}

// report adds a finding at a node. What it found is the node's text; its fix is
// the rule's. Both may be changed in the result.
func (p *pass) report(n *node, format string, args ...any) *Finding {
	f := &Finding{
		Rule: p.rule, Severity: p.rule.Severity, At: n.at, Policy: p.address, Path: n.path,
		Message: fmt.Sprintf(format, args...), Fix: p.rule.Fix,
	}
	if n.kind != policy.ElementObject && n.kind != policy.ElementList {
		f.Found = shown(n.text)
	}
	*p.out = append(*p.out, f)
	return f
}

// fix replaces the rule's fix, unless the text is empty.
func (f *Finding) fix(format string, args ...any) *Finding {
	if format != "" {
		f.Fix = fmt.Sprintf(format, args...)
	}
	return f
}

// as makes the finding milder than its rule.
func (f *Finding) as(s Severity) *Finding {
	f.Severity = s
	return f
}
