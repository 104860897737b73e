package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// commands is the list of top-level commands, in the order help shows them.
var commands = []func(*Env) *cobra.Command{
	newInit,
	newBootstrap,
	newRehearse,
	newAudit,
	newState,
	newSandbox,
	newPolicy,
	newToken,
	newAlerts,
	newCredentials,
	newVersion,
	newCompletion,
}

// Run runs the program with its arguments (without the program's name) and
// returns the exit status. Cancelling ctx interrupts the command, which cleans
// up before Run returns.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	env := &Env{Stdin: stdin, Stdout: stdout, Stderr: stderr, Environ: environ}
	root := Root(env)
	root.SetArgs(args)
	code, print := diag.Outcome(root.ExecuteContext(ctx))
	if print != nil {
		// Nothing is left to tell if stderr itself is gone.
		_ = diag.Human(stderr, print, diag.Style{Colour: env.Colour(stderr)})
	}
	return code
}

// Root returns the whole command tree, for Run and for the generator of the
// command reference.
func Root(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "strongroom",
		Short: "build, lock, test and run the AWS account that a signing key lives in",
		Long: `Strongroom builds the AWS account that a signing key lives in, fits its locks, and
proves in a local AWS that really enforces policy that they hold, before the key
moves in.

Answers go to stdout, all else to stderr. Exit status: 0 yes, 1 could not decide
(usage and I/O errors too), 2 decided no.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              subcommandOnly,
		RunE:              showHelp,
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetHelpCommand(newHelp(env))
	for _, newCommand := range commands {
		root.AddCommand(newCommand(env))
	}
	return root
}

// group makes a command that only holds others ("policy", "sandbox scp"):
// alone it prints its help, and an unknown subcommand is an error.
func group(cmd *cobra.Command, subcommands ...*cobra.Command) *cobra.Command {
	cmd.Args = subcommandOnly
	cmd.RunE = showHelp
	cmd.AddCommand(subcommands...)
	return cmd
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }
