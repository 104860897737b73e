package lock

import (
	"context"
	"fmt"
	"time"
)

// Lock is one claim about the room that must hold.
type Lock struct {
	// ID is short and stable, "plain-http".
	ID string
	// Claim is one English sentence.
	Claim string
	// Enforced says where the text that enforces the claim stands: a module's
	// file and the Sid or block.
	Enforced string
	// Controls are requests that must succeed. They show that the attacks are
	// refused for what they do, and not because nothing works. May be empty
	// where the claim itself says that something works.
	Controls []Attack
	// Attacks must all be refused, or, where Attack.Want says so, answered.
	Attacks []Attack
	// Without says why the lock does not apply to a room, such as one that has
	// nothing of what the claim is about; "" when it applies. Nil: it always does.
	Without func(w *World) string
	// TakeOff removes the lock from the world, for the mutation test. It
	// returns how to put it back.
	TakeOff func(ctx context.Context, w *World) (putBack func() error, err error)
	// Open are further ways to take the lock off, most of them so wide that every
	// single request of some attacks is let through: none of them is refused for
	// another reason than the lock. Nil: TakeOff shows it.
	Open []Opening
}

// Opening is a way to open the world for somebody, for a mutation test.
type Opening struct {
	// By is the Attack's whose requests must then be let through, and Request is a part
	// of what they say; empty: whatever they say.
	By, Request string
	// Some tells that it is enough that some of an attack's requests are.
	Some bool
	// Do opens it, and returns how to put it back.
	Do func(ctx context.Context, w *World) (putBack func() error, err error)
}

// Applies tells whether the room has what the claim is about, and if not why.
func (l *Lock) Applies(w *World) (why string, applies bool) {
	if l.Without != nil {
		why = l.Without(w)
	}
	return why, why == ""
}

// KindEvent is the kind of an attempt that is nobody's: something happens, and
// the claim is about what comes of it.
const KindEvent = "event"

// KindCheck is the kind of an attempt that nobody means ill with: what is claimed is
// looked at, and has to be so.
const KindCheck = "check"

// Attack is one attempt.
type Attack struct {
	// Kind is KindEvent, KindCheck, or empty: somebody tries what must be refused.
	Kind string
	// By is who tries, in words.
	By string
	// Request is what is tried, in words.
	Request string
	// Do makes the attempt. Its error means that the attempt could not be
	// judged; a refusal is an Outcome.
	Do func(ctx context.Context, w *World) (Outcome, error)
}

// Outcome is what came of an attempt.
type Outcome struct {
	// Answer in the words of the one who gave it: "AccessDenied", "allowed",
	// "plan refused".
	Answer string
	// Refused tells whether the attempt failed as the claim says it must.
	Refused bool
	// DecidedBy names the statement, block or rule that decided.
	DecidedBy string
	// Cells are the single answers of an attempt that was made with many tokens.
	// Nil: it was one attempt.
	Cells []Cell
	// Alerts is what an event led to. Nil: the attempt was none.
	Alerts *AlertCount

	// kept are the requests, of an attempt that is made of several, that were refused
	// and that policies could let through.
	kept []string
}

// Kept names the requests of an attempt that were refused and that some policy could
// have let through, for a mutation test. Empty: none, or the attempt is one request.
func (o Outcome) Kept() []string { return o.kept }

// Result is what a lock's attempts came to.
type Result struct {
	ID       string          `json:"id"`
	Claim    string          `json:"claim"`
	Enforced string          `json:"enforced"`
	Controls []AttemptResult `json:"controls"`
	Attacks  []AttemptResult `json:"attacks"`
	Holds    bool            `json:"holds"`
	// Seconds is the wall time of all attempts.
	Seconds float64 `json:"seconds"`
}

// AttemptResult is one attempt and its answer.
type AttemptResult struct {
	// Kind is the Attack's; absent where it is empty.
	Kind      string `json:"kind,omitempty"`
	By        string `json:"by"`
	Request   string `json:"request"`
	Answer    string `json:"answer"`
	DecidedBy string `json:"decided_by"`
	// Failed marks the attempt that broke the claim: an attack that was not
	// refused or a control that was.
	Failed bool `json:"failed"`
	// Cells are those of the Outcome; absent where there are none.
	Cells []Cell `json:"cells,omitempty"`
	// Alerts is that of the Outcome; absent where there is none.
	Alerts *AlertCount `json:"alerts,omitempty"`
}

// Try makes every control and every attack, in order, even after one has shown
// that the lock does not hold. An error means that the lock could not be
// judged.
func (l *Lock) Try(ctx context.Context, w *World) (Result, error) {
	began := time.Now()
	r := Result{ID: l.ID, Claim: l.Claim, Enforced: l.Enforced, Holds: true, Controls: []AttemptResult{}, Attacks: []AttemptResult{}}
	try := func(a Attack, want bool) (AttemptResult, error) {
		out, err := a.Do(ctx, w)
		if err != nil {
			return AttemptResult{}, fmt.Errorf("lock %s: %s: %s: %w", l.ID, a.By, a.Request, err)
		}
		if out.Refused != want {
			r.Holds = false
		}
		return AttemptResult{
			Kind: a.Kind, By: a.By, Request: a.Request, Answer: out.Answer, DecidedBy: out.DecidedBy,
			Failed: out.Refused != want, Cells: out.Cells, Alerts: out.Alerts,
		}, nil
	}
	for _, c := range l.Controls {
		a, err := try(c, false)
		if err != nil {
			return r, err
		}
		r.Controls = append(r.Controls, a)
	}
	for _, c := range l.Attacks {
		a, err := try(c, true)
		if err != nil {
			return r, err
		}
		r.Attacks = append(r.Attacks, a)
	}
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}
