package cli

import (
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/credentials"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// newCredentialsExplain follows the credential chain.
func newCredentialsExplain(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [--dir DIR] [-- COMMAND [ARGUMENTS...]]",
		Short: "which credentials would be used here, which they shadow, and what CI would use",
		Long: `Explain follows the AWS credential chain in this environment, link by link: which one
is used, which are shadowed, and what would be asked for the credentials. It does so
for tofu and terraform, or for COMMAND, which is not run: NAME=VALUE and env(1) before
it count, and so do --profile of the AWS CLI and -chdir of the engines.

In the stacks below DIR it looks at the arguments of each aws provider block and S3
backend, and at what they would use in a pipeline of GitLab and of GitHub. A profile
or a key in a block that CI runs takes the place of the pipeline's own credentials:
that is an error, with its line.

Nothing is asked and nothing is run: no request to AWS or to a metadata service, no
credential_process. Secrets are not shown, and of a key ID the last four characters.

Exit status: 0 when it is clear, 2 when there is a trap or there are no credentials, 1
when it cannot be told.`,
		Example: `  strongroom credentials explain
  strongroom credentials explain --dir infra -- tofu plan
  strongroom credentials explain -- aws --profile admin s3 ls`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
			return usage(cmd, "the command goes behind --: strongroom credentials explain -- COMMAND")
		}
		return nil
	}
	dir := cmd.Flags().String("dir", ".", "directory of the stacks; empty: look at none")
	format := formatFlag(cmd, "text", "json")
	_ = cmd.MarkFlagDirname("dir")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := credentials.Explain(cmd.Context(), credentials.Question{Environ: env.Environ, Command: args, Dir: *dir})
		if err != nil {
			return err
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, r.Answer())
		} else {
			err = r.Text(env.Stdout, diag.Style{Colour: env.Colour(env.Stdout)})
		}
		if err != nil || r.Exit() == diag.Yes {
			return err
		}
		return &diag.ExitError{Code: r.Exit()}
	}
	return cmd
}
