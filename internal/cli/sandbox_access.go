package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func newSandboxAccess(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access --project PATH [flags]",
		Short: "mint an access token for the Terraform states of the running sandbox's GitLab",
		Long: `Access prints the environment that lets an engine's http backend, and Strongroom, use
the Terraform states of a project of the running sandbox's GitLab: a personal access
token, or with --job the CI_JOB_TOKEN of a pipeline job. The sandbox is the one that
STRONGROOM_SANDBOX names.

The project is declared by this: it is there from now on, with the user as a member in
the role given. GitLab lets a developer read states, and a maintainer lock, write and
delete them. The roles are
` + strings.Join(sandbox.AccessRoles(), ", ") + `.`,
		Example: `  eval "$(strongroom sandbox access --project acme/infra --state production)"
  strongroom sandbox access --project acme/infra --job --role developer --format json`,
		Args: noArgs,
	}
	var r sandbox.AccessRequest
	var ttl time.Duration
	f := cmd.Flags()
	f.StringVar(&r.Project, "project", "", "path of the project (required)")
	f.StringVar(&r.Issuer, "issuer", "", "the GitLab, as its ID tokens name it (default https://gitlab.com)")
	f.StringVar(&r.Role, "role", "", "the user's role in the project (default maintainer)")
	f.StringVar(&r.User, "user", "", "who the token belongs to, or who started the job (default: the role's name)")
	f.StringSliceVar(&r.Scopes, "scope", nil, "scope of a personal token: api or read_api (default api)")
	job := f.Bool("job", false, "make a job's token instead of a person's")
	state := f.String("state", "", "name of a state: its addresses are printed as well")
	f.DurationVar(&ttl, "ttl", 0, "how long the token is valid (default 1h of a job's, 30 days of a person's)")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(sandbox.AccessRoles(), cobra.ShellCompDirectiveNoFileComp))
	format := formatFlag(cmd, "env", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if r.Project == "" {
			return usage(cmd, "an access token needs --project")
		}
		if ttl%time.Second != 0 || ttl < 0 || ttl == 0 && f.Changed("ttl") {
			return usage(cmd, "--ttl %s is not a positive number of whole seconds", ttl)
		}
		r.TTLSeconds = int64(ttl / time.Second)
		if *job {
			r.Kind = sandbox.JobAccess
		}
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		access, err := client.MintAccess(cmd.Context(), r)
		if err != nil {
			return askError(err)
		}
		if *format == "json" {
			return writeJSON(env.Stdout, struct {
				FormatVersion int `json:"format_version"`
				*sandbox.Access
			}{1, access})
		}
		for _, v := range access.Environment(*state) {
			name, value, _ := strings.Cut(v, "=")
			if _, err := fmt.Fprintf(env.Stdout, "export %s=%s\n", name, shellQuote(value)); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}
