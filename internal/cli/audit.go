package cli

import (
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/audit"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// newAudit checks a live account against the claims of its room.
func newAudit(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit [DIR] --account-from-env",
		Short: "check the same claims, read-only, on a live account",
		Long: `Audit reads the spec in DIR (default: here) and asks the account for the configuration
behind every claim that a rehearsal attacks: the policies of buckets, keys and roles are
put to the policy engine, the trail's log files of the last day are validated by their
digests, the alert rules are held against the sample events, and the rest is compared.
What falls short is listed with the module input that mends it.

Nothing is changed. Besides the trail's log files no data is read. A question that AWS
refuses to answer is "cannot tell", with the operation: it is never taken for a good
answer. AWS's SecurityAudit policy and, for the log files, s3:GetObject on the trail's
bucket with kms:Decrypt on its key are enough.

Claims that only the engine or an attack can show are left to strongroom rehearse.

Exit status: 0 when every claim that applies holds, 2 when one falls short, 1 when none
does and some could not be told.`,
		Example: `  strongroom audit --account-from-env
  AWS_PROFILE=auditor strongroom audit room --account-from-env --format json
  strongroom sandbox exec -- strongroom audit room --account-from-env`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "%s takes one directory, got %q", cmd.CommandPath(), args[1])
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	fromEnv := cmd.Flags().Bool("account-from-env", false, "read the account that the environment's AWS credentials belong to")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !*fromEnv {
			return usage(cmd, "say which account to read: --account-from-env, the one that the AWS credentials of the environment belong to")
		}
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		r, err := room.Load(dir)
		if err != nil {
			return err
		}
		cfg, err := loadAWS(cmd.Context())
		if err != nil {
			return &diag.Diagnostic{Rule: "audit-credentials", Summary: "the AWS configuration cannot be read: " + err.Error(), Err: err, Fix: "check AWS_PROFILE and ~/.aws/config"}
		}
		p := newProgress(env)
		report, err := audit.Run(cmd.Context(), audit.Options{Room: r, AWS: cfg, Progress: func(c audit.Result) {
			if p.terminal {
				p.draw(c.ID + ": " + string(c.Status))
			}
		}})
		p.clear()
		if err != nil {
			return err
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, report)
		} else {
			err = report.Text(env.Stdout)
		}
		switch {
		case err != nil:
			return err
		case report.Short():
			return &diag.ExitError{Code: diag.No}
		case report.Undecided():
			return &diag.ExitError{Code: diag.Undecided}
		}
		return nil
	}
	return cmd
}
