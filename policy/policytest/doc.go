// Package policytest is a conformance corpus for IAM policy engines, and the
// runner for any evaluator.
//
// Corpus returns the cases that ship with Strongroom, each tagged with the AWS
// page it was written from; Read takes further files of the same format (JSON
// Lines, one self-contained case a line). Run asks an Evaluator about every
// case; Engine is the evaluator of package policy.
//
// A case may hold documents that AWS would not store: Build reads them loosely,
// Storable tells. A * in the resource's ARN asks about all resources of that
// pattern, see policy.Request.
//
// It judges decisions only, not error texts, and it never turns a case that it
// cannot read into a verdict: that is an error with file and line.
package policytest
