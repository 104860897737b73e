// Package iam is the sandbox's IAM: accounts with their root credentials,
// users, groups, roles, keys, policies, OIDC providers and MFA devices.
//
// New makes the Service, which is both a table of operations and the directory
// that the dispatcher asks who a caller is and which policies bind it
// (op.Directory). STS keeps its sessions here, through PutSession.
//
// It decides nothing about access: each operation's row declares what must be
// allowed, and the dispatcher asks the policy engine.
//
// Source: IAM API Reference; IAM User Guide, reference_iam-quotas and
// reference_identifiers; Service Authorization Reference, IAM.
package iam
