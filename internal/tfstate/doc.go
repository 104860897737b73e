// Package tfstate reads what OpenTofu and Terraform keep: state files and lock
// files.
//
// Read tells what two states are compared by (serial, lineage, a digest of their
// contents that does not depend on which engine wrote them); ReadLock tells who
// holds a lock. Open and Diff tell what changed between two states, by address.
//
// It reads bytes, not files: where states are kept is package statestore's. Only
// what Open returns holds values, and a Difference those that its Show let
// through; errors never show one.
//
// Source: the state format 4 of both engines, as they write it.
package tfstate
