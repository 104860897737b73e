package bootstrap

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// Options are what Run needs to know. All fields without "may be" are required.
type Options struct {
	// Dir is the room's directory; the journal lies in Dir/.strongroom.
	Dir string
	// Stack is the directory of the bootstrap stack, Dir/bootstrap as a rule.
	Stack string
	// Account is the 12 digits of the account that the room is built in.
	Account string
	// Region is where the bucket and its key live.
	Region string
	// Bucket is the name of the state bucket.
	Bucket string
	// KeyAlias is the alias of the key that encrypts the room's own states,
	// with "alias/" in front.
	KeyAlias string
	// StateKey is the object key of this stack's state: "bootstrap/terraform.tfstate".
	StateKey string
	// Others are the stacks that come after, whose backend names the bucket and
	// is given the key. May be nil; one whose directory is missing is left out.
	Others []Stack
	// Backend returns the text of a stack's backend.tf, by the stack's name (for
	// Stack the last element of its path). It is used where that file holds
	// nothing else. May be nil: the block is edited.
	Backend func(stack, keyARN string) ([]byte, error)
	// Engine runs in Stack, in an environment with the credentials of AWS.
	Engine *engine.Engine
	// AWS are the same credentials for the checks that Run makes itself. Its
	// region is not used.
	AWS aws.Config
	// Check refuses stacks that must not be applied (package room checks
	// provider blocks). May be nil.
	Check func() error
	// Confirm is asked before a plan is applied. Nil: every plan is refused.
	Confirm func(ctx context.Context, p Proposal) (bool, error)
	// Report is told when a step begins and ends. May be nil.
	Report func(Step)
	// Note is told in one line what a person should know: that something was
	// adopted, unlocked or set aside. May be nil.
	Note func(string)
	// Silence is how long AWS may answer nothing before an engine command is
	// stopped. Zero: one minute.
	Silence time.Duration
	// Clock may be nil: time.Now.
	Clock func() time.Time
	// At is called before and after each step with "before apply", "after
	// apply", so that a test can stop the process there. May be nil.
	At func(point string)
	// Write replaces a file's content. Nil: written beside it, synced, renamed.
	// Tests make it fail.
	Write func(path string, data []byte) error
}

// Stack is a stack that keeps its state in the bucket.
type Stack struct{ Name, Dir, StateKey string }

// Proposal is a plan that waits for a person.
type Proposal struct {
	// Text is the plan as the engine shows it.
	Text string
	// Adopted are the addresses of things that are already in the account and
	// are taken into the state instead of being made again. Never nil.
	Adopted []string
}

// Step is the begin or the end of a step.
type Step struct {
	Name string `json:"name"`
	// Ended is false at the begin.
	Ended bool `json:"-"`
	// Done is true when there was nothing left to do. Only at the end.
	Done bool `json:"already_done"`
	// Seconds is the wall time. Only at the end.
	Seconds float64 `json:"seconds"`
}

// Result is what a run that came to its end did and found.
type Result struct {
	// Steps that ran, in order. Never nil.
	Steps []Step
	// Changed is false when the room was already as it should be.
	Changed bool
	// Adopted as in Proposal, of the plan that was applied. Never nil.
	Adopted []string
	// Where the state is, and the key it is encrypted under (an ARN).
	Bucket, StateKey, Region, KMSKeyARN string
	// Serial and Lineage of the state; Digest is the SHA-256 of its resources
	// and outputs in a canonical form, in hex.
	Serial          uint64
	Lineage, Digest string
}

func (o *Options) check() error {
	for _, f := range []struct{ name, value string }{
		{"Dir", o.Dir}, {"Stack", o.Stack}, {"Account", o.Account}, {"Region", o.Region},
		{"Bucket", o.Bucket}, {"KeyAlias", o.KeyAlias}, {"StateKey", o.StateKey},
	} {
		if f.value == "" {
			return fmt.Errorf("bootstrap: Options.%s is empty", f.name)
		}
	}
	if o.Engine == nil {
		return fmt.Errorf("bootstrap: Options.Engine is nil")
	}
	if o.Confirm == nil {
		o.Confirm = func(context.Context, Proposal) (bool, error) { return false, nil }
	}
	if o.Report == nil {
		o.Report = func(Step) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Silence <= 0 {
		o.Silence = silence
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.At == nil {
		o.At = func(string) {}
	}
	if o.Write == nil {
		o.Write = replaceFile
	}
	return nil
}

// house is the directory for what is the program's own.
func (o *Options) house() string { return filepath.Join(o.Dir, ".strongroom") }

func (o *Options) stack(name string) string { return filepath.Join(o.Stack, name) }
