// Package policy is the IAM policy language: parse, evaluate, explain.
//
// Parse compiles a document; a Set holds the policies that apply to a request;
// Set.Decide answers Allow, ExplicitDeny or ImplicitDeny without allocating, and
// Set.Explain the same with every statement that mattered and, for each of its
// conditions, what it wanted and what the request carried.
//
// It is pure: no I/O, no clock, no randomness; the standard library only.
// Compiled policies and sets are immutable and safe for concurrent use.
//
// Source: IAM User Guide, reference_policies and its sub-pages; the rules that
// are not stated there carry their own source.
package policy
