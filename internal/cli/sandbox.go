package cli

import "github.com/spf13/cobra"

func newSandbox(*Env) *cobra.Command {
	return group(&cobra.Command{Use: "sandbox", Short: "the local AWS that enforces every policy"})
}
