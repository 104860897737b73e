package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/alerts"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// newAlertsReplay holds events against alert rules.
func newAlertsReplay(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay EVENTS...",
		Short: "hold events against the alert rules",
		Long: `Replay holds events against the rules and alarms of a stack, and says for each event
which of them it trips, who is told and how often, and why every other one stays
silent. Nothing is sent, and no account is asked.

EVENTS are files, directories (*.json, *.jsonl, *.json.gz), - for standard input, or
the word samples for the library that ships with Strongroom. A file holds events in
EventBridge's envelope, CloudTrail records or both: one, an array, JSON lines, a log
file of CloudTrail ({"Records": [...]}), or what "aws cloudtrail lookup-events" prints.

A CloudTrail record is held against the metric filters of the trail's log group and,
as the event that EventBridge makes of it, against the rules. Alarms are evaluated
over the records' own times: three calls within a period are one alert.

Beside day.json, day.expect.json says what is expected of its events together, in an
account that is quiet otherwise: {"alerts": 1, "by": ["root-sign-in"], "why": "..."}.
A name in "by" is that of a rule or alarm, or how it ends. Files without an
expectation are the events of one account.

Exit status: 0 when every expectation is met, 2 when one is not, 1 when the rules or
an event could not be read.`,
		Example: `  strongroom alerts replay samples
  strongroom alerts replay --rules src samples
  strongroom alerts replay --rules plan.json --brief cloudtrail-logs/ finding.json
  aws cloudtrail lookup-events | strongroom alerts replay -`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, "%s needs events: files, directories, - or samples", cmd.CommandPath())
		}
		return nil
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return []string{"samples"}, cobra.ShellCompDirectiveDefault
	}
	read := rulesFlags(env, cmd)
	brief := cmd.Flags().Bool("brief", false, "print the table of cases alone")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		rules, err := read(cmd.Context())
		if err != nil {
			return err
		}
		cases, err := alerts.ReadEvents(args, env.Stdin, rules.Account, rules.Region)
		if err != nil {
			return err
		}
		outcomes, err := rules.Replay(cases)
		if err != nil {
			return &diag.Diagnostic{Rule: "alerts-replay", Summary: err.Error(), Err: err, Why: "what cannot be decided is no verdict"}
		}
		report := &alerts.Report{Rules: rules, Outcomes: outcomes}
		if *format == "json" {
			err = writeJSON(env.Stdout, report.Answer())
		} else {
			err = report.Text(env.Stdout, *brief)
		}
		if err == nil && report.Unmet() > 0 {
			return diag.Refuse(nil)
		}
		return err
	}
	return cmd
}

// newAlertsRules prints the rules that a replay goes by.
func newAlertsRules(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "print the alert rules as a replay takes them",
		Long: `Rules prints the rules, alarms, topics and subscriptions of a stack, a plan or a
state as JSON, in the names that the AWS CLI prints: what "alerts replay --rules"
takes, without planning the stack each time.`,
		Example: `  strongroom alerts rules --rules src > rules.json`,
		Args:    noArgs,
	}
	read := rulesFlags(env, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		rules, err := read(cmd.Context())
		if err != nil {
			return err
		}
		return rules.Print(env.Stdout)
	}
	return cmd
}

// rulesFlags adds the flags that say which rules, and returns what reads them.
func rulesFlags(env *Env, cmd *cobra.Command) func(context.Context) (*alerts.Rules, error) {
	from := cmd.Flags().String("rules", "", `where the rules are: a room, a stack (it is planned, in a sandbox), the
JSON of a plan or a state (tofu show -json), or a file or directory of what
the AWS CLI prints (default: the room in the current directory, or else the
baseline that ships with Strongroom)`)
	account := cmd.Flags().String("account", "", "account that a stack outside of a room is planned for (default "+sandbox.DefaultAccount+")")
	return func(ctx context.Context) (*alerts.Rules, error) {
		rules, err := alerts.Read(ctx, *from, alerts.Planner{Environ: env.Environ, Account: *account, Progress: func(step string) {
			fmt.Fprintf(env.Stderr, "planning the stack in a sandbox: %s\n", step)
		}})
		var d *diag.Diagnostic
		if err != nil && !errors.As(err, &d) {
			return nil, &diag.Diagnostic{Rule: "alerts-rules", Summary: strings.TrimSpace(err.Error()), Err: err}
		}
		return rules, err
	}
}
