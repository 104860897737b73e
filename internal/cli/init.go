package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// initAnswer is what "strongroom init --format json" prints.
type initAnswer struct {
	FormatVersion int `json:"format_version"`
	// Dir is the room's directory as it was given.
	Dir     string `json:"dir"`
	Account string `json:"account"`
	Region  string `json:"region"`
	// Files is every file of the room, also those that nothing was done to.
	Files []room.Outcome `json:"files"`
	// Notes say what the baseline lacks because of what the spec leaves out, and
	// what comes of removed files.
	Notes []string `json:"notes"`
}

func newInit(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "write strongroom.hcl and the two stacks",
		Long: `Write strongroom.hcl, if DIR (default: here) has none, and render the two stacks
from it with the modules beside them. Run it again after editing the spec.

A file that you changed is never overwritten: it is listed as kept, and the text
that it was not replaced with is put in .strongroom/new for comparison. A file
that the spec no longer asks for is removed, unless you changed it.

A new spec has the whole security baseline. --without leaves concerns of it out:
` + strings.Join(room.Concerns[:4], ", ") + `,
` + strings.Join(room.Concerns[4:], ", ") + `.`,
		Example: `  strongroom init room --account 111122223333 --region eu-west-2 --project acme/infra
  strongroom init room --account 111122223333 --region eu-west-2 --project acme/infra --without aws-config,operator-role
  strongroom init room --forge github --account 111122223333 --region eu-west-2 --project acme/infra`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "%s takes one directory, got %q", cmd.CommandPath(), args[1])
			}
			return nil
		},
	}
	var opt room.Options
	for _, f := range []struct {
		value       *string
		name, usage string
	}{
		{&opt.Account, "account", "the account `ID`, 12 digits"},
		{&opt.Region, "region", "the `region` of the state bucket and its keys"},
		{&opt.Project, "project", "`GROUP/PROJECT` (GitLab) or OWNER/REPOSITORY (GitHub) that may plan and apply"},
		{&opt.Forge, "forge", "where its pipelines run: `gitlab or github` (default gitlab)"},
		{&opt.Issuer, "issuer", "the `URL` of a GitLab of your own"},
		{&opt.Name, "name", "the `name` that begins the names of what is made (default foundations)"},
		{&opt.Engine, "engine", "`tofu or terraform` (default: whichever is found)"},
	} {
		cmd.Flags().StringVar(f.value, f.name, "", f.usage)
	}
	without := cmd.Flags().StringSlice("without", nil, "`concerns` of the baseline to leave out, joined by commas")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		opt.Without = *without
		r, files, err := room.Init(dir, opt)
		if err != nil {
			return err
		}
		notes := r.Notes()
		if slices.ContainsFunc(files, func(f room.Outcome) bool {
			return f.Action == room.Removed && strings.HasPrefix(f.Path, room.StackSrc+"/main.")
		}) {
			notes = append(notes, "the next plan of the src stack destroys what the removed files made: read it")
		}
		if *format == "json" {
			return writeJSON(env.Stdout, initAnswer{FormatVersion: 1, Dir: dir, Account: r.Account, Region: r.Region, Files: files, Notes: notes})
		}
		return printInit(env.Stdout, dir, files, notes)
	}
	return cmd
}

// printInit lists what was done; what was left as it was is only counted.
func printInit(w io.Writer, dir string, files []room.Outcome, notes []string) error {
	counts := map[string]int{}
	for _, f := range files {
		counts[f.Action]++
		if f.Action == room.Unchanged {
			continue
		}
		line := fmt.Sprintf("%-9s %s", f.Action, f.Path)
		if f.New != "" {
			line += fmt.Sprintf("  (you changed it; compare with %s)", f.New)
		}
		if f.Dropped {
			line += "  (the spec leaves it out, and you changed it: the engine still reads it; remove it yourself)"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(w, "note: "+n); err != nil {
			return err
		}
	}
	removed := ""
	if n := counts[room.Removed]; n > 0 {
		removed = fmt.Sprintf(", %d removed", n)
	}
	_, err := fmt.Fprintf(w, "%s: %d created, %d updated, %d unchanged, %d kept%s\n", dir,
		counts[room.Created], counts[room.Updated], counts[room.Unchanged], counts[room.Kept], removed)
	return err
}
