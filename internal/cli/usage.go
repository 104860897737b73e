package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// usage returns a usage error whose hint is the command's help.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &diag.Diagnostic{
		Rule:    "usage",
		Summary: fmt.Sprintf(format, args...),
		Fix:     cmd.CommandPath() + " --help",
	}
}

// noArgs accepts no positional arguments. Unlike cobra.NoArgs it knows that a
// word after a command that also has subcommands is probably a misspelt one.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasAvailableSubCommands() {
		return subcommandOnly(cmd, args)
	}
	return usage(cmd, "%s takes no arguments, got %q", cmd.CommandPath(), args[0])
}

// exactArgs accepts as many arguments as there are names for them.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usage(cmd, "%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return usage(cmd, "%s takes %s and nothing more, got %q", cmd.CommandPath(), strings.Join(names, " and "), args[len(names)])
		}
		return nil
	}
}

// subcommandOnly refuses a word that names no subcommand.
func subcommandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	d := &diag.Diagnostic{
		Rule:    "usage",
		Summary: fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0]),
		Fix:     cmd.CommandPath() + " --help",
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if near := nearest(args[0], names); near != "" {
		d.Fix = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+near)
	}
	return d
}

// flagError turns pflag's errors into diagnostics.
func flagError(cmd *cobra.Command, err error) error {
	d := &diag.Diagnostic{Rule: "usage", Summary: err.Error(), Fix: cmd.CommandPath() + " --help", Err: err}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return d
	}
	d.Summary = fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), unknown.GetSpecifiedName())
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
		d.Fix = fmt.Sprintf("did you mean --%s?", near)
	}
	return d
}

// nearest returns the name that word is probably a misspelling of: the name
// goes on where the word stops, or at most two letters differ, or one in short
// words. Empty: none is near.
func nearest(word string, names []string) string {
	best, limit := "", 2
	if len(word) < 5 {
		limit = 1
	}
	for _, name := range names {
		if len(word) > 1 && strings.HasPrefix(name, strings.ToLower(word)) {
			return name
		}
		if n := levenshtein.Distance(strings.ToLower(word), name, nil); n <= limit {
			best, limit = name, n-1
		}
	}
	return best
}
