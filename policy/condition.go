package policy

import (
	"encoding/base64"
	"net/netip"
	"strings"
)

// condition is one operator on one key with its values, compiled.
type condition struct {
	name   string // operator as written
	op     operator
	key    keyRef
	values []string // as written

	patterns []pattern // famString, famLike, famARN
	typed    *operands // the families with values of their own type
	yes, no  bool      // famBool, famNull: which values are listed
	exact    bool      // famString: values say it all, without case folding or variables
	loose    bool      // famARN: a pattern could match text that is no ARN
	broken   bool      // negated, with a value that cannot be one: never met
	guards   bool      // the statement allows: a doubtful value does not meet it
	slot     uint8     // of the key in a memo; 0: none
}

// operands are compiled values; they stand apart to keep conditions small, as
// a large policy is read from end to end.
type operands struct {
	numbers []decimal      // famNumeric
	dates   []instant      // famDate
	nets    []netip.Prefix // famIP
	bytes   []string       // famBinary
}

// compile fills the compiled form of values; the result is empty, or says for
// the value at index i what is wrong with it. With loose, such a value equals
// nothing, and a negated operator is not met by it. Choice doubtful-policy-value.
func (c *condition) compile(variables, loose bool) (i int, problem, fix string) {
	c.exact = c.op.family == famString && !c.op.fold
	switch c.op.family {
	case famNumeric, famDate, famIP, famBinary:
		c.typed = &operands{}
	}
	for i, v := range c.values {
		if problem, fix = c.compileValue(v, variables); problem == "" {
			continue
		}
		if !loose {
			return i, problem, fix
		}
		switch c.op.family {
		case famString, famLike, famARN:
			c.exact = false
			c.patterns = append(c.patterns, pattern{form: formNever})
		case famBinary:
			c.typed.bytes = append(c.typed.bytes, v)
		}
		c.broken = c.op.negated
	}
	return 0, "", ""
}

func (c *condition) compileValue(v string, variables bool) (problem, fix string) {
	switch c.op.family {
	case famString, famLike, famARN:
		d := plainText
		if c.op.family == famLike {
			d = globText
		} else if c.op.family == famARN {
			d = arnText
			if v != "*" && !strings.HasPrefix(v, "arn:") && !strings.ContainsAny(v, "*?") && !(variables && strings.Contains(v, "${")) {
				return "is not an ARN", `write "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE", or use a String operator`
			}
		}
		p, bad := compileText(v, d, variables)
		if bad != "" {
			return "has a malformed policy variable: " + bad, `write ${KEY}, ${KEY, 'default'}, or ${$}{ for the text "${"`
		}
		p.fold = c.op.fold
		if c.op.family == famARN && v == "*" {
			p = pattern{form: formAny}
		}
		c.exact = c.exact && p.form == formExact && p.text == v
		c.loose = c.loose || p.variables || strings.Count(v, ":") < 5
		c.patterns = append(c.patterns, p)
	case famNumeric:
		d, ok := parseDecimal(v)
		if !ok {
			return "is not a number", variableFix(v, "write an integer or a decimal number")
		}
		c.typed.numbers = append(c.typed.numbers, d)
	case famDate:
		t, ok := parseInstant(v)
		if !ok {
			return "is not a date", variableFix(v, `write "2006-01-02T15:04:05Z" or epoch seconds`)
		}
		c.typed.dates = append(c.typed.dates, t)
	case famIP:
		n, ok := parseNet(v)
		if !ok {
			return "is not an IP address or CIDR block", variableFix(v, `write "203.0.113.0/24" or "2001:db8::/32"`)
		}
		c.typed.nets = append(c.typed.nets, n)
	case famBinary:
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return "is not base64", variableFix(v, "encode the bytes as standard base64 with padding")
		}
		c.typed.bytes = append(c.typed.bytes, string(b))
	case famBool, famNull:
		switch {
		case equalFold(v, "true"):
			c.yes = true
		case equalFold(v, "false"):
			c.no = true
		default:
			return "is not a boolean", variableFix(v, `write "true" or "false"`)
		}
	}
	return "", ""
}

func variableFix(v, fix string) string {
	if strings.Contains(v, "${") {
		return "policy variables work with String and ARN operators only: " + fix
	}
	return fix
}

// parseNet reads a CIDR block or a single address. Bits after the prefix are
// ignored.
//
// Source: IAM User Guide, reference_policies_elements_condition_operators
// (IP address condition operators).
func parseNet(v string) (netip.Prefix, bool) {
	if strings.Contains(v, "/") {
		n, err := netip.ParsePrefix(v)
		return n.Masked(), err == nil
	}
	a, ok := parseAddr(v)
	if !ok {
		return netip.Prefix{}, false
	}
	n, err := a.Prefix(a.BitLen())
	return n, err == nil
}

