// Package policyread reads the policies that bind a principal or a resource from
// an account, with calls that change nothing.
//
// Start with User or Role, which return the identity policies and the boundary of
// a principal, and with Bucket and Key, which return what a resource says itself.
// What cannot be read is a Gap, never an error and never a guess: what is missing
// may allow or deny.
//
// It does not judge: package policy does. Service and resource control policies,
// session policies and those of VPC endpoints are not read: other accounts have
// them, or nobody has.
package policyread
