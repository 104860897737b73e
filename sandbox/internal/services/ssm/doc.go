// Package ssm is the sandbox's Systems Manager Parameter Store: parameters of the types
// String, StringList and SecureString, their versions, labels and tags.
//
// New makes the Service. A SecureString is ciphertext at rest: of the standard tier what
// KMS encrypted, of the advanced tier under a data key, in both with the encryption context
// PARAMETER_ARN, and its reader needs kms:Decrypt through SSM.
//
// Refused by name: parameter policies, shared parameters, parameters of AMIs and of
// integrations, and all of Systems Manager that is not Parameter Store.
package ssm
