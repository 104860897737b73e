package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// verifyAnswer is the answer of "strongroom state verify --format json".
type verifyAnswer struct {
	FormatVersion int              `json:"format_version"`
	States        []*verify.Result `json:"states"`
}

// newStateVerify checks that states are what they have to be.
func newStateVerify(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [--env ENV] [--principal-profile ENV=PROFILE] [--reader-profile PROFILE] [--plan-check]",
		Short: "check that states are encrypted, whole, and readable by whom they should be",
		Long: `Verify makes the checks that rekey and rollback make after each state, on every state,
one environment at a time in the spec's order:

  exists           the state is there
  encryption       HeadObject says SSE-KMS, under the environment's key by its ARN
  bucket-key       whether an S3 Bucket Key is used, as the bucket has it now
  key-usable       the key is enabled, and not about to be deleted
  contents         it can be read and is a state: serial, lineage, resources
  principal-reads  the environment's principal reads it
  reader-refused   somebody with s3:GetObject and no kms:Decrypt does not
  plan-no-op       with --plan-check: a plan in the stack's directory has nothing to do

The key is the spec's: kms_key_arn, or the one behind the alias. STATE_KMS_KEY_ID, if it
is set and one environment is asked for, has to name the same. With --sse-s3 the states
have to be under S3's own encryption instead, as after a rollback.

With --principal-profile ENV=PROFILE the principal's reading is really tried, if the
profile is the principal's; one of somebody who may read IAM in its account has it
worked out from the policies of both sides, and says "decided, not tried". Without one,
the principal's own policies are in an account that nobody may look into: what the state
account refuses is a no, and else the answer is "unknown". Whoever asks as the
principal, a pipeline for instance, needs no profile. With --reader-profile somebody's
reading is tried who may read objects and not decrypt; without, it is worked out from
the key policy for somebody made up, which needs no other half.

The plan is made by the spec's engine, as the environment's principal if its own profile
is given, in the workspace that is selected there; TF_VAR_... of the environment are
passed on.

Nothing is changed, and of a state only its serial, its lineage and how many resources
it has are printed.

Exit status: 0 when every check holds, 2 when one does not, 1 when none fails and some
could not be told.`,
		Example: `  strongroom state verify --env development --principal-profile development=dev
  strongroom state verify --principal-profile development=dev --reader-profile auditor
  strongroom state verify --env production --plan-check --format json`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	flags.addPrincipals(cmd)
	reader := addReader(cmd)
	planCheck := cmd.Flags().Bool("plan-check", false, "plan each stack, and expect nothing to do")
	plain := cmd.Flags().Bool("sse-s3", false, "expect S3's own encryption instead of the environment's key")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		if *plain && r.State.Backend != "s3" {
			return usage(cmd, "--sse-s3 is about states in S3, and the spec's backend is %s", r.State.Backend)
		}
		places, checker, err := flags.verifier(ctx, env, r)
		if err != nil {
			return err
		}
		if err := reader(ctx, checker); err != nil {
			return err
		}
		if err := checker.Logins(ctx, list); err != nil {
			return err
		}
		if *planCheck && len(list) > 1 && len(engine.Variables(env.Environ)) > 0 {
			fmt.Fprintf(env.Stderr, "note: the TF_VAR_ variables that are set here go to the plans of %s alike; --env takes one\n", environmentNames(list))
		}
		answer := verifyAnswer{1, []*verify.Result{}}
		for _, e := range list {
			want, err := wanted(ctx, env, checker, e, len(list) == 1, *plain)
			if err != nil {
				return err
			}
			targets, err := places.Targets(ctx, e)
			if err != nil {
				return err
			}
			results := make([]*verify.Result, len(targets))
			if err := each(ctx, env, "verify "+e.Name, len(targets), func(i int) (err error) {
				results[i], err = checker.Check(ctx, e, targets[i], want)
				return err
			}); err != nil {
				return err
			}
			if *planCheck {
				for i, t := range targets {
					if err := flags.plan(ctx, env, r, checker, e, t, results[i]); err != nil {
						return err
					}
				}
			}
			answer.States = append(answer.States, results...)
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, answer)
		} else {
			err = printVerify(env.Stdout, answer.States)
		}
		if err != nil {
			return err
		}
		worst := diag.Yes
		for _, s := range answer.States {
			switch s.Status() {
			case verify.Failed:
				return &diag.ExitError{Code: diag.No}
			case verify.Unknown:
				worst = diag.Undecided
			}
		}
		if worst != diag.Yes {
			return &diag.ExitError{Code: worst}
		}
		return nil
	}
	return cmd
}

// verifier returns the room's places, and a checker with the credentials that the
// flags name.
func (f *stateFlags) verifier(ctx context.Context, env *Env, r *room.Room) (*state.Places, *verify.Checker, error) {
	places := &state.Places{Room: r, Getenv: env.Getenv}
	c := &verify.Checker{Room: r, Profiles: f.profiles}
	if r.State.Backend != "s3" {
		c.Place = places.Store
		return places, c, nil
	}
	cfg, err := f.config(ctx)
	if err != nil {
		return nil, nil, err
	}
	places.Bucket = state.NewBucket(r, cfg)
	c.Owner = places.Bucket
	c.Decide = f.decideByGrants(r, cfg)
	return places, c, nil
}

