package statestore

import (
	"context"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Store is the place of one state, the default workspace's or another's. It is
// safe for concurrent use. Errors never show what a state holds.
type Store interface {
	// Kind is the backend's type: "s3", "http", "local".
	Kind() string
	// Where names the place: "s3://bucket/key", an https address, a path.
	Where() string
	// Head tells what is known of the state without reading it; nil if there is
	// none.
	Head(ctx context.Context) (*Info, error)
	// Read returns a version of the state, as a Version's ID names it; "" is the
	// current one. The error is ErrNone if there is no such state or version. What
	// it returns is secret.
	Read(ctx context.Context, version string) ([]byte, error)
	// Versions lists what is kept, the newest first. A place that keeps the current
	// one only returns that. Empty: there is none.
	Versions(ctx context.Context) ([]Version, error)
	// Lock takes the engines' lock. If somebody has it the error is a *LockedError.
	Lock(ctx context.Context, l *tfstate.LockInfo) error
	// Unlock gives back the lock with that ID. It does nothing when the state is not
	// locked, and is a *LockedError when somebody else has the lock.
	Unlock(ctx context.Context, id string) error
	// Locked tells who has the lock; nil if nobody has.
	Locked(ctx context.Context) (*tfstate.LockInfo, error)
}

// ErrNone says that there is no such state.
var ErrNone = errors.New("there is no state")

// ErrCannotTell says that a place does not show what was asked: GitLab does not say
// who has a lock until somebody tries to take it.
var ErrCannotTell = errors.New("the backend does not tell")

// ErrChanged says that somebody wrote to a state since it was looked at.
var ErrChanged = errors.New("somebody has written to it meanwhile")

var errNoLockID = errors.New("a lock is given back by its ID")

// Info is what is known of a state, or of a version of it, without reading it.
type Info struct {
	// Version names what was looked at; "" where the place does not name versions.
	Version string
	// Size is in bytes; -1 when the place does not tell.
	Size int64
	// Modified is when it was written; zero when the place does not tell.
	Modified time.Time
	// ETag is S3's, with its quotes; "" elsewhere.
	ETag string
	// Encryption is how the place encrypts it.
	Encryption Encryption
}

// Encryption is how a place encrypts a state at rest.
type Encryption struct {
	// Algorithm is S3's: "AES256", "aws:kms", "aws:kms:dsse"; "" when the place does
	// not tell, or when it does not encrypt.
	Algorithm string `json:"algorithm"`
	// KeyARN is the KMS key's ARN; "" without one.
	KeyARN string `json:"kms_key_arn"`
	// BucketKey is whether an S3 Bucket Key is used, and so whether the encryption
	// context is the bucket's ARN instead of the object's.
	BucketKey bool `json:"bucket_key"`
}

// Version is one state that was kept.
type Version struct {
	// ID is S3's version ID or GitLab's serial; "" for a file.
	ID string
	// Current is true of the state that an engine would read.
	Current bool
	// Deleted marks a delete marker: no state, but the mark that there was none.
	Deleted bool
	// Written is when; zero when the place does not tell.
	Written time.Time
	// Size is in bytes; -1 when the place does not tell.
	Size int64
	ETag string
}

// LockedError says that somebody else has the lock.
type LockedError struct {
	// Where is the state's place.
	Where string
	// Holder is never nil; its ID is empty when the place does not tell.
	Holder *tfstate.LockInfo
}

func (e *LockedError) Error() string {
	text := e.Where + " is locked by " + e.Holder.Who
	if e.Holder.Who == "" || e.Holder.Who == "unknown" {
		text = e.Where + " is locked by somebody who is not told"
	}
	if e.Holder.Operation != "" && e.Holder.Operation != "unknown" {
		text += " for " + e.Holder.Operation
	}
	if !e.Holder.Created.IsZero() {
		text += " since " + e.Holder.Created.UTC().Format(time.RFC3339)
	}
	if e.Holder.ID != "" {
		text += " (lock " + e.Holder.ID + ")"
	}
	return text
}
