package diag

import (
	"errors"
	"strconv"
	"strings"
)

// Diagnostic is one finding. Only Summary is required. The texts are lower
// case, without a full stop at the end of Summary, and hold no secrets: no
// keys, no tokens, no state contents. A Diagnostic is not changed once made,
// so it may be shared between goroutines.
type Diagnostic struct {
	// Rule is the short, stable name of the rule that was broken, "spec-unknown-key".
	// Empty: the finding belongs to no rule (an I/O error, say).
	Rule string
	// Summary says in one line what is wrong.
	Summary string
	// At is where it was found; the zero value: nowhere in particular.
	At Location
	// Found is the offending value as it was written. Empty: not shown.
	Found string
	// Why says what goes wrong if the rule is ignored. Empty: not shown.
	Why string
	// Fix is the repair, as a command or an edit. It may have several lines.
	// Empty: there is no repair that can be named.
	Fix string
	// Ref is the documentation page or file to read on. Empty: none.
	Ref string
	// Err is the cause. It is not shown (say what matters in Summary); it is
	// there for errors.Is and errors.As. May be nil.
	Err error
}

// Location is a place in a file. Line and Column count from 1; 0 means unknown.
type Location struct {
	File         string
	Line, Column int
}

// String returns "file:line:column", without the parts that are not known.
func (l Location) String() string {
	s := l.File
	if l.Line > 0 {
		s += ":" + strconv.Itoa(l.Line)
		if l.Column > 0 {
			s += ":" + strconv.Itoa(l.Column)
		}
	}
	return s
}

// Error returns the place and the summary in one line.
func (d *Diagnostic) Error() string {
	if at := d.At.String(); at != "" {
		return at + ": " + d.Summary
	}
	return d.Summary
}

// Unwrap returns the cause.
func (d *Diagnostic) Unwrap() error { return d.Err }

// List is several diagnostics as one error, in the order they were found. An
// empty List is not an error: use its Err method to return it.
type List []*Diagnostic

// Error returns one line for each diagnostic.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the diagnostics as errors.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, d := range l {
		errs[i] = d
	}
	return errs
}

// Err returns the list as an error, or nil if it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// All returns the diagnostics inside err, in order: those of a List, of joined
// errors and of wrapped ones. An error that holds no Diagnostic becomes one with
// its text as Summary. All(nil) is nil.
//
// Text that a wrapper adds around a diagnostic ("read room: %w") is dropped:
// the diagnostic already says where.
func All(err error) []*Diagnostic {
	if err == nil {
		return nil
	}
	var one *Diagnostic
	if !errors.As(err, &one) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			return each(joined.Unwrap())
		}
		return []*Diagnostic{{Summary: err.Error(), Err: err}}
	}
	if d, ok := err.(*Diagnostic); ok {
		return []*Diagnostic{d}
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return All(u.Unwrap())
	case interface{ Unwrap() []error }:
		return each(u.Unwrap())
	}
	return []*Diagnostic{one}
}

func each(errs []error) []*Diagnostic {
	var all []*Diagnostic
	for _, err := range errs {
		all = append(all, All(err)...)
	}
	return all
}
