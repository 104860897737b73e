// Package sts is the sandbox's Security Token Service: who am I, and temporary
// credentials for roles, users and bearers of OIDC tokens.
//
// New makes the Service. Tokens are verified against the keys that an Issuers
// gives; Claims says which of a token's claims a trust policy can see, and is
// what a token explainer needs too.
//
// It keeps no state of its own: sessions live with IAM's identities. It
// decides nothing about access; the rows declare what the trust policy and the
// caller's policies must allow.
//
// Source: STS API Reference; IAM User Guide, id_credentials_temp.
package sts
