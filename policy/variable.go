package policy

import "strings"

// dialect says which parts of a text have a meaning beyond themselves.
type dialect uint8

const (
	// plainText has no wildcards: StringEquals and its kin.
	plainText dialect = iota
	// globText: * and ? run across everything: StringLike.
	globText
	// arnText compares the six components of an ARN one by one: ArnLike. Only
	// the last component may hold colons.
	//
	// Source: IAM User Guide, reference_policies_elements_condition_operators
	// (Amazon Resource Name condition operators).
	arnText
	// resourceText is the Resource element: wildcards stay inside a segment of
	// the ARN, except that a * at the end of a segment may run across colons. The
	// type of the resource is text like any other.
	// Choice wildcard-in-resource-type.
	//
	// Source: IAM User Guide, reference_policies_elements_resource.
	resourceText
)

// compileText compiles text; variables says whether the document has policy
// variables at all. The second result is empty or says what is wrong with a
// variable in the text.
func compileText(text string, d dialect, variables bool) (pattern, string) {
	var p pattern
	colons := 0
	for i := 0; i < len(text); {
		inArn := (d == arnText || d == resourceText) && colons < 5
		switch c := text[i]; {
		case c == '$' && variables && strings.HasPrefix(text[i:], "${") && (d != resourceText || !inArn):
			n, t, problem := compileVariable(text[i:])
			if problem != "" {
				return pattern{}, problem
			}
			p.add(t)
			i += n
			continue
		case c == '*' && d != plainText:
			kind := tokStar
			for i+1 < len(text) && text[i+1] == '*' {
				i++
			}
			last := i+1 == len(text) || text[i+1] == ':'
			if inArn && (d == arnText || !last) {
				kind = tokStarSegment
			}
			p.add(token{kind: kind})
		case c == '?' && d != plainText:
			kind := tokOne
			if inArn {
				kind = tokOneSegment
			}
			p.add(token{kind: kind})
		default:
			if c == ':' {
				colons++
			}
			p.add(token{kind: tokText, text: text[i : i+1]})
		}
		i++
	}
	p.finish()
	return p, ""
}

// compileVariable reads ${key}, ${key, 'default'}, ${*}, ${?} or ${$} from the
// start of text and returns its length. A default is text, wildcards and all.
// Choice default-is-text.
//
// Source: IAM User Guide, reference_policies_variables.
func compileVariable(text string) (int, token, string) {
	const start = len("${")
	if len(text) > start+1 && text[start+1] == '}' && strings.IndexByte("*?$", text[start]) >= 0 {
		return start + 2, token{kind: tokText, text: text[start : start+1]}, ""
	}
	if comma := strings.IndexAny(text, ",}"); comma >= 0 && text[comma] == ',' {
		rest := strings.TrimLeft(text[comma+1:], " ")
		if !strings.HasPrefix(rest, "'") {
			return 0, token{}, "the default value of a policy variable is not in single quotes"
		}
		value, tail, ok := strings.Cut(rest[1:], "'")
		tail = strings.TrimLeft(tail, " ")
		if !ok || !strings.HasPrefix(tail, "}") {
			return 0, token{}, "a policy variable with a default value is not closed by '}"
		}
		name := strings.TrimSpace(text[start:comma])
		if name == "" {
			return 0, token{}, "a policy variable has no name"
		}
		return len(text) - len(tail) + 1, token{kind: tokVariable, key: keyOf(name), text: value, def: true}, ""
	}
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return 0, token{}, "a policy variable is not closed by }"
	}
	name := strings.TrimSpace(text[start:end])
	if name == "" {
		return 0, token{}, "a policy variable has no name"
	}
	return end + 1, token{kind: tokVariable, key: keyOf(name)}, ""
}
