// Package backend writes backend blocks, and finds and changes them in a stack's
// files.
//
// Start with a Block and its Text, or with Find for the block that a stack has and
// Set to put another in its place. Only the block is changed: what a person wrote
// around it stays.
//
// It does not run an engine: a changed block takes effect with the next init. It
// does not know the spec; package state's callers fill in the Block.
//
// Source: "Backend Type: s3", "Backend Type: http", "Backend Type: local",
// "Backend Configuration" of OpenTofu and Terraform.
package backend
