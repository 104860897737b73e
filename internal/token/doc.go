// Package token reads an OIDC ID token for a person: what it says, whether its
// issuer signed it, and what is wrong with it.
//
// Read parses the text of a token. Keys come from a file (ParseKeys) or from the
// issuer itself (Fetcher.Keys, by OpenID Connect Discovery). Token.Inspect puts
// both together into a Report, which prints itself for people and as JSON.
//
// The token, its parts and its signature are never in anything that the package
// returns, prints or puts in an error. Keys and URLs that a token brings along in
// its header (jwk, jku, x5c, x5u) are never used. The package decides nothing
// about roles: that is package trust's.
//
// Source: RFC 7515, RFC 7517, RFC 7519, RFC 8725; OpenID Connect Core and
// Discovery 1.0; what AWS STS takes: IAM User Guide, id_roles_providers_oidc and
// id_roles_providers_create_oidc; STS API_AssumeRoleWithWebIdentity.
package token
