package cli

import (
	"github.com/spf13/cobra"
)

// newToken groups the commands on OIDC ID tokens.
func newToken(env *Env) *cobra.Command {
	return group(&cobra.Command{
		Use:   "token",
		Short: "questions about the OIDC ID tokens of pipelines",
		Long: `Token answers questions about the ID tokens that GitLab, GitHub and other OIDC
issuers give to pipelines, and about who is admitted with them. It never prints
a token.`,
	},
		newTokenDecode(env),
		newTokenExplain(env),
		newTokenMatrix(env),
	)
}
