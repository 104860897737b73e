package policy

import "slices"

// Policy is a compiled document. It is immutable and safe for concurrent use.
type Policy struct {
	name     string
	kind     Kind
	src      []byte
	modern   bool // Version 2012-10-17
	stmts    []statement
	keys     []string
	bindings map[string]string
	repeats  bool // some conditions have a slot in a memo
}

// Statement tells where a statement stands and what it says.
type Statement struct {
	// Sid is empty when the statement has none.
	Sid string
	// Effect is Allow or Deny.
	Effect Effect
	// Line of its opening brace, from 1.
	Line int
	// Source is its text, as given.
	Source string
}

// Name is the name given to Parse.
func (p *Policy) Name() string { return p.name }

// Kind is the kind given to Parse.
func (p *Policy) Kind() Kind { return p.kind }

// Source returns a copy of the document, byte for byte as given to Parse.
func (p *Policy) Source() []byte { return slices.Clone(p.src) }

// Len is the number of statements.
func (p *Policy) Len() int { return len(p.stmts) }

// Statement returns the statement at index i, from 0. It panics if there is
// none.
func (p *Policy) Statement(i int) Statement {
	s := &p.stmts[i]
	return Statement{Sid: s.sid, Effect: s.effect, Line: s.line, Source: string(p.src[s.pos:s.end])}
}

// Keys returns the condition keys and policy variables that the policy uses,
// as first written, each once, in document order.
func (p *Policy) Keys() []string { return slices.Clone(p.keys) }

// AWSPrincipals returns the values of type "AWS" in Principal and NotPrincipal, in
// document order, each once. The value "*" is among them.
func (p *Policy) AWSPrincipals() []string { return p.principalsOf("AWS") }

// FederatedPrincipals returns the same of type "Federated": identity providers'
// ARNs, and the names of those that need none.
func (p *Policy) FederatedPrincipals() []string { return p.principalsOf("Federated") }

func (p *Policy) principalsOf(typ string) []string {
	var all []string
	for i := range p.stmts {
		for _, r := range p.stmts[i].principals {
			if r.typ == typ && !slices.Contains(all, r.text) {
				all = append(all, r.text)
			}
		}
	}
	return all
}
