// Package policy is the IAM policy language: parse, evaluate, explain.
//
// Parse compiles a document; a Set holds the policies that apply to a request;
// Set.Decide answers Allow, ExplicitDeny or ImplicitDeny without allocating, and
// Set.Explain the same with every statement that mattered and, for each of its
// conditions, what it wanted and what the request carried. ParsePrincipal reads
// a caller from its ARN. ParseLoose serves simulations, which have to answer for
// documents that AWS would not store.
//
// It is pure: no I/O, no clock, no randomness; the standard library only.
// Compiled policies are immutable and safe for concurrent use; so are a Set and
// a Request while nobody changes them.
//
// It adds nothing to a request: whoever asks supplies the condition keys, and
// leaves out the policies that do not bind the caller (such as the SCPs of an
// organization it is not in). It knows no ACLs, no canonical users, and does not
// match a role session by the identity provider it came from.
//
// Source: IAM User Guide, reference_policies and its sub-pages; the rules that
// are not stated there carry their own source. Where no page decides, a
// comment names the choice that was made; docs/policy-choices.md has the reasons.
package policy
