package iam

import "time"

// LoginPart is a user's console password, kept as a salted hash.
type LoginPart struct {
	Salt, Hash []byte
	Created    time.Time
	Changed    time.Time
	Reset      bool `json:",omitempty"`
}
