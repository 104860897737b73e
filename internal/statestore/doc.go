// Package statestore reads, lists and locks one state where it is kept: in an S3
// bucket, in GitLab, or in a file. It speaks to the place itself and not through
// an engine: what an engine did is not verified by asking the engine.
//
// Start with S3, HTTP or Local, each a Store. Locks are the engines' own: what
// holds a lock here stops an engine, and the other way round.
//
// It writes no states but an earlier version in GitLab (HTTP.Write, for package revert).
// They are written by engines (package engine), and in S3 by server-side copies (package
// rekey), so that no state is made up here.
//
// Source: "Backend Type: s3", "Backend Type: http", "Backend Type: local" of
// OpenTofu and Terraform; GitLab "GitLab-managed Terraform state".
package statestore