// parseAddr refuses zones, which no source address carries. An IPv4 address in
// IPv6 form stays one of IPv6. Choice mapped-address.
func parseAddr(v string) (netip.Addr, bool) {
	if strings.IndexByte(v, '%') >= 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(v)
	return a, err == nil
}

// met reports whether the request satisfies the condition.
//
// Missing keys: a positive operator is false, a negated one and ...IfExists
// true, ForAllValues true, ForAnyValue false (also when negated). Two rules meet
// in ForAnyValue with IfExists: IfExists wins. Choice foranyvalue-ifexists.
// Source: IAM User Guide, reference_policies_elements_condition_operators and
// reference_policies_condition-single-vs-multi-valued-context-keys.
func (c *condition) met(ctx *Context) bool { return c.metBy(ctx.find(c.key), ctx) }

// metBy is met for a key that was looked up: e is nil if it is missing.
func (c *condition) metBy(e *entry, ctx *Context) bool {
	if c.op.family == famNull {
		return e == nil && c.yes || e != nil && c.no
	}
	if e == nil {
		switch {
		case c.op.ifExists:
			return true
		case c.op.set != quantNone:
			return c.op.set == quantAll
		}
		return c.op.negated
	}
	switch c.op.set {
	case quantAll:
		return c.all(e, ctx)
	case quantAny:
		if blank(e) {
			return false
		}
		for _, v := range e.values() {
			if c.holds(v, ctx) {
				return true
			}
		}
		return false
	}
	// A multivalued key needs a set operator. AWS does not document what
	// happens without: it meets nothing here.
	// Choice multivalued-without-set-operator.
	if e.multi {
		return false
	}
	return c.holds(e.one[0], ctx)
}

// blank reports a key that resolves to an empty string, which counts as an
// empty set: ForAllValues is true of it and ForAnyValue false. To Null it is
// there. Choice empty-string-is-empty-set. Choice null-of-empty-string.
//
// Source: IAM User Guide, reference_policies_multi-value-conditions.
func blank(e *entry) bool {
	values := e.values()
	return len(values) == 1 && values[0] == ""
}

// all is ForAllValues.
func (c *condition) all(e *entry, ctx *Context) bool {
	if blank(e) {
		return true
	}
	for _, v := range e.values() {
		if !c.holds(v, ctx) {
			return false
		}
	}
	return true
}

// holds decides one request value: any listed value matches, or, for a negated
// operator, none does.
func (c *condition) holds(v string, ctx *Context) bool {
	return !c.broken && c.matches(v, ctx) != c.op.negated
}

// matches compares without negation. A request value of the wrong type (text
// where a number is wanted) equals nothing. AWS does not say what a negated
// operator makes of it: here such a value meets it in a Deny, and does not in an
// Allow, so that either way it opens nothing.
// Choice value-of-another-type.
func (c *condition) matches(v string, ctx *Context) bool {
	if c.exact {
		for _, w := range c.values {
			if v == w {
				return true
			}
		}
		return false
	}
	switch c.op.family {
	case famString, famLike:
		for i := range c.patterns {
			if c.patterns[i].match(v, ctx) {
				return true
			}
		}
	case famARN:
		if c.loose || c.doubts() {
			if _, ok := splitARN(v); !ok {
				return c.doubts()
			}
		}
		for i := range c.patterns {
			if c.patterns[i].match(v, ctx) {
				return true
			}
		}
	case famNumeric:
		d, ok := parseDecimal(v)
		if !ok {
			return c.doubts()
		}
		for _, n := range c.typed.numbers {
			if c.op.relation.holds(d.compare(n)) {
				return true
			}
		}
	case famDate:
		t, ok := parseInstant(v)
		if !ok {
			return c.doubts()
		}
		for _, d := range c.typed.dates {
			if c.op.relation.holds(t.compare(d)) {
				return true
			}
		}
	case famIP:
		a, ok := parseAddr(v)
		if !ok {
			return c.doubts()
		}
		for _, n := range c.typed.nets {
			if n.Contains(a) {
				return true
			}
		}
	case famBinary:
		return c.matchesBytes(v)
	case famBool:
		return c.yes && equalFold(v, "true") || c.no && equalFold(v, "false")
	}
	return false
}

// doubts reports a negated operator that a value of the wrong type does not meet.
func (c *condition) doubts() bool { return c.op.negated && c.guards }

// matchesBytes takes the request's value as bytes, or as the base64 of them,
// which is how text formats carry binary keys.
func (c *condition) matchesBytes(v string) bool {
	for i, b := range c.typed.bytes {
		if v == b || v == c.values[i] {
			return true
		}
	}
	return false
}
