package verify

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Status is the answer of a check.
type Status string

const (
	// OK is a yes, tried or decided.
	OK Status = "ok"
	// Failed is a no.
	Failed Status = "failed"
	// Unknown: it could not be told.
	Unknown Status = "unknown"
	// Skipped: it does not apply.
	Skipped Status = "skipped"
)

// The checks, in the order in which they are made.
const (
	Exists         = "exists"
	Encryption     = "encryption"
	BucketKey      = "bucket-key"
	KeyUsable      = "key-usable"
	Contents       = "contents"
	PrincipalReads = "principal-reads"
	ReaderRefused  = "reader-refused"
	PlanIsNoOp     = "plan-no-op"
)

// Finding is the answer of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Decided is true of an answer that was worked out from policies and not tried.
	Decided bool `json:"decided"`
	// Detail says what was found, in half a sentence.
	Detail string `json:"detail"`
	// Fix is a command or an edit; "" when there is nothing to mend.
	Fix string `json:"fix"`
}

// Result is what was found of one state.
type Result struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	// Where names the place: "s3://bucket/key".
	Where    string    `json:"where"`
	Findings []Finding `json:"findings"`
	// Snapshot is what was read; nil if nothing was.
	Snapshot *tfstate.Snapshot `json:"snapshot"`
	// Info is what the place said without its being read; nil if there is no state, or it
	// was not told.
	Info *statestore.Info `json:"-"`
}

// Status is the worst of the findings: Failed, then Unknown, else OK.
func (r *Result) Status() Status {
	worst := OK
	for _, f := range r.Findings {
		switch f.Status {
		case Failed:
			return Failed
		case Unknown:
			worst = Unknown
		}
	}
	return worst
}

// Finding returns the answer of a check; nil if it was not made.
func (r *Result) Finding(check string) *Finding {
	for i := range r.Findings {
		if r.Findings[i].Check == check {
			return &r.Findings[i]
		}
	}
	return nil
}

// Err is nil if no check failed and none was unknown, else a diag.List with one
// diagnostic for each.
func (r *Result) Err() error {
	list := diag.List{}
	for _, f := range r.Findings {
		if f.Status != Failed && f.Status != Unknown {
			continue
		}
		what := "does not verify"
		if f.Status == Unknown {
			what = "cannot be verified"
		}
		list = append(list, &diag.Diagnostic{Rule: "state-" + f.Check, Summary: fmt.Sprintf("%s %s: %s", r.Where, what, f.Detail), Why: meaning[f.Check], Fix: f.Fix})
	}
	return list.Err()
}

// meaning is why each check is made.
var meaning = map[string]string{
	Exists:         "a state that is not there has been lost, or was never written",
	Encryption:     "whoever may read the bucket reads a state that is not under its environment's own key",
	KeyUsable:      "what is encrypted under a key that is off, or about to be deleted, is read by nobody",
	Contents:       "what was done to a state must not change it",
	PrincipalReads: "the next pipeline could not read its state",
	ReaderRefused:  "s3:GetObject alone must not reveal a state",
	PlanIsNoOp:     "a plan with something to do says that the state is not what it was, or that the stack has changed",
}

func (r *Result) add(check string, s Status, fix, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Check: check, Status: s, Detail: fmt.Sprintf(format, args...), Fix: fix})
}

// decided marks the last finding as worked out, not tried.
func (r *Result) decided() {
	f := &r.Findings[len(r.Findings)-1]
	f.Decided = true
	f.Detail = strings.TrimSuffix(f.Detail, ".") + " (decided, not tried)"
}
