// Package trust answers who a role's trust policy admits: Role.Decide for one
// token, as AWS STS would; Explain with the reasons for a person, what can never
// match, what is dangerous, and the nearest safe edit; and Ask as a matrix over
// every token that a forge can issue.
//
// It reasons on claims (package oidc) and policies (package policy) alone: it
// verifies no signature and has no clock. Roles are read from an account through
// the client that is handed over (OfRole, OfAccount), and nothing is written.
package trust
