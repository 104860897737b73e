// Package scan finds secrets that stand in a state in clear text.
//
// Start with State, which looks through what package tfstate opened: what the
// provider's schema or the state itself marks as sensitive, well-known formats,
// values by their name, and what looks drawn by lot. Placeholders looks through a
// stack's files, and a state, for secrets that are put by hand around the engine.
//
// A Finding never holds a secret: its length, and of a well-known format what all
// secrets of the kind begin with. Names that look like secrets are masked as well.
// It asks nobody whether a secret is valid, and does not look into files that a
// state only names.
//
// Source: Terraform and OpenTofu "Sensitive data in state", "Command: providers
// schema".
package scan
