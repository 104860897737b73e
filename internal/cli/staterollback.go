package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// newStateRollback takes states back: to another encryption, or to an earlier version.
func newStateRollback(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback {--to sse-s3|--to-key ARN|--to-version VERSION} [--env ENV] [--stack STACK] [--plan|--yes]",
		Short: "take states back to SSE-S3, to a former key, or to an earlier version",
		Long: `Rollback undoes what rekey did, or what an apply did to a state. It works as rekey does:
it locks, has S3 copy on the condition that nobody wrote since, proves what became of
it, and may be killed and run again.

--to sse-s3 puts the states under S3's own encryption, as they were before any key.
Whoever may read the objects can read them then. Take STATE_KMS_KEY_ID out of the
pipelines first: with it, the next apply writes under the key again. A statement of the
bucket policy that demands the key forbids this, and is named.

--to-key ARN puts the states of one environment under that key: the former one. Set
STATE_KMS_KEY_ID, and kms_key_arn in the spec, to it.

Both name the versions that are under other keys and so still need them, lock files
included, also with --plan: deleting such a key would lose them. With --to-key,
--all-versions moves them too; SSE-S3 cannot be given to older versions.

--to-version makes an earlier version of one state the current one: an S3 version ID, or
a serial. What that adds, changes and removes is shown first, by address and without
values. The encryption stays that of the current version, which is kept as an older
version. The serial becomes the earlier one and the next apply counts on from it: throw
away saved plans, and look at the next plan closely, for the state is older than what it
describes.

What becomes of each state is proven as rekey does, with --principal-profile as there.

Exit status: 0 when everything is done and proven, 2 when a state does not verify, 1
when something could not be done or not be told.`,
		Example: `  strongroom state rollback --to sse-s3 --env development --plan
  strongroom state rollback --to-key arn:aws:kms:us-east-1:111122223333:key/ID --env production --yes
  strongroom state rollback --to-version 41 --env production --stack infra`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	flags.addPrincipals(cmd)
	change := addChangeFlags(cmd)
	to := cmd.Flags().String("to", "", "the `encryption`: sse-s3")
	reader := addReader(cmd)
	toKey := cmd.Flags().String("to-key", "", "the `ARN` of the key")
	toVersion := cmd.Flags().String("to-version", "", "the `version` of the state: an S3 version ID, or a serial")
	workspace := cmd.Flags().String("workspace", "", "the `workspace` of the stack (default all; with --to-version the default one)")
	all := cmd.Flags().Bool("all-versions", false, "with --to-key: change the encryption of older versions too")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		given := 0
		for _, f := range []string{*to, *toKey, *toVersion} {
			if f != "" {
				given++
			}
		}
		switch {
		case given != 1:
			return usage(cmd, "where to: give one of --to sse-s3, --to-key ARN, --to-version VERSION")
		case *to != "" && *to != "sse-s3":
			return usage(cmd, "--to %q is not sse-s3; a key is --to-key ARN, a version --to-version VERSION", *to)
		case *all && *toVersion != "":
			return usage(cmd, "--all-versions: --to-version leaves the encryption as it is")
		}
		if r, _, err := flags.load(); err != nil {
			return err
		} else if *toVersion != "" && r.State.Backend == "http" {
			return revertInGitLab(cmd.Context(), env, flags, change, *toVersion, *workspace, *format)
		} else if *toVersion != "" && r.State.Backend == "local" {
			return &diag.Diagnostic{
				Rule: "state-rollback-local", Summary: "the states are files, of which an engine keeps one earlier version, beside it",
				Why: "there is no copy that could not be lost with it", Fix: "see what it holds: strongroom state diff; then, in the stack: terraform state push -force terraform.tfstate" + statestore.BackupSuffix + ", or tofu",
			}
		}
		k, err := newRekeying(cmd.Context(), env, flags, reader)
		if err != nil {
			return err
		}
		o := &k.options
		o.AllVersions, o.Operation, o.Workspace = *all, "strongroom state rollback", *workspace
		switch {
		case *toVersion != "":
			o.Version = *toVersion
			if o.Workspace == "" {
				o.Workspace = "default"
			}
		case *toKey != "":
			o.To, o.CountNeeds = &rekey.Goal{Algorithm: rekey.SSEKMS, KeyARN: *toKey}, true
			if len(k.list) > 1 {
				return usage(cmd, "--to-key: a key is one environment's, and %d are selected (%s): add --env", len(k.list), environmentNames(k.list))
			}
		default:
			o.To, o.CountNeeds = &rekey.Goal{Algorithm: rekey.SSES3}, true
		}
		if o.To != nil {
			if err := k.knob(o.To.KeyARN); err != nil {
				return err
			}
		}
		return k.run(cmd.Context(), change, *format)
	}
	return cmd
}

