package policy

import (
	"fmt"
	"maps"
	"slices"
)

// PrincipalError names a principal that a policy refers to and that does not
// exist. AWS answers "Invalid principal in policy".
type PrincipalError struct {
	// Policy is the name given to Parse.
	Policy string
	// Line of the statement, from 1.
	Line int
	// Principal as written.
	Principal string
}

func (e *PrincipalError) Error() string {
	return fmt.Sprintf("%s:%d: invalid principal in policy: %q does not exist", e.Policy, e.Line, e.Principal)
}

// ResolvePrincipals returns a copy whose user and role ARNs are bound to unique
// IDs, as AWS does when it saves a resource policy: a user or role that is
// deleted and made again under the same name is not covered any more. resolve
// gives the ID of an ARN, or false if there is no such principal; the error is
// then a *PrincipalError. Accounts, sessions and other principals stay as they
// are; a value with a wildcard inside is refused, as on AWS.
//
// Source: IAM User Guide, reference_policies_elements_principal.
func (p *Policy) ResolvePrincipals(resolve func(arn string) (id string, ok bool)) (*Policy, error) {
	bound := *p
	bound.stmts = slices.Clone(p.stmts)
	bound.bindings = map[string]string{}
	for i := range bound.stmts {
		s := &bound.stmts[i]
		s.principals = slices.Clone(s.principals)
		for j := range s.principals {
			r := &s.principals[j]
			switch {
			case r.kind == prinUser || r.kind == prinRole || r.kind == prinID:
				id, ok := resolve(r.text)
				if !ok {
					return nil, &PrincipalError{Policy: p.name, Line: s.line, Principal: r.text}
				}
				r.id = id
				bound.bindings[r.text] = id
			case r.kind == prinNever && r.typ == "AWS":
				return nil, &PrincipalError{Policy: p.name, Line: s.line, Principal: r.text}
			}
		}
	}
	return &bound, nil
}

// Bindings returns what ResolvePrincipals bound, by principal as written, so
// that a policy can be stored and bound to the same IDs when it is read again;
// empty for a policy that was not resolved.
func (p *Policy) Bindings() map[string]string { return maps.Clone(p.bindings) }
