package rekey

import (
	"context"
	"sync"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Algorithms of S3's server-side encryption. Source: S3 API HeadObject.
const (
	SSES3  = "AES256"
	SSEKMS = "aws:kms"
	// dual is two layers of encryption, which S3 copies but never updates in place.
	dual = "aws:kms:dsse"
)

// Goal is how states are to be encrypted.
type Goal struct {
	// Algorithm is SSEKMS or SSES3.
	Algorithm string
	// KeyARN is the key of SSEKMS; "" of SSES3.
	KeyARN string
}

// Options say what is to be done. Bucket, Environments and Journal are required.
type Options struct {
	// Bucket is the state bucket, as the state account's owner sees it.
	Bucket *state.Bucket
	// Environments are taken one after the other, in this order.
	Environments []state.Environment
	// To is how the states are to be encrypted; nil: under each environment's own key.
	To *Goal
	// Workspace limits a stack's states to this workspace; "" is all of them.
	Workspace string
	// Version is the version of the one selected state that becomes the current one: an
	// S3 version ID, or a serial. "" is the current one. The encryption stays that of
	// the current version, unless To says otherwise.
	Version string
	// AllVersions updates the older versions too, and those of lock files.
	AllVersions bool
	// CountNeeds looks at every version when all is done, for Result.Needs.
	CountNeeds bool
	// Operation is what locks say that the state is locked for.
	Operation string
	// Journal is the directory in which locks are written down before they are taken.
	Journal string
	// Caller is the ARN of whose credentials Bucket has; "" leaves the bucket policy
	// unexplained when it refuses.
	Caller string
	// Prove checks what package rekey cannot: that the environment's principal reads the
	// state and that nobody else does. Nil: nothing more is checked. It is called with
	// the lock held, from several goroutines.
	Prove func(ctx context.Context, s Subject) error
	// Next is asked after an environment is done, if there is something to change in a
	// later one; an error ends the Run there. Nil: the Run goes on.
	Next func(done string) error
	// Report is told of each state that is done, from several goroutines. May be nil.
	Report func(Step)
	// Note is told what a person should know. May be nil.
	Note func(text string)
	// Limits are S3's and our own; the zero value is right for anything but tests.
	Limits Limits
	// At is called before each write of a file, with what is about to be written; an
	// error takes the write's place. For tests; may be nil.
	At func(point string) error
}

// Limits bound the work.
type Limits struct {
	// Copy is the most bytes that S3 copies in one request; more is copied part by part.
	// Zero: 5 GiB. Source: S3 API CopyObject.
	Copy int64
	// Part is the size of those parts, in bytes; zero: 512 MiB.
	Part int64
	// AtOnce is how many states of one environment are worked on at once; zero: 16.
	AtOnce int
	// Tries is how often a state is tried that others write meanwhile; zero: 5.
	Tries int
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		at   *int64
		want int64
	}{{&l.Copy, 5 << 30}, {&l.Part, 512 << 20}} {
		if *d.at == 0 {
			*d.at = d.want
		}
	}
	if l.AtOnce == 0 {
		l.AtOnce = 16
	}
	if l.Tries == 0 {
		l.Tries = 5
	}
	return l
}

// Subject is a state that was just written, or found to be right, and has to be
// proven.
type Subject struct {
	Target state.Target
	// Version is the current version's ID; "" without versioning.
	Version string
	// Encryption is what was asked for.
	Encryption statestore.Encryption
	// Snapshot is what the state held before, and has to hold.
	Snapshot *tfstate.Snapshot
}

// Step is progress.
type Step struct {
	// State is what was done; nil at the beginning of an environment.
	State *State
	// Environment is the one in work, Done and Total count its states.
	Environment string
	Done, Total int
}

// work is a plan being made or run.
type work struct {
	Options
	limits Limits
	// large is held while a large state is in memory.
	large sync.Mutex
	// bucketKey is the bucket's default.
	bucketKey bool
}

func (w *work) note(text string) {
	if w.Note != nil {
		w.Note(text)
	}
}

func (w *work) at(point string) error {
	if w.At == nil {
		return nil
	}
	return w.At(point)
}

// syncDir makes what was created or removed in the journal's directory last.
func (w *work) syncDir() error { return atomicfile.SyncDir(w.Journal) }
