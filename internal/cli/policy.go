package cli

import (
	"github.com/spf13/cobra"
)

// newPolicy groups the commands on IAM policies.
func newPolicy(env *Env) *cobra.Command {
	return group(&cobra.Command{
		Use:   "policy",
		Short: "questions about IAM policies",
		Long: `Policy answers questions about IAM policies with the engine that the sandbox
enforces them with.`,
	}, newPolicyCheck(env), newPolicyTest(env), newPolicyExplain(env))
}
