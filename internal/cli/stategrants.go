package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// newStateGrants says what principals must be granted, and what of it is there.
func newStateGrants(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grants [--env ENV] [--principal-profile ENV=PROFILE]",
		Short: "what an environment's principal must be granted, and what is missing",
		Long: `Grants prints the statements that an environment's principal needs to use its states:
those for a policy of its own, for the key policy, and for the bucket policy (the exact
state keys, and their lock files with s3:DeleteObject unless the spec says locking =
false). Then it reads what is there now, on both sides, and names what is missing.

Nothing is changed. The key policy, its KMS grants, the bucket policy, the bucket's
default encryption and Object Ownership, and how each state is encrypted now are read
with the credentials of the environment, or of --profile, which must be of the state
account. Across accounts both sides must allow: the principal's own policies, its
groups' and its permissions boundary are read with --principal-profile, a profile of its
account that may read IAM. Without one that half was not looked at, and the answer says
so. The flag may be repeated, also for principals of one environment in two accounts.

The requests that an engine makes are judged one by one, with the encryption context
that the bucket really uses: the bucket's ARN with an S3 Bucket Key, the object's
without. A grant whose condition waits for the other one is named. So is what is too
wide: everyone, another environment's principal, a whole account, actions that would
give the key away or let a state be deleted.

Service control policies, and policies passed with a session, are not looked at.

Exit status: 0 when everything is there and nothing is too wide, 2 when something is
missing or too wide, 1 when that could not be decided.`,
		Example: `  strongroom state grants --env development
  strongroom state grants --env development --principal-profile development=dev-admin
  AWS_PROFILE=state strongroom state grants --format json`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	flags.addPrincipals(cmd)
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if flags.stack != "" {
			return usage(cmd, "--stack: a principal is granted all states of its environment, in the same statements")
		}
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		cfg, err := flags.config(cmd.Context())
		if err != nil {
			return err
		}
		c := &grants.Checker{Room: r, State: cfg, Profiles: flags.profiles}
		answer := struct {
			FormatVersion int                   `json:"format_version"`
			Environments  []*grants.Environment `json:"environments"`
		}{1, []*grants.Environment{}}
		for _, e := range list {
			if e.Name == room.RoomEnvironment && flags.environment == "" && len(list) > 1 {
				continue // its roles are not granted anything by hand
			}
			found, err := c.Check(cmd.Context(), e)
			if err != nil {
				return err
			}
			answer.Environments = append(answer.Environments, found)
			if *format == "json" {
				continue
			}
			if len(answer.Environments) > 1 {
				fmt.Fprintln(env.Stdout)
			}
			if err := grants.Human(env.Stdout, found); err != nil {
				return err
			}
		}
		if *format == "json" {
			if err := writeJSON(env.Stdout, answer); err != nil {
				return err
			}
		}
		worst := 0
		for _, e := range answer.Environments {
			worst = max(worst, e.Verdict())
		}
		if worst != diag.Yes {
			return &diag.ExitError{Code: worst}
		}
		return nil
	}
	return cmd
}
