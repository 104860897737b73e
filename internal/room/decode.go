package room

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// section is one level of the spec: the file, or the inside of a block.
type section struct {
	name   string // "the spec", "state"
	keys   []key
	blocks []block
}

// key is one key of a section. Exactly one of text, list, flag and number is
// set, and it says the key's type.
type key struct {
	name     string
	required bool
	example  string // the value of a right line, as it is written in the file
	text     *string
	list     *[]string
	flag     *bool
	number   *int
	// check judges a text, a number in decimal, or each element of a list. Nil:
	// anything goes.
	check check
}

// check says what is wrong with a value: why is empty when nothing is.
type check func(value string) (rule, why, fix string)

// block is a kind of block.
type block struct {
	name     string
	label    string // what the label stands for; empty: no label
	required bool
	many     bool
	example  string
	// read makes the section for one block. labelAt is where the label is.
	read func(d *decoder, label string, labelAt hcl.Range) section
}

// decoder walks a spec and collects every fault in it.
type decoder struct {
	src  []byte
	list diag.List
	// at remembers where a value was written: by pointer to where it was put, an
	// element of a list by its element.
	at map[any]hcl.Range
}

func (d *decoder) report(rule, summary string, r hcl.Range, why, fix string) {
	d.list = append(d.list, &diag.Diagnostic{
		Rule: rule, Summary: summary, At: location(r), Found: d.line(r), Why: why, Fix: fix,
	})
}

func location(r hcl.Range) diag.Location {
	return diag.Location{File: r.Filename, Line: r.Start.Line, Column: r.Start.Column}
}

// line returns the line of the spec that r begins on. A spec holds no secrets.
func (d *decoder) line(r hcl.Range) string {
	lines := strings.Split(string(d.src), "\n")
	if r.Start.Line < 1 || r.Start.Line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[r.Start.Line-1])
}

// syntax turns the parser's findings into ours.
func (d *decoder) syntax(found hcl.Diagnostics) {
	for _, f := range found {
		r := hcl.Range{}
		if f.Subject != nil {
			r = *f.Subject
		}
		d.report("spec-syntax", lowerFirst(f.Summary), r, lowerFirst(strings.TrimSuffix(f.Detail, ".")),
			"for a spec to compare with, run: strongroom init other --account ID --region REGION --project GROUP/PROJECT")
	}
}

func (d *decoder) section(s section, body *hclsyntax.Body) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attr := body.Attributes[name]
		found := false
		for i := range s.keys {
			if s.keys[i].name == name {
				found, seen[name] = true, true
				d.value(&s.keys[i], attr)
			}
		}
		if !found {
			d.unknown(s, "key", name, attr.NameRange)
		}
	}
	for _, b := range body.Blocks {
		known := false
		for _, want := range s.blocks {
			if want.name == b.Type {
				known = true
				d.block(s, want, b, seen)
				seen[want.name] = true
			}
		}
		if !known {
			d.unknown(s, "block", b.Type, b.TypeRange)
		}
	}
	end := body.EndRange
	for _, k := range s.keys {
		if k.required && !seen[k.name] {
			d.report("spec-missing-key", fmt.Sprintf("%s has no %q", s.name, k.name), end, "nothing sensible can be assumed for it", "add "+k.name+" = "+k.example)
		}
	}
	for _, b := range s.blocks {
		if b.required && !seen[b.name] {
			d.report("spec-missing-block", fmt.Sprintf("%s has no %q block", s.name, b.name), end, "nothing sensible can be assumed for it", "add "+b.example)
		}
	}
}

func (d *decoder) block(s section, want block, b *hclsyntax.Block, seen map[string]bool) {
	if seen[want.name] && !want.many {
		d.report("spec-duplicate-block", fmt.Sprintf("%s has a second %q block", s.name, want.name), b.TypeRange, "only one of them could be meant", "merge the two blocks into one")
	}
	label, labelAt := "", b.TypeRange
	switch {
	case want.label == "" && len(b.Labels) > 0:
		d.report("spec-label", fmt.Sprintf("a %q block takes no label", want.name), b.LabelRanges[0], "the label would be ignored", "write "+want.name+" { ... }")
	case want.label != "" && len(b.Labels) != 1:
		d.report("spec-label", fmt.Sprintf("a %q block takes one label, %s", want.name, want.label), b.TypeRange, "without it the block says nothing", "write "+want.example)
		return
	case want.label != "":
		label, labelAt = b.Labels[0], b.LabelRanges[0]
	}
	d.section(want.read(d, label, labelAt), b.Body)
}

func (d *decoder) unknown(s section, what, name string, r hcl.Range) {
	var keys, blocks []string
	for _, k := range s.keys {
		keys = append(keys, k.name)
	}
	for _, b := range s.blocks {
		blocks = append(blocks, b.name)
	}
	names, other, otherNames := keys, "block", blocks
	if what == "block" {
		names, other, otherNames = blocks, "key", keys
	}
	fix := "remove it"
	if near := nearest(name, append(names, otherNames...)); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) > 0 {
		fix += fmt.Sprintf("; the %ss of %s are %s", what, s.name, strings.Join(names, ", "))
	}
	for _, n := range otherNames {
		if n == name {
			fix = fmt.Sprintf("%q is a %s: write it as one", name, other)
		}
	}
	d.report("spec-unknown-key", fmt.Sprintf("%s has no %s %q", s.name, what, name), r, "what is not read would silently change nothing", fix)
}

