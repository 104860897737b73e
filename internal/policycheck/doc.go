// Package policycheck finds what is wrong with IAM policies before AWS, or an
// attacker, does: in JSON documents, in the policies inside HCL files, and in
// those of a plan's JSON.
//
// Call Run with the files. A rule is a value in a file of its own (rule_*.go),
// listed in rules.go; to add one, copy a small one such as rule_duplicate_sid.go,
// add it to the list, and write its cases in testdata/rules.
//
// What is known at plan time only is never guessed: a rule that depends on it
// stays silent, and a policy that cannot be read for it is listed as skipped.
// The package does not evaluate requests (package policy does) and asks no
// account: what a policy means together with others is not its business.
//
// Source: IAM User Guide, reference_policies and its sub-pages, and the Service
// Authorization Reference; what a rule relies on besides stands beside it.
package policycheck
