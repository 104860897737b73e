package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// rekeyAnswer is the answer of "strongroom state rekey" and "state rollback" with
// --format json.
type rekeyAnswer struct {
	FormatVersion int `json:"format_version"`
	// Done is false of a plan, and of a run that stopped; Proven is true of a run that is
	// done if every check of every state was a yes.
	Done         bool                 `json:"done"`
	Proven       bool                 `json:"proven"`
	Environments []*rekey.Environment `json:"environments"`
	// Difference is what a rollback to a version changes.
	Difference *rekey.Difference `json:"difference,omitempty"`
	// Checks are those of the states that were done.
	Checks []*verify.Result `json:"checks"`
	// Released are locks that a killed run had left.
	Released []rekey.Released `json:"released"`
	// Needs are the keys that versions are under and that were not asked for; only a
	// rollback looks for them.
	Needs []rekey.Need `json:"needs"`
}

// run shows the plan, asks, and does it.
func (k *rekeying) run(ctx context.Context, change *changeFlags, format string) error {
	p, err := rekey.NewPlan(ctx, k.options)
	if err != nil {
		return err
	}
	answer := rekeyAnswer{FormatVersion: 1, Environments: p.Environments, Difference: p.Difference, Checks: []*verify.Result{}, Released: []rekey.Released{}, Needs: p.Needs}
	out := k.env.Stdout
	if format == "json" {
		out = io.Discard
	}
	if err := printPlan(out, p); err != nil {
		return err
	}
	if err := k.foretell(ctx); err != nil {
		return err
	}
	states, versions := p.Changes()
	yes := !change.plan && states+versions == 0 // what is there is proven, which changes nothing
	if !yes {
		if yes, err = change.proceed(ctx, k.env, question(states, versions)); err != nil {
			return err
		}
	}
	if !yes {
		if format == "json" {
			return writeJSON(k.env.Stdout, answer)
		}
		return k.printNeeds(out, p.Needs, k.env.Stdout == out)
	}
	r, failed := p.Run(ctx)
	k.view.clear()
	answer.Done, answer.Proven, answer.Released, answer.Needs = failed == nil, failed == nil, r.Released, r.Needs
	for _, e := range p.Environments {
		for _, s := range e.States {
			c := k.checks[s.Key]
			if c == nil {
				continue
			}
			answer.Checks = append(answer.Checks, c)
			answer.Proven = answer.Proven && c.Status() == verify.OK
			if c.Status() == verify.Failed {
				failed = &diag.ExitError{Code: diag.No, Err: failed}
			}
		}
	}
	if format == "json" {
		err = writeJSON(k.env.Stdout, answer)
	} else if err = k.printResult(out, r); err == nil && failed == nil {
		err = k.printNeeds(out, r.Needs, true)
	}
	switch {
	case failed != nil:
		return failed
	case err == nil && !answer.Proven:
		return &diag.ExitError{Code: diag.Undecided}
	}
	return err
}

func question(states, versions int) string {
	parts := []string{}
	if states > 0 {
		parts = append(parts, "copy "+count(states, "state"))
	}
	if versions > 0 {
		parts = append(parts, "change the encryption of "+count(versions, "older version"))
	}
	q := strings.Join(parts, " and ") + "?"
	return strings.ToUpper(q[:1]) + q[1:]
}

