package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
)

// stateCommands are the subcommands of state, in the order help shows them.
var stateCommands = []func(*Env) *cobra.Command{
	newStateBackend,
	newStateGrants,
	newStateStatus,
	newStateVerify,
	newStateMigrate,
	newStateRekey,
	newStateRollback,
	newStateHistory,
	newStateDiff,
	newStateScan,
	newStateUnlock,
}

// newState is about states: where they are, under which key, and how they get
// elsewhere.
func newState(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "where states are, under which key, and how they get elsewhere",
		Long: `State commands are about the states that the spec speaks of: those of its environments,
and the room's own, which are called environment "room". Each takes one environment
(--env), one stack of it (--stack), or all of them in the spec's order.

Those that change something show what they would do, and do it after a yes: on a
terminal they ask, elsewhere they only show it unless --yes is given.`,
	}
	subcommands := []*cobra.Command{}
	for _, newCommand := range stateCommands {
		subcommands = append(subcommands, newCommand(env))
	}
	return group(cmd, subcommands...)
}

// stateFlags say which states a command is about, and as whom.
type stateFlags struct {
	cmd                              *cobra.Command
	dir, environment, stack, profile string
	// principals are ENV=PROFILE.
	principals []string
}

// addStateFlags adds --dir, --env, --stack.
func addStateFlags(cmd *cobra.Command) *stateFlags {
	f := &stateFlags{cmd: cmd}
	cmd.Flags().StringVar(&f.dir, "dir", ".", "the room's `directory`, where strongroom.hcl is")
	cmd.Flags().StringVar(&f.environment, "env", "", "the `environment`; \"room\" for the room's own stacks (default all)")
	cmd.Flags().StringVar(&f.stack, "stack", "", "the `stack`, or its state key (default all)")
	_ = cmd.MarkFlagDirname("dir")
	_ = cmd.RegisterFlagCompletionFunc("env", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return f.complete(func(e state.Environment) []string { return []string{e.Name} })
	})
	_ = cmd.RegisterFlagCompletionFunc("stack", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return f.complete(func(e state.Environment) []string {
			names := []string{}
			for _, s := range e.Stacks {
				if f.environment == "" || f.environment == e.Name {
					names = append(names, s.Name)
				}
			}
			return names
		})
	})
	return f
}

func (f *stateFlags) complete(names func(state.Environment) []string) ([]string, cobra.ShellCompDirective) {
	r, err := room.Load(f.dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list := []string{}
	for _, e := range state.Environments(r) {
		list = append(list, names(e)...)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// addProfile adds --profile: whose credentials the command uses.
func (f *stateFlags) addProfile(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.profile, "profile", "", "the AWS `profile` of the state account's owner (default: the environment's credentials)")
}

// addPrincipals adds --principal-profile: credentials of environments' principals, or
// of somebody who may read their policies.
func (f *stateFlags) addPrincipals(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.principals, "principal-profile", nil, "`ENV=PROFILE`: the AWS profile of an environment's principal, or of who may read IAM in its account; may be repeated")
	_ = cmd.RegisterFlagCompletionFunc("principal-profile", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		list, directive := f.complete(func(e state.Environment) []string { return []string{e.Name + "="} })
		return list, directive | cobra.ShellCompDirectiveNoSpace
	})
}

// addReader adds --reader-profile, and returns what puts the reader into a checker.
func addReader(cmd *cobra.Command) func(context.Context, *verify.Checker) error {
	reader := cmd.Flags().String("reader-profile", "", "the AWS `profile` of somebody who may read objects and not decrypt")
	return func(ctx context.Context, c *verify.Checker) error {
		if *reader == "" {
			return nil
		}
		cfg, err := awsConfig(ctx, *reader)
		if err == nil {
			c.Reader = &cfg
		}
		return err
	}
}

// load reads the spec and selects what the flags name.
func (f *stateFlags) load() (*room.Room, []state.Environment, error) {
	r, err := room.Load(f.dir)
	if err != nil {
		return nil, nil, err
	}
	// A profile of an environment that does not exist would silently not be used.
	for _, p := range f.principals {
		name, profile, _ := strings.Cut(p, "=")
		if name == "" || profile == "" {
			return nil, nil, usage(f.cmd, "--principal-profile %q is not ENV=PROFILE", p)
		}
		if _, err := state.Select(r, name, ""); err != nil {
			return nil, nil, err
		}
	}
	list, err := state.Select(r, f.environment, f.stack)
	return r, list, err
}

// config loads the AWS configuration of --profile, or of the environment.
func (f *stateFlags) config(ctx context.Context) (aws.Config, error) {
	return awsConfig(ctx, f.profile)
}

// profiles loads the AWS configurations that --principal-profile gives for an
// environment; none, if it gives none.
func (f *stateFlags) profiles(ctx context.Context, environment string) (list []aws.Config, err error) {
	for _, p := range f.principals {
		if name, profile, _ := strings.Cut(p, "="); name == environment {
			cfg, err := awsConfig(ctx, profile)
			if err != nil {
				return nil, err
			}
			list = append(list, cfg)
		}
	}
	return list, nil
}

func awsConfig(ctx context.Context, profile string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	cfg, err := loadAWS(ctx, options...)
	if err != nil {
		return cfg, &diag.Diagnostic{
			Rule: "state-credentials", Summary: "the AWS configuration cannot be read: " + err.Error(), Err: err,
			Why: "the bucket and the keys are asked with it", Fix: "check AWS_PROFILE, --profile, --principal-profile, --reader-profile and ~/.aws/config",
		}
	}
	return cfg, nil
}

// changeFlags say whether a command does what it shows.
type changeFlags struct{ plan, yes bool }

// addChangeFlags adds --plan and --yes.
func addChangeFlags(cmd *cobra.Command) *changeFlags {
	c := &changeFlags{}
	cmd.Flags().BoolVar(&c.plan, "plan", false, "only show what would be done (the default where nobody can be asked)")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do it without asking")
	cmd.MarkFlagsMutuallyExclusive("plan", "yes")
	return c
}

// proceed tells whether to do what was shown: yes with --yes, no with --plan, and
// else what the person at the terminal says. Where there is none it is no, and
// stderr says how to get a yes.
func (c *changeFlags) proceed(ctx context.Context, env *Env, question string) (bool, error) {
	switch {
	case c.plan:
		return false, nil
	case c.yes:
		return true, nil
	case !env.Terminal(env.Stdin):
		fmt.Fprintln(env.Stderr, "nothing was done: stdin is not a terminal; add --yes to do it")
		return false, nil
	}
	return ask(ctx, env, question)
}

// ask asks a person; only "yes" is a yes.
func ask(ctx context.Context, env *Env, question string) (bool, error) {
	fmt.Fprintf(env.Stderr, "\n%s Only \"yes\" is a yes: ", question)
	answer := make(chan string, 1)
	failed := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(env.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			failed <- err
			return
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case line := <-answer:
		return line == "yes", nil
	case err := <-failed:
		return false, fmt.Errorf("read the answer: %w", err)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// workDir is the directory for what commands of a room remember between runs:
// journals, which hold neither states nor secrets.
func workDir(r *room.Room) (string, error) {
	dir := r.Dir + "/.strongroom"
	return dir, os.MkdirAll(dir, 0o755)
}

// environmentNames lists environments for a sentence.
func environmentNames(list []state.Environment) string {
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	return strings.Join(slices.Compact(names), ", ")
}
