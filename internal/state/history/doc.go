// Package history tells what versions of a state are kept: when each was written,
// by whom, under which key, and what it changed.
//
// Start with a Reader. States lists the versions of one state; Diff compares two.
// Who wrote a version is told by the audit trail, or by nobody: where there is no
// record the answer is "unknown" and why, and never a guess. A version that the
// caller's credentials cannot read is listed with the reason.
//
// It shows no values but those that a tfstate.Show lets through, changes nothing
// and takes no locks. Going back to a version is package rekey's.
//
// Source: S3 User Guide "Retaining multiple versions of objects with S3
// Versioning"; GitLab "Terraform state administration"; "Backend Type: local".
package history
