package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

func newSandboxEmit(env *Env) *cobra.Command {
	return newHand(env, (*sandbox.Client).Emit, "event", &cobra.Command{
		Use:   "emit FILE",
		Short: "send an event to the running sandbox's EventBridge, as an AWS service does",
		Long: `Emit sends an event to the default event bus of an account of the running sandbox, as
an AWS service does that has something to tell, such as a finding. FILE is the
event's JSON in EventBridge's envelope, or - for standard input: source, which
begins with aws., detail-type and detail must be there; id, version, account,
region, time and resources are filled in where they are missing.

The sandbox is the one that STRONGROOM_SANDBOX names.`,
		Example: `  strongroom sandbox emit finding.json
  strongroom sandbox emit --account 222233334444 --region us-east-1 - < finding.json`,
	})
}

func newSandboxRecord(env *Env) *cobra.Command {
	return newHand(env, (*sandbox.Client).Record, "record", &cobra.Command{
		Use:   "record FILE",
		Short: "record a CloudTrail record in the running sandbox, as AWS does",
		Long: `Record records a CloudTrail record in an account of the running sandbox, as if AWS had
made it: trails deliver it, and EventBridge passes it on. It is for what the
sandbox does not do by itself, such as a sign-in to the console. FILE is the
record's JSON, or - for standard input: userIdentity, eventSource, eventName and
eventType must be there; what else every record has is filled in where it is
missing. The record is delivered with every member and value that it has.

The sandbox is the one that STRONGROOM_SANDBOX names.`,
		Example: `  strongroom sandbox record root-sign-in.json`,
	})
}

// newHand completes a command that hands a file to the running sandbox.
func newHand(env *Env, hand func(*sandbox.Client, context.Context, sandbox.Handed) error, what string, cmd *cobra.Command) *cobra.Command {
	cmd.Args = exactArgs("FILE (or - for standard input)")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	}
	account := cmd.Flags().String("account", "", "ID of the account (default the "+what+"'s, or else the sandbox's)")
	region := cmd.Flags().String("region", "", "region (default the "+what+"'s, or else the sandbox's)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		document, err := readFile(env, args[0])
		if err != nil {
			return err
		}
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		if !json.Valid(document) {
			return &diag.Diagnostic{Rule: "sandbox-" + cmd.Name(), Summary: "the " + what + " in " + args[0] + " is not JSON",
				Fix: "give one JSON object; python3 -m json.tool " + args[0] + " says where it is not"}
		}
		return askError(hand(client, cmd.Context(), sandbox.Handed{Account: *account, Region: *region, Document: document}))
	}
	return cmd
}
