package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// bootstrapAnswer is what "strongroom bootstrap --format json" prints.
type bootstrapAnswer struct {
	FormatVersion int              `json:"format_version"`
	Account       string           `json:"account"`
	Engine        bootstrapEngine  `json:"engine"`
	Backend       bootstrapBackend `json:"backend"`
	State         bootstrapState   `json:"state"`
	// Changed is false when the room was already as it should be.
	Changed bool `json:"changed"`
	// Adopted are resources that existed and were taken into the state.
	Adopted []string           `json:"adopted"`
	Steps   []bootstrap.Step   `json:"steps"`
	Seconds map[string]float64 `json:"seconds"`
}

type bootstrapEngine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type bootstrapBackend struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	Region    string `json:"region"`
	KMSKeyARN string `json:"kms_key_arn"`
}

type bootstrapState struct {
	Serial  uint64 `json:"serial"`
	Lineage string `json:"lineage"`
	Digest  string `json:"digest"`
}

func newBootstrap(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bootstrap [DIR]",
		Short: "build the room: the one apply that a person makes",
		Long: `Apply the bootstrap stack of the room in DIR (default: here) with your own
credentials, and move its state into the bucket that it makes.

The plan is shown, and applied only after a yes. The state starts in a local
file; it is removed once the copy in the bucket is proven to be the same and to be
encrypted under the room's key. If this is interrupted or killed, run it again: it
goes on from where it was. A second run changes nothing.`,
		Example: `  AWS_PROFILE=admin strongroom bootstrap room
  strongroom sandbox exec -- strongroom bootstrap room --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "%s takes one directory, got %q", cmd.CommandPath(), args[1])
			}
			return nil
		},
	}
	yes := cmd.Flags().Bool("yes", false, "apply the plan without asking; needed when stdin is not a terminal")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		if !*yes && !env.Terminal(env.Stdin) {
			return &diag.Diagnostic{
				Rule: "bootstrap-unattended", Summary: "there is nobody to confirm the plan: stdin is not a terminal",
				Why: "bootstrap changes an account; that needs a yes", Fix: "run it in a terminal, or add --yes",
			}
		}
		return runBootstrap(cmd.Context(), env, dir, *yes, *format)
	}
	return cmd
}

func runBootstrap(ctx context.Context, env *Env, dir string, yes bool, format string) error {
	r, err := room.Load(dir)
	if err != nil {
		return err
	}
	view := newProgress(env)
	defer view.clear()
	e, err := equip(ctx, env, r, view)
	if err != nil {
		return err
	}
	cfg, err := loadAWS(ctx, config.WithRegion(r.Region))
	if err != nil {
		return &diag.Diagnostic{Rule: "bootstrap-credentials", Summary: "the AWS configuration cannot be read: " + err.Error(), Err: err, Fix: "check AWS_PROFILE and ~/.aws/config"}
	}
	o := bootstrapOptions(r)
	o.Engine, o.AWS = e, cfg
	o.Confirm = func(ctx context.Context, p bootstrap.Proposal) (bool, error) { return confirm(ctx, env, view, p, yes) }
	o.Report, o.Note = view.step, view.note
	heard := whileWaiting(e.Running, view.note)
	result, err := bootstrap.Run(ctx, o)
	heard()
	view.clear()
	if err != nil {
		return err
	}
	total := 0.0
	for _, s := range result.Steps {
		total += s.Seconds
	}
	if format == "json" {
		return writeJSON(env.Stdout, bootstrapAnswer{
			FormatVersion: 1, Account: r.Account,
			Engine:  bootstrapEngine{e.Name, e.Version},
			Backend: bootstrapBackend{result.Bucket, result.StateKey, result.Region, result.KMSKeyARN},
			State:   bootstrapState{result.Serial, result.Lineage, result.Digest},
			Changed: result.Changed, Adopted: result.Adopted, Steps: result.Steps,
			Seconds: map[string]float64{"total": total, "engine": e.Seconds()},
		})
	}
	return printBootstrap(env.Stdout, r, result)
}

// bootstrapOptions says of a room what bootstrap needs to know of it.
func bootstrapOptions(r *room.Room) bootstrap.Options {
	return bootstrap.Options{
		Dir: r.Dir, Stack: r.StackDir(room.StackBootstrap),
		Account: r.Account, Region: r.Region, Bucket: r.State.Bucket, KeyAlias: r.State.KeyAlias,
		StateKey: r.StateKey(room.StackBootstrap),
		Others:   []bootstrap.Stack{{Name: room.StackSrc, Dir: r.StackDir(room.StackSrc), StateKey: r.StateKey(room.StackSrc)}},
		Backend:  r.BackendS3,
		Check:    func() error { return checkProviders(r) },
	}
}

func printBootstrap(w io.Writer, r *room.Room, result bootstrap.Result) error {
	what := "built"
	if !result.Changed {
		what = "already as it should be"
	}
	_, err := fmt.Fprintf(w, "room %s in account %s: %s\nstate: s3://%s/%s, serial %d, under %s\n",
		r.Name, r.Account, what, result.Bucket, result.StateKey, result.Serial, result.KMSKeyARN)
	return err
}

// equip finds the engine and what it needs for the bootstrap stack.
func equip(ctx context.Context, env *Env, r *room.Room, view *progress) (*engine.Engine, error) {
	binary, err := engine.Find(ctx, engine.Search{Spec: r.Engine, Environ: env.Environ})
	if err != nil {
		return nil, err
	}
	plugins, err := engine.Equip(ctx, binary, engine.Outfit{Environ: env.Environ, PreferLocal: env.Getenv("STRONGROOM_SANDBOX") != ""})
	if err != nil {
		return nil, err
	}
	view.note(fmt.Sprintf("engine: %s; provider from %s (%s)", binary, plugins.Source, plugins.From))
	stack, err := filepath.Abs(r.StackDir(room.StackBootstrap))
	if err != nil {
		return nil, err
	}
	e, err := engine.New(binary, stack, engine.Options{
		Environ: engine.Environ(env.Environ, plugins.Set, plugins.Unset), Progress: view.event,
	})
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "bootstrap-no-stack", Summary: "there is no stack in " + stack, Err: err, Fix: "run: strongroom init " + r.Dir}
	}
	return e, nil
}

// checkProviders refuses stacks that CI could not run.
func checkProviders(r *room.Room) error {
	var all diag.List
	for _, stack := range room.Stacks {
		list, err := room.CheckProviders(r.StackDir(stack))
		if err != nil {
			return &diag.Diagnostic{Rule: "bootstrap-no-stack", Summary: "the stack " + stack + " cannot be read", Err: err, Fix: "run: strongroom init " + r.Dir}
		}
		all = append(all, list...)
	}
	return all.Err()
}

// confirm shows a plan and asks.
func confirm(ctx context.Context, env *Env, view *progress, p bootstrap.Proposal, yes bool) (bool, error) {
	view.clear()
	fmt.Fprintln(env.Stderr, strings.TrimSpace(p.Text))
	for _, a := range p.Adopted {
		fmt.Fprintln(env.Stderr, "adopted:", a, "exists already and is this room's")
	}
	if yes {
		return true, nil
	}
	return ask(ctx, env, "Apply this plan?")
}
