package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
)

// newStateRekey puts states under their environment's key.
func newStateRekey(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rekey [--env ENV] [--stack STACK] [--workspace WS] [--all-versions] [--plan|--yes]",
		Short: "put states under their environment's own key, and prove it",
		Long: `Rekey has S3 copy each state onto itself under its environment's key: no state is
written by this machine. It is for the owner of the state account. Environments are
taken one at a time, in the spec's order; up to 16 states of one are worked on at once.

For each state, workspaces included, it takes the lock that engines take, copies the
current version on the condition that nobody wrote since, and checks what became of it:
the algorithm and the key, the same contents, serial and lineage; that the environment's
principal reads it, and somebody with s3:GetObject alone does not (see "state verify").
Content type, metadata, tags and storage class are kept; more than 5 GB are copied in
parts. It stops at the first state that does not verify, and says what stands.

Whether a principal of another account reads its states takes --principal-profile
ENV=PROFILE: its own profile, or one that may read IAM there. Without, the states are
copied and that answer is "unknown": it is printed, the exit status is 1, and the run
goes no further than this environment. "state verify" can give the answer later, also
where the pipeline runs, and --env goes on with the next one.

What was current becomes an older version, and older versions stay as they are: whoever
may read object versions may still read them. --all-versions changes their encryption
too, and that of old lock files, in place (s3:UpdateObjectEncryption).

It may be killed at any instruction, and running it again does the rest. A lock that a
killed run left is recognised by the journal in DIR/.strongroom and released; somebody
else's is not, see "state unlock".

Set STATE_KMS_KEY_ID in the environment's pipelines first: what they write without it is
not under the key.

Exit status: 0 when everything is done and proven, 2 when a state does not verify, 1
when something could not be done or not be told.`,
		Example: `  strongroom state rekey --plan
  strongroom state rekey --env development --yes --principal-profile development=dev
  strongroom state rekey --all-versions --yes --format json`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	flags.addPrincipals(cmd)
	change := addChangeFlags(cmd)
	workspace := cmd.Flags().String("workspace", "", "the `workspace` of the stacks (default all)")
	reader := addReader(cmd)
	all := cmd.Flags().Bool("all-versions", false, "change the encryption of older versions too")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		k, err := newRekeying(cmd.Context(), env, flags, reader)
		if err != nil {
			return err
		}
		k.options.AllVersions, k.options.Workspace, k.options.Operation = *all, *workspace, "strongroom state rekey"
		return k.run(cmd.Context(), change, *format)
	}
	return cmd
}

// rekeying is a rekey or a rollback.
type rekeying struct {
	env     *Env
	view    *progress
	room    *room.Room
	list    []state.Environment
	checker *verify.Checker
	options rekey.Options

	mu     sync.Mutex
	checks map[string]*verify.Result // by object key
}

// newRekeying reads the spec and prepares what both commands need.
func newRekeying(ctx context.Context, env *Env, flags *stateFlags, reader func(context.Context, *verify.Checker) error) (*rekeying, error) {
	r, list, err := flags.load()
	if err != nil {
		return nil, err
	}
	if r.State.Backend != "s3" {
		return nil, &diag.Diagnostic{
			Rule: "state-rekey-backend", Summary: "the states are not in S3: the spec's backend is " + r.State.Backend,
			Why: "only S3 encrypts under a key of yours", Fix: "strongroom state migrate --to s3",
		}
	}
	dir, err := workDir(r)
	if err != nil {
		return nil, fileError("state-rekey-journal", err)
	}
	cfg, err := flags.config(ctx)
	if err != nil {
		return nil, err
	}
	cfg = patient(cfg)
	_, checker, err := flags.verifier(ctx, env, r)
	if err != nil {
		return nil, err
	}
	me, err := sts.NewFromConfig(cfg, func(o *sts.Options) { o.Region = r.State.Region }).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var none *diag.Diagnostic
	switch {
	case errors.As(err, &none):
		return nil, none
	case err != nil:
		return nil, &diag.Diagnostic{
			Rule: "state-credentials", Summary: "AWS does not know these credentials: " + err.Error(), Err: err,
			Why: "the copies are made by the state account's owner", Fix: "name credentials of account " + r.Account + ": --profile PROFILE, or sign in again",
		}
	}
	if got := aws.ToString(me.Account); got != r.Account {
		return nil, &diag.Diagnostic{
			Rule: "state-credentials-account", Summary: "these credentials are of account " + got + ", and the state bucket is in " + r.Account, Found: aws.ToString(me.Arn),
			Why: "the copies are made by the state account's owner: nobody else has to be able to", Fix: "name credentials of account " + r.Account + ": --profile PROFILE",
		}
	}
	if err := errors.Join(reader(ctx, checker), checker.Logins(ctx, list)); err != nil {
		return nil, err
	}
	k := &rekeying{env: env, view: newProgress(env), room: r, list: list, checker: checker, checks: map[string]*verify.Result{}}
	k.options = rekey.Options{
		Bucket: state.NewBucket(r, cfg), Environments: list, Journal: dir, Caller: aws.ToString(me.Arn),
		Prove: k.prove, Next: k.next, Report: k.report, Note: func(text string) { k.view.line("note: " + text) },
	}
	return k, nil
}

