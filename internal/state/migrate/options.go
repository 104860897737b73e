package migrate

import (
	"fmt"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Options say which stack is moved, and where to. All fields without "may be" are
// required; Engine by Run alone.
type Options struct {
	// Environment and Stack are its names, for people.
	Environment, Stack string
	// Dir is the stack's root module.
	Dir string
	// Home is the directory for journals, which hold neither states nor secrets. It
	// exists.
	Home string
	// To is the backend block of the destination. Retire does not use it.
	To backend.Block
	// Bucket is the spec's state bucket, and Account the one that it must belong to.
	// Other buckets are used as they are. May be empty.
	Bucket, Account string
	// Locking is whether lock files may be written in buckets.
	Locking bool
	// Engine runs in Dir, in an environment with the credentials of AWS and those of
	// the http backend.
	Engine *engine.Engine
	// AWS are the credentials for the checks that are made without the engine. Its
	// region is not used.
	AWS aws.Config
	// Getenv tells TF_HTTP_USERNAME and TF_HTTP_PASSWORD.
	Getenv func(string) string
	// Report is told when a step begins and ends. May be nil.
	Report func(Step)
	// Note is told in one line what a person should know. May be nil.
	Note func(string)
	// At is called before each step and each file that is written, with what comes, so
	// that a test can stop the process there. May be nil.
	At func(point string)
	// Write replaces a file's content. Nil: written beside it, synced, renamed. Tests
	// make it fail.
	Write func(path string, data []byte) error
}

// Step is the begin or the end of a step.
type Step struct {
	Name string `json:"name"`
	// Ended is false at the begin.
	Ended bool `json:"-"`
	// Seconds is the wall time. Only at the end.
	Seconds float64 `json:"seconds"`
}

// Workspace is one state of the stack.
type Workspace struct {
	Name string `json:"name"`
	// From and To name the places: "s3://BUCKET/KEY", an address, a path.
	From string `json:"from"`
	To   string `json:"to"`
	// Before is the source's state; nil: it has none, or nothing in it.
	Before *tfstate.Snapshot `json:"before"`
	// There is what the destination had before; nil: nothing.
	There *tfstate.Snapshot `json:"destination_before"`
	// After is what the destination has now; nil before a move, and without a state.
	After *tfstate.Snapshot `json:"after"`
	// Encryption is how the destination encrypts it, after a move.
	Encryption statestore.Encryption `json:"encryption"`
}

// Result is what a move would do, or did.
type Result struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Dir         string `json:"dir"`
	// From and To are kinds of backend: "s3", "http", "local".
	From string `json:"from"`
	To   string `json:"to"`
	// Workspaces have the default one first. Never nil.
	Workspaces []Workspace `json:"workspaces"`
	// Home is true when the states are there already, and there is nothing to do.
	Home bool `json:"already_there"`
	// Unfinished is true when an earlier move was killed, and this goes on with it.
	Unfinished bool `json:"unfinished"`
	// Changed is whether anything was done.
	Changed bool `json:"changed"`
	// Left are the states that earlier moves and this one left, and that are not retired.
	// Never nil.
	Left []LeftCopy `json:"left"`
	// Steps that ran, in order. Never nil.
	Steps []Step `json:"steps"`
}

func (o *Options) check() error {
	for _, f := range []struct{ name, value string }{{"Stack", o.Stack}, {"Dir", o.Dir}, {"Home", o.Home}} {
		if f.value == "" {
			return fmt.Errorf("migrate: Options.%s is empty", f.name)
		}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	o.Dir = dir
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Report == nil {
		o.Report = func(Step) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.At == nil {
		o.At = func(string) {}
	}
	if o.Write == nil {
		o.Write = func(path string, data []byte) error { return atomicfile.Write(path, data, 0o600) }
	}
	return nil
}

func (o *Options) file(name string) string { return filepath.Join(o.Dir, name) }
