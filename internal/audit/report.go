package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// Status is what came of a check.
type Status string

const (
	Holds         Status = "holds"
	FallsShort    Status = "falls short"
	CannotTell    Status = "cannot tell"
	NotApplicable Status = "not applicable"
)

// Result is what came of one check.
type Result struct {
	ID     string `json:"id"`
	Claim  string `json:"claim"`
	Status Status `json:"status"`
	// Why says why it does not apply or cannot be told; empty otherwise.
	Why        string      `json:"why"`
	Shortfalls []Shortfall `json:"shortfalls"`
}

// Report is the answer of an audit. Its JSON form is that of
// `strongroom audit --format json`: fields are only ever added.
type Report struct {
	FormatVersion int      `json:"format_version"`
	Account       string   `json:"account"`
	Region        string   `json:"region"`
	Results       []Result `json:"results"`
	// Holds tells that every claim that applies was checked and holds.
	Holds bool `json:"holds"`
}

// Options say what to audit.
type Options struct {
	// Room is the spec. Required.
	Room *room.Room
	// AWS has the credentials to read the account with.
	AWS aws.Config
	// Now is the time, for what is looked back at. Zero: the clock's.
	Now time.Time
	// Checks are the claims. Nil: All.
	Checks []*Check
	// Progress is told of every result, in order. Nil: nobody is.
	Progress func(Result)
}

// Run audits the account. The error is for credentials that do not work or
// belong to another account: then nothing was checked.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Checks == nil {
		o.Checks = All()
	}
	if o.Progress == nil {
		o.Progress = func(Result) {}
	}
	cfg := o.AWS.Copy()
	cfg.Region = o.Room.Region
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, &diag.Diagnostic{
			Rule: "audit-credentials", Summary: "AWS does not know who is asking: " + cause(err), Err: err,
			Why: "an audit reads the account with the credentials of the environment",
			Fix: "sign in to account " + o.Room.Account + ", or set AWS_PROFILE; strongroom credentials explain shows which credentials are used",
		}
	}
	if *who.Account != o.Room.Account {
		return nil, &diag.Diagnostic{
			Rule: "audit-account", Summary: fmt.Sprintf("the credentials belong to account %s, the spec is about %s", *who.Account, o.Room.Account),
			Why: "the claims of one room say nothing of another account",
			Fix: "use credentials of account " + o.Room.Account,
		}
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	a := &Account{Room: o.Room, Now: o.Now, cfg: cfg}
	r := &Report{FormatVersion: 1, Account: o.Room.Account, Region: o.Room.Region, Results: []Result{}, Holds: true}
	for _, c := range o.Checks {
		result := c.run(ctx, a)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.Results = append(r.Results, result)
		r.Holds = r.Holds && (result.Status == Holds || result.Status == NotApplicable)
		o.Progress(result)
	}
	return r, nil
}

func (c *Check) run(ctx context.Context, a *Account) Result {
	r := Result{ID: c.Lock, Claim: c.Claim, Status: Holds, Shortfalls: []Shortfall{}}
	if c.Without != nil {
		if r.Why = c.Without(a.Room); r.Why != "" {
			r.Status = NotApplicable
			return r
		}
	}
	f := &Finder{shortfalls: r.Shortfalls}
	err := c.Do(ctx, a, f)
	r.Shortfalls = f.shortfalls
	switch {
	case len(r.Shortfalls) > 0:
		r.Status = FallsShort
	case err != nil:
		r.Status = CannotTell
	}
	if err != nil {
		r.Why = cause(err)
	}
	return r
}

// Undecided tells whether some claim could not be checked.
func (r *Report) Undecided() bool { return r.count(CannotTell) > 0 }

// Short tells whether some claim falls short.
func (r *Report) Short() bool { return r.count(FallsShort) > 0 }

func (r *Report) count(s Status) (n int) {
	for i := range r.Results {
		if r.Results[i].Status == s {
			n++
		}
	}
	return n
}

// cause is what an error of AWS says, without the SDK's wrapping.
func cause(err error) string {
	var api smithy.APIError
	var operation *smithy.OperationError
	switch {
	case errors.As(err, &api) && errors.As(err, &operation):
		return fmt.Sprintf("%s: %s: %s", operation.OperationName, api.ErrorCode(), api.ErrorMessage())
	case errors.As(err, &api):
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

// marks stand before a result.
var marks = map[Status]string{Holds: "ok", FallsShort: "SHORT", CannotTell: "?", NotApplicable: "-"}

// Text writes the report for a person.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	widest := 0
	for _, c := range r.Results {
		widest = max(widest, len(c.ID))
	}
	fmt.Fprintf(&b, "Account %s, %s\n\n", r.Account, r.Region)
	for _, c := range r.Results {
		fmt.Fprintf(&b, "%-5s  %-*s  %s\n", marks[c.Status], widest, c.ID, c.Claim)
		indent := strings.Repeat(" ", 5+2+widest+2)
		for _, s := range c.Shortfalls {
			fmt.Fprintf(&b, "%s%s: %s\n%s  mend: %s\n", indent, s.Resource, s.Found, indent, s.Mend)
		}
		if c.Why != "" {
			fmt.Fprintf(&b, "%s%s\n", indent, c.Why)
		}
	}
	fmt.Fprintf(&b, "\n%d hold, %d fall short, %d cannot be told, %d do not apply\n",
		r.count(Holds), r.count(FallsShort), r.count(CannotTell), r.count(NotApplicable))
	_, err := io.WriteString(w, b.String())
	return err
}