// patient is a configuration for many requests at once: it is throttled longer before
// it gives up.
func patient(cfg aws.Config) aws.Config {
	if cfg.RetryMaxAttempts == 0 {
		cfg.RetryMaxAttempts = 6
	}
	return cfg
}

// prove makes the checks of "state verify" on a state. What fails stops the run; what
// cannot be told is shown, and stops it after the environment.
func (k *rekeying) prove(ctx context.Context, s rekey.Subject) error {
	at := slices.IndexFunc(k.list, func(e state.Environment) bool { return e.Name == s.Target.Environment })
	want := verify.Want{Encryption: s.Encryption, Before: s.Snapshot, Exact: true}
	result, err := k.checker.Check(ctx, k.list[at], s.Target, want)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.checks[s.Target.Key()] = result
	if result.Status() == verify.Failed {
		return result.Err()
	}
	return nil
}

// next ends a run after an environment of which something could not be told: whether
// its principal reads its states, above all. One environment at a time is what keeps a
// wrong grant to one environment.
func (k *rekeying) next(done string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.checks {
		if c.Environment != done || c.Status() != verify.Unknown {
			continue
		}
		after := []string{}
		for i := range k.list {
			if k.list[i].Name == done {
				after = append(after, environmentNames(k.list[i+1:]))
			}
		}
		return &diag.Diagnostic{
			Rule: "state-unproven", Summary: fmt.Sprintf("%s is done, and not everything about it could be told: nothing was begun of %s", done, strings.Join(after, "")),
			Why: "an environment has to verify before the next one is touched; half an answer is none",
			Fix: "have what is named above told, and run this again; or go on as it is, one environment at a time: --env ENV",
		}
	}
	return nil
}

// foretell says of whom it will not be possible to tell whether they read their states,
// before anything is done.
func (k *rekeying) foretell(ctx context.Context) error {
	for _, e := range k.list {
		list, err := k.checker.Unseen(ctx, e)
		if err != nil {
			return err
		}
		for _, principal := range list {
			k.view.line(fmt.Sprintf("note: whether %s reads the states of %s cannot be told afterwards: its own policies are in an account that there are no credentials for; add --principal-profile %[2]s=PROFILE", principal, e.Name))
		}
	}
	return nil
}

// report shows progress: a line that is redrawn on a terminal, elsewhere one for each
// tenth.
func (k *rekeying) report(s rekey.Step) {
	switch {
	case s.State == nil:
		k.view.line(fmt.Sprintf("%s: %s", s.Environment, count(s.Total, "state")))
	case k.view.terminal:
		k.view.draw(fmt.Sprintf("%s: %d of %d  %s", s.Environment, s.Done, s.Total, s.State.Key))
	case s.Total >= 20 && s.Done%(s.Total/10) != 0:
	case s.Total >= 20:
		k.view.line(fmt.Sprintf("%s: %d of %d", s.Environment, s.Done, s.Total))
	default:
		k.view.line(fmt.Sprintf("%s: %d of %d  %s  %s", s.Environment, s.Done, s.Total, s.State.Key, done(s.State)))
	}
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
