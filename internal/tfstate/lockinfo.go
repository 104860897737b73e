package tfstate

import (
	"encoding/json"
	"time"
)

// LockInfo is what an engine writes down when it locks a state: the body of a
// lock file, and of the requests to an HTTP backend.
// Source: OpenTofu's and Terraform's statemgr.LockInfo, as "force-unlock" shows it.
type LockInfo struct {
	// ID is what force-unlock asks for: a UUID.
	ID string
	// Operation is what the state was locked for: "OperationTypeApply".
	Operation string
	// Info is free text; engines leave it empty.
	Info string
	// Who is user@host.
	Who string
	// Version is the engine's.
	Version string
	// Created is when it was taken, by the holder's clock.
	Created time.Time
	// Path is where the state is, in the backend's own words.
	Path string
}

// ReadLock reads a lock. What is no lock of an engine's is a lock all the same,
// whose holder is unknown and whose ID is empty.
func ReadLock(raw []byte) *LockInfo {
	l := &LockInfo{}
	if err := json.Unmarshal(raw, l); err != nil || l.ID == "" {
		return &LockInfo{Who: "unknown", Operation: "unknown"}
	}
	return l
}

// Text returns the lock as engines write it.
func (l *LockInfo) Text() []byte {
	raw, err := json.Marshal(l)
	if err != nil { // strings and a time that JSON can hold
		panic(err)
	}
	return raw
}
