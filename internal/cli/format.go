package cli

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// formatFlag adds --format with the given names, of which the first is the
// default, and returns its value. Other values are refused before the command runs.
func formatFlag(cmd *cobra.Command, formats ...string) *string {
	format := cmd.Flags().String("format", formats[0], "how to print the answer: "+strings.Join(formats, " or "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	pre := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(formats, *format) {
			return usage(cmd, "--format %q is not one of %s", *format, strings.Join(formats, ", "))
		}
		if pre != nil {
			return pre(cmd, args)
		}
		return nil
	}
	return format
}

// writeJSON prints an answer, which must have format_version as its first
// field, indented for people and stable for programs.
func writeJSON(w io.Writer, answer any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(answer)
}
