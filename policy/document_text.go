package policy

// Variable is a policy variable in a text.
type Variable struct {
	// Key is the condition key it stands for.
	Key string
	// Default tells that it has a default value.
	Default bool
}

// Variables lists the policy variables of a text, in order. problem says what is
// wrong with the first malformed one, or is empty.
//
// Source: IAM User Guide, reference_policies_variables.
func Variables(text string) (list []Variable, problem string) {
	p, problem := compileText(text, globText, true)
	if problem != "" {
		return nil, problem
	}
	for _, t := range p.toks {
		if t.kind == tokVariable {
			list = append(list, Variable{Key: t.key.name, Default: t.def})
		}
	}
	return list, ""
}

// longestPattern bounds what Covers and Overlaps compare: their cost is the
// product of the lengths.
const longestPattern = 4096

// Covers reports that the pattern a matches every text that b matches. In both,
// * stands for any characters and ? for one; fold compares letters without
// case. For texts too long to compare it answers false, as it does for some
// pairs that cover each other in roundabout ways ("*?" and "?*").
func Covers(a, b string, fold bool) bool {
	if len(a) > longestPattern || len(b) > longestPattern {
		return false
	}
	return subsumes(steps(a, fold), steps(b, fold))
}

// Overlaps reports that some text matches both patterns, which are as in
// Covers. For texts too long to compare it answers true.
func Overlaps(a, b string, fold bool) bool {
	if len(a) > longestPattern || len(b) > longestPattern {
		return true
	}
	return intersect(steps(a, fold), steps(b, fold))
}

func steps(text string, fold bool) []step {
	list := make([]step, 0, len(text))
	for _, c := range text {
		if fold && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		list = append(list, step{char: c, any: c == '*' || c == '?', star: c == '*'})
	}
	return list
}

// Nearest returns the name that word is probably a misspelling of: it differs in
// at most a third of its letters. Empty: none is near. Letter case alone is the
// smallest difference.
func Nearest(word string, names []string) string { return nearest(word, names) }
