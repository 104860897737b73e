// Package bootstrap builds the one stack that a person applies: the one that
// makes the bucket and the key its own state then moves into.
//
// Start with Run. It takes these steps, and each of them finds out from reality
// (the backend block, the local state, the state in the bucket, the account)
// whether it is already done, so that a run that was killed at any instruction
// is simply run again:
//
//	preflight  the credentials are this account's, the names are free or ours
//	prepare    the engine is initialised where the state lives now
//	plan       saved to a file, and compared with what the account already holds
//	apply      exactly that plan, after it was confirmed
//	backend    the backend block is rewritten: S3, the key's ARN, a lock file
//	migrate    init -migrate-state
//	verify     serial, lineage, content and encryption of state and lock file
//	clean      only then is the local copy removed
//
// Reality does not tell everything: that a bucket without tags was made by an
// engine that died before it could write its state, or that a lock is held by
// one. A small journal (.strongroom/bootstrap.json) holds what was about to
// happen; it is written to disk before it happens. It holds no state and no secrets.
//
// The package does not write the stack (package room does), does not choose
// credentials, and never shows state contents.
//
// Source: "Backend Type: s3", "Command: init", "State: Import blocks" of
// OpenTofu and Terraform; both engines' local backend, as observed: Terraform
// writes the state after each resource, OpenTofu 1.12 every 20 seconds, and
// both write it in place, so a killed engine may leave none or half of it.
package bootstrap
