package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionAnswer is what "strongroom version --format json" prints.
type versionAnswer struct {
	FormatVersion int    `json:"format_version"`
	Version       string `json:"version"`
	// Commit is empty when the binary was built outside a Git work tree.
	Commit string `json:"commit"`
	// Modified is true when the work tree had changes.
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "print the version of this binary",
		Args:  noArgs,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		v := buildVersion()
		if *format == "json" {
			return writeJSON(env.Stdout, v)
		}
		line := "strongroom " + v.Version
		if v.Commit != "" {
			line += " (" + v.Commit[:min(12, len(v.Commit))]
			if v.Modified {
				line += ", modified"
			}
			line += ")"
		}
		_, err := fmt.Fprintln(env.Stdout, line+" "+v.Go+" "+v.Platform)
		return err
	}
	return cmd
}

func buildVersion() versionAnswer {
	v := versionAnswer{FormatVersion: 1, Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
