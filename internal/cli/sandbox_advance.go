package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// newSandboxAdvance moves the running sandbox's time on.
func newSandboxAdvance(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "advance DURATION",
		Short: "move the running sandbox's time on, and wait for what is due",
		Long: `Advance moves the running sandbox's time on by DURATION (90s, 15m, 24h), for what takes
hours on AWS: a trail delivers its log files and digests, alarms look at their
metrics, sessions and tokens run out, keys end their waiting period. It returns when
all that is due has been done, and prints the sandbox's time. 0s asks what it is.

Clients need not know: their signatures are held against the time they live in. The
time cannot be turned back.

The sandbox is the one that STRONGROOM_SANDBOX names.`,
		Example: `  strongroom sandbox advance 15m
  strongroom sandbox advance 0s`,
		Args: exactArgs("DURATION, such as 15m"),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		by, err := time.ParseDuration(args[0])
		if err != nil || by < 0 {
			return usage(cmd, "%q is not a duration such as 90s, 15m or 24h", args[0])
		}
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		now, err := client.Advance(cmd.Context(), by)
		if err != nil {
			return askError(err)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, struct {
				FormatVersion int       `json:"format_version"`
				Now           time.Time `json:"now"`
			}{1, now.UTC()})
		}
		_, err = fmt.Fprintln(env.Stdout, now.UTC().Format(time.RFC3339))
		return err
	}
	return cmd
}
