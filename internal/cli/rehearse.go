package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// newRehearse builds a room in the sandbox and attacks every lock.
func newRehearse(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rehearse [DIR]",
		Short: "build the room in the sandbox and attack every lock",
		Long: `Rehearse builds the room of DIR in a sandbox, with the real engine and the real AWS
provider, and then attacks every lock. DIR itself is not touched: a copy is built.
Without DIR it builds the example room.

The bootstrap stack is applied as a person does. If the spec has a baseline, the
src stack is applied as CI does, with the token of a pipeline and the apply role;
a second plan, by the plan role, has to be empty; and sample events are sent
through the applied rules and alarms, and the alerts counted at the subscribers.

A scenario is another world than a room's, with locks of its own, and DIR is its spec
(default: the scenario's own example). --scenario state-keys takes the states of other
accounts' environments, which share a bucket encrypted with SSE-S3, one after the other
to a key each, with the state commands themselves; then it attacks them, damages a
state and brings it back, goes back and forward again, and has a key's deletion asked
for and taken back. With --as-found nothing is done to that world, and the sandbox
stays up, to practise the runbook (docs/runbooks/state-encryption.md) in. --scenario
portability takes a state from a local file to S3, on to GitLab and back to S3, with
each engine that is found.

It prints each lock: what is claimed, who tried what, the answer, and which
statement decided. An attack has to be refused; a check has to find what the claim
says; an event has to lead to the alerts that it is worth. Exit status: 0 when every
lock holds, 2 when one does not, 1 when the rehearsal could not be carried out.`,
		Example: `  strongroom rehearse
  strongroom rehearse rooms/prod --format json --junit report.xml
  strongroom rehearse --keep
  strongroom rehearse --scenario state-keys
  strongroom rehearse --scenario state-keys --as-found
  strongroom rehearse --scenario portability --format json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "%s takes one directory, got %q", cmd.CommandPath(), args[1])
			}
			return nil
		},
	}
	format := formatFlag(cmd, "text", "json")
	junit := cmd.Flags().String("junit", "", "also write a JUnit report to this `FILE`")
	scenario := cmd.Flags().String("scenario", "", "play this `SCENARIO` instead of building a room: "+strings.Join(rehearse.Scenarios(), " or "))
	_ = cmd.RegisterFlagCompletionFunc("scenario", cobra.FixedCompletions(rehearse.Scenarios(), cobra.ShellCompDirectiveNoFileComp))
	asFound := cmd.Flags().Bool("as-found", false, "with --scenario state-keys: encrypt nothing and attack nothing, and keep the sandbox up, to practise the runbook")
	keep := cmd.Flags().Bool("keep", false, "leave the sandbox up with the finished room until interrupted")
	audit := cmd.Flags().String("audit", "", "write the sandbox's audit events to this `FILE`, one JSON line each")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		o := rehearse.Options{Environ: env.Environ, Bootstrap: bootstrapRehearsed, Scenario: *scenario, Command: runSelf}
		if *scenario != "" && !slices.Contains(rehearse.Scenarios(), *scenario) {
			return usage(cmd, "there is no scenario %q: name %s", *scenario, strings.Join(rehearse.Scenarios(), " or "))
		}
		if *asFound && (*scenario != rehearse.StateKeys || *junit != "" || *format == "json") {
			return usage(cmd, "--as-found goes with --scenario %s, and has nothing to report", rehearse.StateKeys)
		}
		o.AsFound, *keep = *asFound, *keep || *asFound
		if len(args) == 1 {
			// A copy is built; what is wrong with the spec is said of the
			// file itself, not of the copy, which is gone by then.
			if _, err := room.Load(args[0]); err != nil {
				return err
			}
			o.Dir = args[0]
		}
		if *audit != "" {
			f, err := os.OpenFile(*audit, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
			if err != nil {
				return fileError("audit-file", err)
			}
			defer f.Close()
			o.Audit = f
		}
		// The report is opened first: after two minutes of work is no time to
		// learn that it cannot be written.
		var report *os.File
		if *junit != "" {
			if report, err = os.OpenFile(*junit, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
				return fileError("junit-file", err)
			}
			defer report.Close()
		}
		p := newProgress(env)
		o.Progress = p.rehearsal
		r, err := rehearse.Run(cmd.Context(), o)
		p.clear()
		if r != nil {
			defer r.Close()
		}
		if err == nil && !*asFound {
			err = printRehearsal(env, r, *format, report)
		} else if cmd.Context().Err() != nil {
			err = interruptedRehearsal(err)
		}
		if *keep && r != nil && r.Sandbox != nil && cmd.Context().Err() == nil {
			keepUp(cmd.Context(), env, r, err)
		}
		if err == nil && !*asFound && !r.Report.Holds {
			return diag.Refuse(nil)
		}
		return err
	}
	return cmd
}

// interruptedRehearsal replaces what the interrupted step said: its advice is
// for a real account, and the sandbox and its room are gone.
func interruptedRehearsal(err error) error {
	return &diag.Diagnostic{
		Rule: "rehearsal-interrupted", Summary: "interrupted; no lock was judged",
		Why: "a room that is not finished, or not attacked to the end, proves nothing", Fix: "run it again: it begins anew", Err: err,
	}
}

func fileError(rule string, err error) error {
	return &diag.Diagnostic{Rule: rule, Summary: err.Error(), Fix: "name a file that can be written", Err: err}
}

// bootstrapRehearsed is `strongroom bootstrap --yes` for a rehearsal.
func bootstrapRehearsed(ctx context.Context, b rehearse.Bootstrap) error {
	o := bootstrapOptions(b.Room)
	o.Engine, o.AWS = b.Engine, b.AWS
	o.Confirm = func(context.Context, bootstrap.Proposal) (bool, error) { return true, nil }
	o.Report = func(s bootstrap.Step) { b.Step(s.Name, s.Ended) }
	_, err := bootstrap.Run(ctx, o)
	return err
}

// runSelf runs this program as a child process, for the scenarios: what they play is
// what a person types.
func runSelf(ctx context.Context, c rehearse.Command) (lock.Ran, error) {
	self, err := os.Executable()
	if err != nil {
		return lock.Ran{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, c.Args...)
	cmd.Args[0] = "strongroom"
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, c.Environ, &stdout, &stderr
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() >= 0 {
		err = nil // it ended by itself, and said how
	}
	if err != nil {
		return lock.Ran{}, fmt.Errorf("strongroom %s: %w", strings.Join(c.Args, " "), err)
	}
	return lock.Ran{Stdout: stdout.String(), Stderr: stderr.String(), Exit: cmd.ProcessState.ExitCode()}, nil
}

func printRehearsal(env *Env, r *rehearse.Rehearsal, format string, junit *os.File) error {
	if junit != nil {
		if err := junit.Truncate(0); err != nil {
			return fileError("junit-file", err)
		}
		if err := r.Report.JUnit(junit); err != nil {
			return fileError("junit-file", err)
		}
	}
	if format == "json" {
		return writeJSON(env.Stdout, r.Report)
	}
	width := 0
	if f, ok := env.Stdout.(*os.File); ok && env.Terminal(f) {
		width, _, _ = term.GetSize(int(f.Fd()))
	}
	return r.Report.Table(env.Stdout, width, env.Colour(env.Stdout))
}

// keepUp leaves the sandbox running until ctx ends, and says how to use it. A
// rehearsal that failed halfway can be looked at too.
func keepUp(ctx context.Context, env *Env, r *rehearse.Rehearsal, err error) {
	if err != nil {
		fmt.Fprintln(env.Stderr, "the rehearsal did not come to its end; the sandbox is kept as it was then")
	}
	fmt.Fprintf(env.Stderr, "\nThe sandbox is up with the room in %s.\nIn another shell:\n\n", r.Room.Dir)
	set, unset, err := r.Shell()
	if err != nil {
		fmt.Fprintln(env.Stderr, err)
	}
	for _, kv := range set {
		k, v, _ := strings.Cut(kv, "=")
		fmt.Fprintf(env.Stderr, "  export %s='%s'\n", k, v)
	}
	fmt.Fprintf(env.Stderr, "  unset %s\n\nInterrupt (Ctrl-C) to end it.\n", strings.Join(unset, " "))
	<-ctx.Done()
}

// rehearsal takes an event of a rehearsal.
func (p *progress) rehearsal(e rehearse.Event) {
	switch {
	case e.Lock != nil:
		verdict := "holds"
		if !e.Lock.Holds {
			verdict = "BROKEN"
		}
		p.line(fmt.Sprintf("  %-26s %-6s %5.1f s", e.Lock.ID, verdict, e.Lock.Seconds))
	case e.Resource != nil:
		p.event(*e.Resource)
	case e.Ended:
		p.line(fmt.Sprintf("%-20s %6.1f s", e.Step, e.Seconds))
	case p.terminal:
		p.draw(e.Step + " ...")
	}
}
