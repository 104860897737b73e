package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

// newCompletion replaces cobra's own command, which answers a misspelt shell
// with its help and exit status 0: a shell would then source the help text.
func newCompletion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells, "|"),
		Short:     "print a completion script for a shell",
		Long:      "Completion prints a script that makes the shell complete strongroom's commands and flags.",
		Example:   "  source <(strongroom completion bash)\n  strongroom completion fish > ~/.config/fish/completions/strongroom.fish",
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactArgs("a shell ("+strings.Join(shells, ", ")+")")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(shells, args[0]) {
				return usage(cmd, "no completion for shell %q; known are %s", args[0], strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(env.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(env.Stdout)
			case "fish":
				return root.GenFishCompletion(env.Stdout, true)
			}
			return root.GenPowerShellCompletionWithDesc(env.Stdout)
		},
	}
}

// newHelp replaces cobra's own command for the same reason: help for an
// unknown command is an error.
func newHelp(*Env) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "print the help of a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if at, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range at.Commands() {
					names = append(names, sub.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			at := cmd.Root()
			for i := range args {
				next, rest, err := at.Find(args[i : i+1])
				if err != nil || len(rest) > 0 || next == at {
					return subcommandOnly(at, args[i:])
				}
				at = next
			}
			return at.Help()
		},
	}
}
