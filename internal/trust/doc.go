// Package trust answers who a role's trust policy admits: Role.Decide for one
// token, as AWS STS would; with the reasons for a person; and as a matrix over
// every token that a forge can issue.
//
// It reasons on claims (package oidc) and policies (package policy) alone: it
// does no I/O, verifies no signature, and has no clock. Whoever asks has read the
// token, the trust policy and the identity provider's client list.
package trust
