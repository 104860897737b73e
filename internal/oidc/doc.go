// Package oidc holds what is known of the OIDC issuers that pipelines get their
// tokens from: which forge is behind an issuer, which claims its tokens carry
// for a job, and which of those AWS STS turns into condition keys.
//
// Describe a job with a TokenRequest (or GitLab and GitHub with typed fields) and
// call Claims; KindOf and ClaimKeys tell about an issuer; ConditionKeys makes the
// keys of a token's claims. The sandbox's forge signs these claims, its STS sees
// these keys, and the trust explainer reasons with both, so that they cannot
// disagree about a forge.
//
// It does no I/O, signs and verifies nothing, and has no clock: the time of issue
// is given. IDs of projects and users are made up from their names.
//
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens"; GitHub
// "OpenID Connect reference"; IAM User Guide, reference_policies_iam-condition-keys.
package oidc