// value puts an attribute's value where its key wants it.
func (d *decoder) value(k *key, attr *hclsyntax.Attribute) {
	if !plain(attr.Expr) {
		d.report("spec-plain-values", fmt.Sprintf("%q is not a plain value", k.name), attr.Expr.Range(), "the spec is read before anything else, so there are no variables and no functions in it yet", "write the value itself, "+k.name+" = "+k.example)
		return
	}
	v, found := attr.Expr.Value(nil)
	if found.HasErrors() {
		d.syntax(found)
		return
	}
	switch {
	case v.IsNull():
		d.report("spec-null", fmt.Sprintf("%q is null", k.name), attr.Expr.Range(), "a key without a value may mean anything", "remove the line to get the default, or write "+k.name+" = "+k.example)
	case k.text != nil:
		if v.Type() != cty.String {
			d.wrongType(k, "a text in quotes", v, attr.Expr)
			return
		}
		*k.text = v.AsString()
		d.checked(k, *k.text, attr.Expr.Range())
	case k.flag != nil:
		if v.Type() != cty.Bool {
			d.wrongType(k, "true or false", v, attr.Expr)
			return
		}
		*k.flag, d.at[k.flag] = v.True(), attr.Expr.Range()
	case k.number != nil:
		d.whole(k, v, attr.Expr)
	case k.list != nil:
		d.elements(k, v, attr.Expr)
	}
}

// whole puts a whole number where its key wants it.
func (d *decoder) whole(k *key, v cty.Value, expr hclsyntax.Expression) {
	if v.Type() != cty.Number {
		d.wrongType(k, "a whole number", v, expr)
		return
	}
	n, exact := v.AsBigFloat().Int64()
	if exact != big.Exact || int64(int(n)) != n {
		d.report("spec-type", fmt.Sprintf("%q must be a whole number", k.name), expr.Range(), "the value would have to be rounded", "write "+k.name+" = "+k.example)
		return
	}
	*k.number = int(n)
	d.at[k.number] = expr.Range()
	if k.check == nil {
		return
	}
	if rule, why, fix := k.check(strconv.FormatInt(n, 10)); why != "" {
		d.report(rule, fmt.Sprintf("%q cannot be %d", k.name, n), expr.Range(), why, fix)
	}
}

// plain reports whether an expression is written as the value it has. Anything
// else is not evaluated at all: it could not refer to anything, and a few letters
// of arithmetic can keep a machine busy for hours.
func plain(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return !slices.ContainsFunc(e.Parts, func(part hclsyntax.Expression) bool {
			literal, ok := part.(*hclsyntax.LiteralValueExpr)
			return !ok || literal.Val.Type() != cty.String
		})
	case *hclsyntax.TupleConsExpr:
		return !slices.ContainsFunc(e.Exprs, func(element hclsyntax.Expression) bool { return !plain(element) })
	case *hclsyntax.ObjectConsExpr:
		return len(e.Items) == 0
	}
	return false
}

func (d *decoder) elements(k *key, v cty.Value, expr hclsyntax.Expression) {
	if !v.Type().IsTupleType() {
		d.wrongType(k, "a list of texts", v, expr)
		return
	}
	items := []string{}
	seen := map[string]bool{}
	tuple, _ := expr.(*hclsyntax.TupleConsExpr)
	for i, e := range v.AsValueSlice() {
		at := expr.Range()
		if tuple != nil && i < len(tuple.Exprs) {
			at = tuple.Exprs[i].Range()
		}
		if e.IsNull() || e.Type() != cty.String {
			d.report("spec-type", fmt.Sprintf("element %d of %q is not a text in quotes", i+1, k.name), at, "the value would have to be guessed", "write "+k.name+" = "+k.example)
			continue
		}
		text := e.AsString()
		if seen[text] {
			d.report("spec-duplicate", fmt.Sprintf("%q is twice in %q", text, k.name), at, "one of the two was probably meant to be another", "remove one")
			continue
		}
		seen[text] = true
		items = append(items, text)
		d.at[element{k.list, text}] = at
		d.checked(k, text, at)
	}
	*k.list = items
	d.at[k.list] = expr.Range()
}

func (d *decoder) checked(k *key, text string, at hcl.Range) {
	if k.text != nil {
		d.at[k.text] = at
	}
	if k.check == nil {
		return
	}
	if rule, why, fix := k.check(text); why != "" {
		d.report(rule, fmt.Sprintf("%q cannot be %q", k.name, text), at, why, fix)
	}
}

func (d *decoder) wrongType(k *key, want string, v cty.Value, expr hclsyntax.Expression) {
	fix := k.name + " = " + k.example
	why := "the value would have to be guessed"
	if k.text != nil && v.Type() == cty.Number {
		why = "a number loses its leading zeros, and 12 digits are a name, not an amount"
		if f := v.AsBigFloat(); f.MantExp(nil) < 64 && f.IsInt() {
			whole, _ := f.Int(new(big.Int))
			fix = fmt.Sprintf("%s = \"%s\"", k.name, whole)
		}
	}
	d.report("spec-type", fmt.Sprintf("%q must be %s, and is %s", k.name, want, typeName(v.Type())), expr.Range(), why, "write "+fix)
}

func typeName(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType():
		return "a list"
	case t.IsObjectType():
		return "an object"
	}
	return t.FriendlyName()
}

// nearest returns the name that word is probably a misspelling of; empty: none.
func nearest(word string, names []string) string {
	best, limit := "", 1+len(word)/5
	for _, name := range names {
		if n := levenshtein.Distance(strings.ToLower(word), name, nil); n <= limit {
			best, limit = name, n-1
		}
	}
	return best
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
