// Package tfstate reads what OpenTofu and Terraform keep: state files and lock
// files.
//
// Read tells what two states are compared by (serial, lineage, a digest of their
// contents that does not depend on which engine wrote them); ReadLock tells who
// holds a lock.
//
// It reads bytes, not files: where states are kept is package statestore's. It
// never returns a value out of a state, and its errors never show one.
//
// Source: the state format 4 of both engines, as they write it.
package tfstate
