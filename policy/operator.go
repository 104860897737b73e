package policy

import "strings"

type family uint8

const (
	famString family = iota
	famLike
	famNumeric
	famDate
	famBool
	famBinary
	famIP
	famARN
	famNull
)

type relation uint8

const (
	relEqual relation = iota
	relLess
	relLessEqual
	relGreater
	relGreaterEqual
)

type quantifier uint8

const (
	quantNone quantifier = iota
	quantAll             // ForAllValues
	quantAny             // ForAnyValue
)

// operator is a condition operator with its set operator and suffix.
type operator struct {
	family   family
	relation relation
	fold     bool // letters without case
	negated  bool
	ifExists bool
	set      quantifier
}

// operators is the documented list.
//
// Source: IAM User Guide, reference_policies_elements_condition_operators.
var operators = [...]struct {
	name string
	op   operator
}{
	{"StringEquals", operator{family: famString}},
	{"StringNotEquals", operator{family: famString, negated: true}},
	{"StringEqualsIgnoreCase", operator{family: famString, fold: true}},
	{"StringNotEqualsIgnoreCase", operator{family: famString, fold: true, negated: true}},
	{"StringLike", operator{family: famLike}},
	{"StringNotLike", operator{family: famLike, negated: true}},
	{"NumericEquals", operator{family: famNumeric}},
	{"NumericNotEquals", operator{family: famNumeric, negated: true}},
	{"NumericLessThan", operator{family: famNumeric, relation: relLess}},
	{"NumericLessThanEquals", operator{family: famNumeric, relation: relLessEqual}},
	{"NumericGreaterThan", operator{family: famNumeric, relation: relGreater}},
	{"NumericGreaterThanEquals", operator{family: famNumeric, relation: relGreaterEqual}},
	{"DateEquals", operator{family: famDate}},
	{"DateNotEquals", operator{family: famDate, negated: true}},
	{"DateLessThan", operator{family: famDate, relation: relLess}},
	{"DateLessThanEquals", operator{family: famDate, relation: relLessEqual}},
	{"DateGreaterThan", operator{family: famDate, relation: relGreater}},
	{"DateGreaterThanEquals", operator{family: famDate, relation: relGreaterEqual}},
	{"Bool", operator{family: famBool}},
	{"BinaryEquals", operator{family: famBinary}},
	{"IpAddress", operator{family: famIP}},
	{"NotIpAddress", operator{family: famIP, negated: true}},
	{"ArnEquals", operator{family: famARN}},
	{"ArnNotEquals", operator{family: famARN, negated: true}},
	{"ArnLike", operator{family: famARN}},
	{"ArnNotLike", operator{family: famARN, negated: true}},
	{"Null", operator{family: famNull}},
}

// parseOperator reads "ForAnyValue:StringLikeIfExists". Names are taken without
// case, as element values of the grammar are not said to be case-sensitive.
// Choice operator-case. The second result is the nearest operator for a misspelt one, the
// third false if there is no such operator. With loose, Null takes a set
// operator, which changes nothing.
func parseOperator(name string, loose bool) (op operator, suggestion string, ok bool) {
	prefix, base := "", name
	set := quantNone
	if head, tail, cut := strings.Cut(name, ":"); cut {
		switch {
		case equalFold(head, "ForAllValues"):
			set = quantAll
		case equalFold(head, "ForAnyValue"):
			set = quantAny
		default:
			near := nearest(head, []string{"ForAllValues", "ForAnyValue"})
			if near != "" {
				near += ":" + tail
			}
			return operator{}, near, false
		}
		prefix, base = head+":", tail
	}
	const suffix = "IfExists"
	stem, ifExists := base, false
	if n := len(base) - len(suffix); n > 0 && equalFold(base[n:], suffix) {
		stem, ifExists = base[:n], true
	}
	names := make([]string, len(operators))
	for i, o := range operators {
		names[i] = o.name
		if !equalFold(o.name, stem) {
			continue
		}
		op = o.op
		op.set, op.ifExists = set, ifExists
		// Null asks for existence itself: it has no set operator, and no IfExists.
		if op.family == famNull && set != quantNone && !ifExists && loose {
			op.set = quantNone
		} else if op.family == famNull && (ifExists || set != quantNone) {
			return operator{}, "Null", false
		}
		return op, "", true
	}
	if near := nearest(stem, names); near != "" {
		suggestion = prefix + near
		if ifExists {
			suggestion += suffix
		}
	}
	return operator{}, suggestion, false
}