// printPlan prints a table for each environment.
func printPlan(w io.Writer, p *rekey.Plan) error {
	for _, e := range p.Environments {
		fmt.Fprintf(w, "%s: %s\n", e.Name, sse(e.Goal, true))
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  STATE\tNOW\tTHEN\tOLDER VERSIONS")
		for _, s := range e.States {
			then := sse(s.Then, false)
			versions := fmt.Sprint(s.Versions)
			switch s.Action {
			case rekey.Absent:
				then = "there is no state"
			case rekey.Keep:
				then = "as it is"
			case rekey.Restore:
				then = "version of serial " + fmt.Sprint(p.Difference.To.Serial) + ", " + then
			}
			if s.Outdated >= 0 {
				versions += fmt.Sprintf(", %d to change, lock files included", s.Outdated)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", s.Key, sse(s.Now, false), then, versions)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if p.Difference != nil {
		return printDifference(w, p.Difference)
	}
	return nil
}

// sse says how something is encrypted: in full, or with the key's ID alone.
func sse(e statestore.Encryption, full bool) string {
	key := e.KeyARN
	if !full {
		key = key[strings.LastIndexByte(key, '/')+1:]
		if len(key) == 36 {
			key = key[:8] // a UUID
		}
	}
	switch e.Algorithm {
	case "":
		return "-"
	case rekey.SSES3:
		return "SSE-S3"
	case rekey.SSEKMS:
		key = "SSE-KMS " + key
	default:
		key = e.Algorithm + " " + key
	}
	if e.BucketKey && full {
		key += ", by a Bucket Key"
	}
	return key
}

// printResult says what was done, environment by environment.
func (k *rekeying) printResult(w io.Writer, r *rekey.Result) error {
	fmt.Fprintln(w)
	for _, l := range r.Released {
		fmt.Fprintf(w, "released the lock %s of %s, which a killed run of %s had left\n", l.ID, l.Key, l.Who)
	}
	for _, e := range r.Environments {
		proven, open, written, updated, older := 0, 0, 0, 0, 0
		for _, s := range e.States {
			if s.Written && !s.Done {
				fmt.Fprintf(w, "%s was copied and is NOT proven; what it was before is kept as version %s. Mend what is named and run this again, or take it back:\n  strongroom state rollback %s --env %s --stack %s\n", s.Key, s.Replaced, wayBack(s), s.Environment, s.Stack)
			}
			if !s.Done {
				continue
			}
			switch c := k.checks[s.Key]; {
			case c == nil: // there is no state
			case c.Status() == verify.OK:
				proven++
			default:
				open++
			}
			if s.Written {
				written++
			}
			updated += s.Updated
			older += s.Versions
		}
		fmt.Fprintf(w, "%s: %d of %s done: %d copied, %d proven to be %s\n", e.Name, doneOf(e), count(len(e.States), "state"), written, proven, sse(e.Goal, true))
		if open > 0 {
			fmt.Fprintf(w, "  NOT PROVEN: of %s not everything could be told\n", count(open, "state"))
			k.printUnknown(w, e)
		}
		switch {
		case k.options.AllVersions:
			fmt.Fprintf(w, "  %s changed in place\n", count(updated, "older version"))
		case k.options.To == nil && k.options.Version == "" && older+written > 0:
			fmt.Fprintf(w, "  older versions stay as they are, and there are %d now: --all-versions changes them\n", older+written)
		}
	}
	decided := 0
	for _, c := range k.checks {
		for _, f := range c.Findings {
			if f.Decided {
				decided++
			}
		}
	}
	if decided > 0 {
		fmt.Fprintf(w, "%s decided from policies and not tried; to try them: strongroom state verify --principal-profile ENV=PROFILE --reader-profile PROFILE\n", count(decided, "answer"))
	}
	return nil
}

// printUnknown prints what could not be told of an environment's states, each answer
// once, in the order of the states.
func (k *rekeying) printUnknown(w io.Writer, e *rekey.Environment) {
	list, states := []verify.Finding{}, map[verify.Finding]int{}
	for _, s := range e.States {
		if c := k.checks[s.Key]; c != nil && s.Done {
			for _, f := range c.Findings {
				if f.Status != verify.Unknown {
					continue
				}
				if states[f]++; states[f] == 1 {
					list = append(list, f)
				}
			}
		}
	}
	const shown = 5
	for i, f := range list {
		if i == shown {
			fmt.Fprintf(w, "  and %d more: strongroom state verify --env %s\n", len(list)-shown, e.Name)
			break
		}
		fmt.Fprintf(w, "  unknown  %s, of %s: %s\n", f.Check, count(states[f], "state"), diag.Visible(f.Detail))
		if f.Fix != "" {
			fmt.Fprintf(w, "           mend: %s\n", f.Fix)
		}
	}
}

// wayBack are the flags of the rollback to what a state was before.
func wayBack(s *rekey.State) string {
	switch {
	case s.Action == rekey.Restore:
		return "--to-version " + s.Replaced
	case s.Now.Algorithm == rekey.SSES3:
		return "--to sse-s3"
	}
	return "--to-key " + s.Now.KeyARN
}

func doneOf(e *rekey.Environment) (n int) {
	for _, s := range e.States {
		if s.Done {
			n++
		}
	}
	return n
}

// done is what became of a state, in a word or two.
func done(s *rekey.State) string {
	switch s.Action {
	case rekey.Absent:
		return "there is no state"
	case rekey.Keep:
		return "was right"
	}
	return "copied"
}

// printNeeds names what still needs a key that is to go.
func (k *rekeying) printNeeds(w io.Writer, needs []rekey.Need, also bool) error {
	if !also {
		return nil
	}
	const shown = 20
	for _, n := range needs {
		need := "need"
		if len(n.Objects) == 1 {
			need = "needs"
		}
		fmt.Fprintf(w, "\n%s still %s %s:\n", count(len(n.Objects), "version"), need, n.KeyARN)
		for i, o := range n.Objects {
			if i == shown {
				fmt.Fprintf(w, "  and %d more: --format json names them all\n", len(n.Objects)-shown)
				break
			}
			word := ""
			if o.Current {
				word = "  (current)"
			}
			fmt.Fprintf(w, "  %s  version %s%s\n", o.Key, o.Version, word)
		}
		fmt.Fprintf(w, "  they are lost for good with the key: do not run \"aws kms schedule-key-deletion\" while they are wanted\n")
	}
	return nil
}
