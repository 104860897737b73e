package policycheck

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// Options of Run. The zero value guesses every kind and has no stdin.
type Options struct {
	// Kind of the JSON documents that are named. Nil: guessed from what they say.
	// Policies in HCL and in plans have the kind of the place they are in.
	Kind *policy.Kind
	// Stdin is read for the name "-". Nil: there is none.
	Stdin io.Reader
}

// Report is what a check found.
type Report struct {
	// Policies counts the policies that were looked at.
	Policies int
	// Findings in the order of the names, then by place.
	Findings []*Finding
	// Skipped are policies that are known at plan time only, whole.
	Skipped []Note
	// Unreadable is what was asked for and could not be read.
	Unreadable []Note
}

// Note is a remark on something that was not checked.
type Note struct {
	At diag.Location
	// Policy is its address in HCL or in a plan; empty: the file.
	Policy string
	// Message says why it was not checked, in one line.
	Message string
	// Fix is how to get it checked. It may be empty.
	Fix string
}

// Count is the number of findings of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// largest bounds what is read of one file: a plan may be that large.
const largest = 64 << 20

// Run checks the policies in files and, below directories, in *.tf and in the
// *.json that are policies or plans. What cannot be read is in the report.
func Run(names []string, o Options) *Report {
	r := &runner{options: o, report: &Report{}, modules: map[string]*module{}, read: map[string]bool{}}
	for _, name := range names {
		r.name(name)
	}
	return r.report
}

type runner struct {
	options Options
	report  *Report
	modules map[string]*module // by directory
	read    map[string]bool    // files that were checked, so that none is twice
}

func (r *runner) unreadable(at diag.Location, fix, format string, args ...any) {
	r.report.Unreadable = append(r.report.Unreadable, Note{At: at, Message: fmt.Sprintf(format, args...), Fix: fix})
}

func (r *runner) name(name string) {
	if name == "-" {
		if r.options.Stdin == nil {
			r.unreadable(diag.Location{File: "stdin"}, "", "there is no standard input")
			return
		}
		data, err := readAll(r.options.Stdin)
		if err != nil {
			r.unreadable(diag.Location{File: "stdin"}, "", "%v", err)
			return
		}
		if t := bytes.TrimSpace(data); len(t) > 0 && t[0] != '{' && t[0] != '[' {
			r.hclText("stdin", data)
			return
		}
		r.json("stdin", data, true)
		return
	}
	info, err := os.Stat(name)
	if err != nil {
		r.unreadable(diag.Location{File: name}, "name a file or directory that is there", "%v", reason(err))
		return
	}
	if !info.IsDir() {
		r.file(name, true)
		return
	}
	before := r.report.Policies + len(r.report.Skipped) + len(r.report.Unreadable)
	err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			r.unreadable(diag.Location{File: path}, "", "%v", reason(err))
			return nil
		case d.IsDir() && path != name && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir // .terraform holds the modules of others
		case !d.Type().IsRegular():
			return nil
		}
		if ext := filepath.Ext(path); ext == ".tf" || ext == ".json" {
			r.file(path, false)
		}
		return nil
	})
	if err != nil {
		r.unreadable(diag.Location{File: name}, "", "%v", reason(err))
	}
	if before == r.report.Policies+len(r.report.Skipped)+len(r.report.Unreadable) {
		r.unreadable(diag.Location{File: name}, "name a directory with *.tf or *.json that hold policies", "there is no policy in this directory")
	}
}

// reason is an error without the path, which stands before it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (r *runner) file(name string, asked bool) {
	clean := filepath.Clean(name)
	if r.read[clean] {
		return
	}
	r.read[clean] = true
	f, err := os.Open(name)
	if err != nil {
		r.unreadable(diag.Location{File: name}, "", "%v", reason(err))
		return
	}
	defer f.Close()
	data, err := readAll(f)
	switch {
	case err != nil:
		r.unreadable(diag.Location{File: name}, "", "%v", reason(err))
	case strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".hcl"):
		r.hclFile(name)
	case strings.HasSuffix(name, ".tf.json"):
		r.unreadable(diag.Location{File: name}, "check the plan's JSON instead: tofu show -json PLAN", "the JSON form of configurations is not read")
	default:
		r.json(name, data, asked)
	}
}

func readAll(f io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(data) > largest {
		return nil, fmt.Errorf("it is larger than %d MiB", largest>>20)
	}
	return data, err
}

// check runs the rules over one policy.
func (r *runner) check(d *document) {
	r.report.Policies++
	var found []*Finding
	for _, rule := range Rules() {
		if rule.check != nil && rule != syntaxRule {
			rule.check(&pass{document: d, rule: rule, out: &found})
		}
	}
	syntaxRule.check(&pass{document: d, rule: syntaxRule, out: &found})
	r.add(found)
}

// add sorts the findings of one policy by place and leaves out what was said
// before: a document that two resources use is checked twice.
func (r *runner) add(found []*Finding) {
	slices.SortStableFunc(found, func(a, b *Finding) int {
		if a.At.Line != b.At.Line {
			return a.At.Line - b.At.Line
		}
		return a.At.Column - b.At.Column
	})
	for _, f := range found {
		if !slices.ContainsFunc(r.report.Findings[max(0, len(r.report.Findings)-1000):], func(o *Finding) bool {
			return o.Rule == f.Rule && o.At == f.At && o.Message == f.Message && o.Path == f.Path && o.Policy == f.Policy
		}) {
			r.report.Findings = append(r.report.Findings, f)
		}
	}
}
