package iam

import "time"

// Device is a virtual MFA device. Its key is "ACCOUNT/serial number".
type Device struct {
	Account string
	Path    string
	Name    string
	// Seed is the shared secret, base32 without padding.
	Seed    string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
	// Owner is the unique ID of the user it is enabled for, the account's ID
	// for the root user; empty: not assigned.
	Owner   string    `json:",omitempty"`
	Enabled time.Time `json:",omitzero"`
	// Step is the last time step whose code was accepted: neither it nor an
	// earlier one is accepted again.
	Step int64 `json:",omitempty"`
}
