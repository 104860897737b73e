// Package authz turns an operation's declared checks into questions for the
// policy engine: it gathers the policies that apply to the caller and the
// resource, fills the global condition keys, and words a refusal as AWS does.
//
// Start with New and Authorizer.Decide. An Allow that rests on a condition key
// which the sandbox does not know is refused, and the refusal names the key.
//
// It keeps no state of its own and never looks at an operation's input.
//
// Source: IAM User Guide, "AWS global condition context keys", "Policy
// evaluation logic", "Troubleshoot access denied error messages".
package authz
