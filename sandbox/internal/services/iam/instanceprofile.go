package iam

import "time"

// InstanceProfile holds at most one role. Its key is "ACCOUNT/lower-name".
type InstanceProfile struct {
	Account string
	Name    string
	Path    string
	ID      string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
	// Role is the unique ID of the role; empty: none.
	Role string `json:",omitempty"`
}
