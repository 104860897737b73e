// Package forge stands in for GitLab and GitHub inside the sandbox: it serves
// the OIDC discovery document and the JWKS of their issuers, and mints ID tokens
// with the claims that their pipelines really carry, each with its real type
// and absent where it really is absent.
//
// Call New, mount the Forge as the http.Handler of its Hosts, and call Mint with
// a TokenRequest (or GitLab and GitHub with typed fields). JWKS gives STS the
// keys of an issuer without a round trip. A Fault makes a token that must be
// refused: signed by a stranger's key, expired, "alg": "none", and so on.
//
// It does not run pipelines, check whether a project exists, or keep anything:
// the signing keys are made on first use and die with the process, as do the
// few minutes' worth of tokens that they signed. It knows the issuers that it was
// told of, and refuses all others by name.
//
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens";
// GitHub "OpenID Connect reference".
package forge
