package policy

// Family is what kind of value a condition operator compares.
type Family string

// The families of operators, by the word their names begin with.
const (
	FamilyString  Family = "String"
	FamilyNumeric Family = "Numeric"
	FamilyDate    Family = "Date"
	FamilyBool    Family = "Bool"
	FamilyBinary  Family = "Binary"
	FamilyIP      Family = "IPAddress"
	FamilyARN     Family = "ARN"
	FamilyNull    Family = "Null"
)

// Operator is a condition operator taken apart. Make it with ParseOperator.
type Operator struct {
	// Name as the policy writes it.
	Name string
	// Set is "ForAllValues", "ForAnyValue", or empty.
	Set string
	// Family of values it compares.
	Family Family
	// Like: * and ? in values are wildcards.
	Like bool
	// Fold: letters are compared without case.
	Fold bool
	// Negated operators (StringNotEquals) hold when no value matches, and when
	// the key is missing.
	Negated bool
	// IfExists operators hold when the key is missing.
	IfExists bool
	// Ordered operators compare by size (NumericLessThan), not for equality.
	Ordered bool

	op operator
}

// ParseOperator takes the name of an operator apart. If there is no such
// operator, ok is false and near the operator probably meant, or empty.
func ParseOperator(name string) (o Operator, near string, ok bool) {
	op, near, ok := parseOperator(name, false)
	if !ok {
		return Operator{}, near, false
	}
	o = Operator{
		Name: name, Negated: op.negated, IfExists: op.ifExists, Fold: op.fold, Ordered: op.relation != relEqual,
		Like: op.family == famLike || op.family == famARN,
		op:   op,
	}
	switch op.set {
	case quantAll:
		o.Set = "ForAllValues"
	case quantAny:
		o.Set = "ForAnyValue"
	}
	switch op.family {
	case famString, famLike:
		o.Family = FamilyString
	case famNumeric:
		o.Family = FamilyNumeric
	case famDate:
		o.Family = FamilyDate
	case famBool:
		o.Family = FamilyBool
	case famBinary:
		o.Family = FamilyBinary
	case famIP:
		o.Family = FamilyIP
	case famARN:
		o.Family = FamilyARN
	case famNull:
		o.Family = FamilyNull
	}
	return o, "", true
}

// Missing reports whether the condition holds for a request that does not carry
// the key. For Null that depends on the values: it answers false.
func (o Operator) Missing() bool {
	switch {
	case o.Family == FamilyNull:
		return false
	case o.IfExists:
		return true
	case o.Set != "":
		return o.Set == "ForAllValues"
	}
	return o.Negated
}

// CheckValue says what is wrong with a value of a condition with this operator,
// and the fix; both are empty for a right one. variables tells whether the
// document has policy variables.
func (o Operator) CheckValue(value string, variables bool) (problem, fix string) {
	c := condition{name: o.Name, op: o.op, typed: &operands{}}
	return c.compileValue(value, variables)
}

// Holds reports whether the condition with the wanted values holds for a request
// that carries the one value. A value that CheckValue refuses equals nothing;
// policy variables count as text.
func (o Operator) Holds(value string, wanted []string) bool {
	const key = "policy:Value"
	c := condition{name: o.Name, op: o.op, values: wanted, key: keyOf(key)}
	c.compile(false, true)
	var ctx Context
	if o.Set != "" {
		ctx.SetMulti(key, value)
	} else {
		ctx.Set(key, value)
	}
	return c.met(&ctx)
}
