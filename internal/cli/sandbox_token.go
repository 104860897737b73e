package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func newSandboxToken(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token --project PATH [flags]",
		Short: "mint an ID token of the running sandbox's GitLab or GitHub",
		Long: `Token prints an OIDC ID token as a pipeline of GitLab or GitHub would get it, signed
by the running sandbox's stand-in for that forge, with the claims that the forge
really issues. The sandbox is the one that STRONGROOM_SANDBOX names.

GitLab's shapes are
` + strings.Join(sandbox.TokenShapes("gitlab"), ", ") + `.
GitHub's are
` + strings.Join(sandbox.TokenShapes("github"), ", ") + `.

A token with --fault must be refused by whoever verifies it; its claims are those
of an honest one. The faults are
` + faultNames() + `.`,
		Example: `  strongroom sandbox token --project acme/infra --ref main --audience sts.amazonaws.com
  strongroom sandbox token --project acme/infra --shape fork-mr --fork mallory/infra
  strongroom sandbox token --forge github --project acme/infra --environment production
  strongroom sandbox token --project acme/infra --claim user_login=eve --claim jti:=null`,
		Args: noArgs,
	}
	job := jobFlags(cmd)
	var ttl time.Duration
	var fault sandbox.Fault
	f := cmd.Flags()
	f.DurationVar(&ttl, "ttl", 0, "how long the token is valid (default 1h of GitLab's, 5m of GitHub's)")
	f.StringVar((*string)(&fault), "fault", "", "make a token that must be refused")
	_ = cmd.RegisterFlagCompletionFunc("fault", cobra.FixedCompletions(strings.Split(faultNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, err := job()
		if err != nil {
			return err
		}
		if r.Project == "" {
			return usage(cmd, "a token needs --project")
		}
		if ttl%time.Second != 0 || ttl < 0 || ttl == 0 && f.Changed("ttl") {
			return usage(cmd, "--ttl %s is not a positive number of whole seconds", ttl)
		}
		r.TTLSeconds, r.Fault = int64(ttl/time.Second), fault
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		token, err := client.MintToken(cmd.Context(), r)
		if err != nil {
			return askError(err)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, struct {
				FormatVersion int    `json:"format_version"`
				Token         string `json:"token"`
			}{1, token})
		}
		_, err = fmt.Fprintln(env.Stdout, token)
		return err
	}
	return cmd
}

func faultNames() string {
	var names []string
	for _, f := range sandbox.TokenFaults() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
