package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// mailAnswer is what "strongroom sandbox mail --format json" prints.
type mailAnswer struct {
	FormatVersion int `json:"format_version"`
	sandbox.Deliveries
}

// newSandboxMail shows what the running sandbox's subscribers got.
func newSandboxMail(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mail",
		Short: "show the mails that the running sandbox's topics sent, and what could not be delivered",
		Long: `Mail shows every mail that SNS sent in the running sandbox, oldest first, with the link
that confirms a subscription where there is one, and then what could not be
delivered and why: messages to endpoints that are not there, events that a target's
policy refused. It waits for what is under way first. Nothing leaves this machine.

The sandbox is the one that STRONGROOM_SANDBOX names.`,
		Example: `  strongroom sandbox mail
  strongroom sandbox mail --format json`,
		Args: cobra.NoArgs,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		got, err := client.Deliveries(cmd.Context())
		if err != nil {
			return askError(err)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, mailAnswer{1, got})
		}
		return printMail(env.Stdout, got)
	}
	return cmd
}

// printMail shows one line a mail, its body indented below. What others wrote does not
// reach the terminal's controls.
func printMail(w io.Writer, got sandbox.Deliveries) error {
	var b strings.Builder
	for _, m := range got.Mails {
		fmt.Fprintf(&b, "%s  to %s  %s\n", m.Time.UTC().Format(time.RFC3339), diag.Visible(m.To), diag.Visible(m.Subject))
		for _, line := range strings.Split(strings.TrimRight(m.Body, "\n"), "\n") {
			fmt.Fprintf(&b, "    %s\n", diag.Visible(line))
		}
		if m.Confirm != "" {
			fmt.Fprintf(&b, "    confirm: %s\n", diag.Visible(m.Confirm))
		}
	}
	for _, f := range got.Undelivered {
		fmt.Fprintf(&b, "%s  not delivered  %s -> %s: %s\n", f.Time.UTC().Format(time.RFC3339), diag.Visible(f.From), diag.Visible(f.To), diag.Visible(f.Reason))
	}
	fmt.Fprintf(&b, "%d mails, %d not delivered\n", len(got.Mails), len(got.Undelivered))
	_, err := io.WriteString(w, b.String())
	return err
}