// knob refuses a rollback that the next apply from here would undo, and names what else
// has to change: the variable is the switch, and this program does not set it for
// pipelines.
func (k *rekeying) knob(want string) error {
	set := "unset " + state.KeyVariable
	if want != "" {
		set = "export " + state.KeyVariable + "=" + want
	}
	if have := k.env.Getenv(state.KeyVariable); have != "" && have != want {
		return &diag.Diagnostic{
			Rule: "state-rollback-knob", Summary: state.KeyVariable + " still names another key here", Found: have,
			Why: "the next apply with it would write the states under that key again", Fix: set + "\nhere and in the pipelines, then run this again",
		}
	}
	for _, e := range k.list {
		if e.KeyARN != "" && e.KeyARN != want && want != "" {
			k.view.line(fmt.Sprintf("note: the spec says that the key of %s is %s: write kms_key_arn = %q, or the next rekey undoes this", e.Name, e.KeyARN, want))
		}
		for _, s := range e.Stacks {
			if s.Dir == "" {
				continue
			}
			there, err := state.Configure(s.Dir)
			if err != nil {
				return err
			}
			if b := there.Block; b != nil && b.Type == "s3" && b.Text("key") == s.Key && b.Text("kms_key_id") != want {
				k.view.line(fmt.Sprintf("note: the backend block in %s is not so yet: %s; strongroom state backend --env %s --stack %s --write", s.Dir, set, e.Name, s.Name))
			}
		}
	}
	return nil
}

// printDifference shows what a rollback to a version changes.
func printDifference(w io.Writer, d *rekey.Difference) error {
	shown := func(s rekey.Shown) string {
		if s.Lineage == "" {
			return fmt.Sprintf("no whole state  %s  version %s", s.Written, s.Version)
		}
		if s.Written == "" { // GitLab does not tell, and its versions are serials
			return fmt.Sprintf("serial %d", s.Serial)
		}
		return fmt.Sprintf("serial %d  %s  version %s", s.Serial, s.Written, s.Version)
	}
	fmt.Fprintf(w, "\nfrom  %s\nto    %s\n\n", shown(d.From), shown(d.To))
	if d.From.Lineage != "" && d.From.Lineage != d.To.Lineage {
		fmt.Fprintf(w, "  it is another state: the lineage is %q, and would be %q\n", d.From.Lineage, d.To.Lineage)
	}
	if d.Unknown {
		_, err := fmt.Fprintln(w, "  what that changes cannot be told: one of the two is encrypted by OpenTofu, or no whole state")
		return err
	}
	if d.Empty() {
		_, err := fmt.Fprintln(w, "  both hold the same")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, list := range []struct {
		what    string
		changes []tfstate.Change
	}{{"", d.Resources}, {"output ", d.Outputs}} {
		for _, c := range list.changes {
			attributes := ""
			for i, a := range c.Attributes {
				if i > 0 {
					attributes += ", "
				}
				attributes += a.Path
			}
			fmt.Fprintf(table, "  %s\t%s%s\t%s\n", c.Action, list.what, diag.Visible(c.Address), diag.Visible(attributes))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	added, changed, removed := d.Count()
	_, err := fmt.Fprintf(w, "  resources: %d added, %d changed, %d removed\n", added, changed, removed)
	return err
}
