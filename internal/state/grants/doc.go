// Package grants says what an environment's principal must be granted to use its
// states, and what of it is there.
//
// Start with Checker.Check, which returns for one environment the statements to
// paste (the principal's own policy, the key policy, the bucket policy) and what it
// found on both sides, read-only: as the owner of the state account, and with
// credentials of the principal's account where they are given. The verdicts are
// package policy's, on the very requests that an engine makes, with the encryption
// context that this bucket really uses.
//
// What was not read is said to be unknown and never guessed: the side of an account
// for which there are no credentials, service control policies, session policies,
// condition keys that only a request has. It changes nothing, and does not try
// whether a request succeeds: package status does.
package grants
