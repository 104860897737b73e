package iam

import "time"

// AccessKey is a long-term access key. Its key is its ID.
type AccessKey struct {
	ID, Secret string
	Account    string
	// User is the unique ID of the key's user; empty: the root user.
	User     string `json:",omitempty"`
	Inactive bool   `json:",omitempty"`
	Created  time.Time
}
