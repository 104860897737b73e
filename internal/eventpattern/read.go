package eventpattern

import (
	"encoding/json"
	"fmt"
	"slices"
)

// reader compiles the text of a pattern.
type reader struct {
	text string
	*tokens
}

const or = "$or"

// reserved are the names that a field inside $or cannot have.
var reserved = []string{"exactly", "prefix", "suffix", "equals-ignore-case", "anything-but", "wildcard", "numeric", "exists", "cidr"}

func (r *reader) pattern(out *[]branch) error {
	tok, err := r.next()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return r.fail("Filter is not an object")
	}
	if err := r.object(out, "", false); err != nil {
		return err
	}
	return r.rest()
}

// object reads the fields of an object into every branch so far.
func (r *reader) object(out *[]branch, path string, inOr bool) error {
	for empty := true; ; empty = false {
		tok, err := r.next()
		if err != nil {
			return err
		}
		if tok == json.Delim('}') {
			if empty {
				return r.fail("Empty objects are not allowed")
			}
			return nil
		}
		name := tok.(string) // encoding/json gives nothing else here
		if name == or {
			if err := r.or(out, path); err != nil {
				return err
			}
			continue
		}
		if inOr && slices.Contains(reserved, name) {
			return r.fail(name + " is Ruler reserved fieldName which cannot be used inside $or.")
		}
		if tok, err = r.next(); err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'):
			err = r.object(out, path+name+".", inOr)
		case json.Delim('['):
			err = r.values(out, path+name)
		default:
			err = r.fail(fmt.Sprintf("%q must be an object or an array", name))
		}
		if err != nil {
			return err
		}
	}
}

// or reads alternatives: each continues every branch so far.
func (r *reader) or(out *[]branch, path string) error {
	tok, err := r.next()
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		return r.fail("It must be an Array followed with $or.")
	}
	before := *out
	var all []branch
	for n := 0; ; n++ {
		if tok, err = r.next(); err != nil {
			return err
		}
		if tok == json.Delim(']') {
			if n < 2 {
				return r.fail("There must have at least 2 Objects in $or relationship.")
			}
			*out = all
			return nil
		}
		if tok != json.Delim('{') {
			return r.fail("Only JSON object is allowed in array of $or relationship.")
		}
		alternative := make([]branch, len(before))
		for i, b := range before {
			alternative[i].fields = slices.Clone(b.fields)
		}
		if len(before) == 0 {
			alternative = append(alternative, branch{})
		}
		if err := r.object(&alternative, path, true); err != nil {
			return err
		}
		if all = append(all, alternative...); len(all) > maxBranches {
			return r.fail(fmt.Sprintf("The $or combinations of the pattern exceed %d", maxBranches))
		}
	}
}

// values reads the array of a field. The last of several for one field counts.
// Source: EventBridge User Guide "Event pattern syntax", considerations: "If multiple
// patterns are specified for the same JSON field, EventBridge only uses the last one".
func (r *reader) values(out *[]branch, path string) error {
	var list []matcher
	for {
		tok, err := r.next()
		if err != nil {
			return err
		}
		if tok == json.Delim(']') {
			break
		}
		m, err := r.matcher(tok)
		if err != nil {
			return err
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return r.fail("Empty arrays are not allowed")
	}
	if len(*out) == 0 {
		*out = append(*out, branch{})
	}
	for i := range *out {
		b := &(*out)[i]
		f := field{path: path, matchers: list}
		if at := slices.IndexFunc(b.fields, func(f field) bool { return f.path == path }); at >= 0 {
			b.fields[at] = f
		} else {
			b.fields = append(b.fields, f)
		}
	}
	return nil
}

// matcher reads one value of an array.
func (r *reader) matcher(tok json.Token) (m matcher, err error) {
	start := r.start
	switch tok := tok.(type) {
	case string:
		m = matcher{op: opExact, kind: stringValue, text: tok}
	case json.Number:
		m = matcher{op: opExact, kind: numberValue, text: tok.String()}
	case bool:
		m = matcher{op: opExact, kind: boolValue, text: r.text[r.start:r.end]}
	case nil:
		m = matcher{op: opExact, kind: nullValue, text: "null"}
	case json.Delim:
		if tok != '{' {
			return m, r.fail("Match value must be String, number, true, false, or null")
		}
		m, err = r.expression()
	}
	m.wanted = r.text[start:r.end]
	return m, err
}

// expression reads {"OPERATOR": VALUE} after its brace.
func (r *reader) expression() (m matcher, err error) {
	tok, err := r.next()
	if err != nil {
		return m, err
	}
	name, ok := tok.(string)
	if !ok {
		return m, r.fail("Match expression name not found")
	}
	switch name {
	case "prefix", "suffix":
		m, err = r.affix(name)
	case "equals-ignore-case":
		m.op = opFold
		m.text, err = r.text1("equals-ignore-case match pattern must be a string")
	case "wildcard":
		m.op = opWildcard
		if m.text, err = r.text1("wildcard match pattern must be a string"); err == nil {
			m.glob, err = r.glob(m.text)
		}
	case "cidr":
		m.op = opCIDR
		var text string
		if text, err = r.text1("prefix match pattern must be a string"); err == nil {
			m.net, err = r.cidr(text)
		}
	case "numeric":
		m, err = r.numeric()
	case "exists":
		if tok, err = r.next(); err != nil {
			return m, err
		}
		there, ok := tok.(bool)
		if !ok {
			return m, r.fail("exists match pattern must be either true or false.")
		}
		if m.op = opAbsent; there {
			m.op = opExists
		}
	case "anything-but":
		m, err = r.anythingBut()
	default:
		return m, r.fail("Unrecognized match type " + name)
	}
	if err != nil {
		return m, err
	}
	return m, r.end1()
}

// end1 reads the brace that closes an expression of one key.
func (r *reader) end1() error {
	tok, err := r.next()
	if err != nil {
		return err
	}
	if tok != json.Delim('}') {
		return r.fail("Only one key allowed in match expression")
	}
	return nil
}

// text1 reads a string, or fails with the reason.
func (r *reader) text1(reason string) (string, error) {
	tok, err := r.next()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", r.fail(reason)
	}
	return s, nil
}

// affix reads the operand of prefix or suffix: a string, or one to be compared
// without case.
func (r *reader) affix(name string) (m matcher, err error) {
	plain, fold := opPrefix, opPrefixFold
	if name == "suffix" {
		plain, fold = opSuffix, opSuffixFold
	}
	tok, err := r.next()
	if err != nil {
		return m, err
	}
	switch tok := tok.(type) {
	case string:
		return matcher{op: plain, text: tok}, nil
	case json.Delim:
		if tok != '{' {
			break
		}
		inner, err := r.text1("Match expression name not found")
		if err != nil {
			return m, err
		}
		if inner != "equals-ignore-case" {
			return m, r.fail("Unsupported " + name + " pattern: " + inner)
		}
		if m.text, err = r.text1("equals-ignore-case match pattern must be a string"); err != nil {
			return m, err
		}
		m.op = fold
		return m, r.end1()
	}
	return m, r.fail(name + " match pattern must be a string")
}
