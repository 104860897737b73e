package cli

import (
	"github.com/spf13/cobra"
)

// newCredentials groups the commands on the credentials of this machine.
func newCredentials(env *Env) *cobra.Command {
	return group(&cobra.Command{
		Use:   "credentials",
		Short: "questions about the AWS credentials that would be used here",
		Long: `Credentials answers questions about where AWS credentials come from, here and in
CI. It never prints one.`,
	}, newCredentialsExplain(env))
}
