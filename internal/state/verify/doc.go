// Package verify checks that states are what they have to be: there, encrypted as
// the spec says, with the contents they had, readable by their environment's
// principal, and by nobody for reading objects alone.
//
// Start with a Checker, whose Check answers for one state. Commands that change the
// encryption of states (rekey, rollback) call it after each; "state verify" calls it for
// all. Result.Err is the answer as an error.
//
// What somebody could do is tried with real credentials where there are some, and
// decided by package policy where there are none; a Finding says which. An answer that
// rests on policies is a yes only if all that have a say were read: across accounts the
// principal's own as well as the state account's. It changes nothing, and takes no locks.
//
// Source: S3 API HeadObject; S3 User Guide "Using server-side encryption with AWS
// KMS keys".
package verify
