// Package revert makes an earlier version of a state in GitLab the current one.
//
// Start with NewPlan, which only reads and says what would change, then Plan.Run.
// GitLab's state is the version with the highest serial, whatever was written last, and
// it copies nothing by itself: so the text of the earlier version is read, its serial
// raised to the next one, and written as a new version, under the engines' lock. Nothing
// else of it is changed, and no version goes. The state passes through this machine's
// memory, and is on no disk of it.
//
// A Run may be killed at any instruction: the state is then the former one or the
// new one, each whole, and the next Run, which knows the lock from a journal, does the
// rest.
//
// It does not do the same in S3 (package rekey, which has S3 copy the version), nor to
// what OpenTofu encrypted, whose serial only OpenTofu can change.
//
// Source: GitLab "GitLab-managed Terraform/OpenTofu state", manage individual state
// versions; its source, lib/api/terraform/state.rb.
package revert