// wanted is how an environment's states have to be.
func wanted(ctx context.Context, env *Env, c *verify.Checker, e state.Environment, alone, plain bool) (verify.Want, error) {
	if plain {
		return verify.Want{Encryption: statestore.Encryption{Algorithm: "AES256"}}, nil
	}
	variable := env.Getenv(state.KeyVariable)
	if !alone && variable != "" {
		fmt.Fprintf(env.Stderr, "note: %s is one environment's, and several are looked at: the spec says which key is %s's\n", state.KeyVariable, e.Name)
		variable = ""
	}
	return c.Wanted(ctx, e, variable)
}

// plan has the engine plan a stack as its environment's principal.
func (f *stateFlags) plan(ctx context.Context, env *Env, r *room.Room, checker *verify.Checker, e state.Environment, t state.Target, result *verify.Result) error {
	if t.Stack.Dir == "" {
		result.Doubt(verify.PlanIsNoOp, "the spec does not say where stack "+t.Stack.Name+" is", fmt.Sprintf("add to the environment: stack %q { state_key = %q, dir = \"...\" }, on lines of their own", t.Stack.Name, t.Stack.Key))
		return nil
	}
	there, err := state.Configure(t.Stack.Dir)
	if err != nil {
		return err
	}
	write := fmt.Sprintf("run: strongroom state backend --env %s --stack %s --write", e.Name, t.Stack.Name)
	switch {
	case there.Block == nil:
		result.Doubt(verify.PlanIsNoOp, "there is no stack in "+t.Stack.Dir, "check dir of stack "+t.Stack.Name+" in the spec")
		return nil
	case there.Block.Type != r.State.Backend:
		result.Doubt(verify.PlanIsNoOp, fmt.Sprintf("the backend in %s is %s, not the spec's %s", t.Stack.Dir, there.Block.Type, r.State.Backend), write)
		return nil
	case there.Block.Type == "s3" && (there.Block.Text("bucket") != r.State.Bucket || there.Block.Text("key") != t.Stack.Key):
		result.Doubt(verify.PlanIsNoOp, fmt.Sprintf("the backend block in %s is of another state: %s", t.Stack.Dir, there.Block.Text("key")), write)
		return nil
	case there.Workspace != t.Workspace:
		result.Skip(verify.PlanIsNoOp, fmt.Sprintf("workspace %s is selected in %s", there.Workspace, t.Stack.Dir))
		return nil
	}
	set, unset := []string{}, []string{}
	own, err := checker.OwnProfile(ctx, e)
	if err != nil {
		return err
	}
	for _, p := range f.principals {
		name, profile, _ := strings.Cut(p, "=")
		if name != e.Name {
			continue
		}
		if own == 0 {
			set, unset = []string{"AWS_PROFILE=" + profile}, []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
		}
		own--
	}
	eng, err := engineIn(ctx, env, r, t.Stack.Dir, set, unset)
	if err != nil {
		return err
	}
	view := newProgress(env)
	view.line(fmt.Sprintf("plan %s of %s in %s", t.Stack.Name, e.Name, t.Stack.Dir))
	return result.Plan(ctx, eng)
}

// engineIn finds the spec's engine and what it needs for a stack. set and unset
// change its environment.
func engineIn(ctx context.Context, env *Env, r *room.Room, dir string, set, unset []string) (*engine.Engine, error) {
	binary, err := engine.Find(ctx, engine.Search{Spec: r.Engine, Environ: env.Environ})
	if err != nil {
		return nil, err
	}
	plugins, err := engine.Equip(ctx, binary, engine.Outfit{Environ: env.Environ, PreferLocal: env.Getenv("STRONGROOM_SANDBOX") != ""})
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return engine.New(binary, abs, engine.Options{
		Environ: engine.Environ(env.Environ, append(plugins.Set, set...), append(plugins.Unset, unset...)), Variables: engine.Variables(env.Environ),
	})
}

// printVerify prints a block for each state, and a line at the end.
func printVerify(w io.Writer, states []*verify.Result) error {
	sum := map[verify.Status]int{}
	decided := 0
	for _, s := range states {
		sum[s.Status()]++
		name := s.Environment + "  " + s.Stack
		if s.Workspace != "default" {
			name += "  workspace " + s.Workspace
		}
		fmt.Fprintf(w, "%s  %s\n", name, s.Where)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, f := range s.Findings {
			word := string(f.Status)
			if f.Status == verify.Failed {
				word = "FAILED"
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", word, f.Check, diag.Visible(f.Detail))
			if f.Fix != "" {
				fmt.Fprintf(table, "  \t\tmend: %s\n", f.Fix)
			}
			if f.Decided {
				decided++
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	answers := fmt.Sprintf("%d answers were", decided)
	if decided == 1 {
		answers = "1 answer was"
	}
	_, err := fmt.Fprintf(w, "%s: %d as they should be, %d not, %d cannot be told; %s decided and not tried\n",
		count(len(states), "state"), sum[verify.OK], sum[verify.Failed], sum[verify.Unknown], answers)
	return err
}
