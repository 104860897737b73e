// Package sandbox is a local AWS: accounts, identities and policies that are
// really enforced, in one process.
//
// Start runs it. Tools reach it with environment variables alone (Sandbox.Env):
// it is an HTTP proxy that answers for *.amazonaws.com and for the forge's OIDC
// issuers with certificates of its own, and tunnels other hosts untouched. It is
// also a plain endpoint, for AWS_ENDPOINT_URL, over http and https on one port.
// It listens on loopback only.
//
// State is in memory unless Options.DataDir is set. Operations that it does not
// implement are refused by name, never answered.
//
// Source: design.md of the project, "The sandbox"; the AWS pages are named
// where a behaviour is copied.
package sandbox
