// Package forge stands in for GitLab and GitHub inside the sandbox: it serves
// the OIDC discovery document and the JWKS of their issuers, and mints ID tokens
// with the claims that their pipelines really carry, each with its real type
// and absent where it really is absent. For GitLab it also keeps Terraform states
// (/api/v4/projects/:id/terraform/state), and mints the access tokens that they ask
// for.
//
// Call New, mount the Forge as the http.Handler of its Hosts, and call Mint with
// a TokenRequest (or GitLab and GitHub with typed fields). JWKS gives STS the
// keys of an issuer without a round trip. A Fault makes a token that must be
// refused: signed by a stranger's key, expired, "alg": "none", and so on.
//
// A project of the state API is there once MintAccess was asked for a token of it, and
// so are its members; every project is private. Where GitLab would answer 5xx, which
// engines repeat, the Forge answers 4xx and the comment there says so.
//
// It does not run pipelines, has no other API of GitLab's (GraphQL, state protection
// rules), and of the ID tokens' side keeps nothing: the signing keys are made on first
// use and die with the process, as do the few minutes' worth of tokens that they
// signed. It knows the issuers that it was told of, and refuses all others by name.
//
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens",
// "GitLab-managed Terraform/OpenTofu state" and the source of GitLab 18 where it is
// named; GitHub "OpenID Connect reference".
package forge
