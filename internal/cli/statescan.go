package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/scan"
)

// newStateScan looks for secrets in states.
func newStateScan(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan [--env ENV] [--stack STACK] [FILE]",
		Short: "secrets that stand in states in clear text",
		Long: `Scan reads states and lists the secrets in them, masked: never more of a value than its
length, and of a well-known format what all secrets of the kind begin with.

A value is a secret because the provider calls its attribute sensitive, because the
state or an output marks it, because it has a well-known format (keys of AWS, private
keys, tokens of GitLab, GitHub, Slack, Stripe and many others, JWTs, addresses with
passwords), because its name says so, or because it looks drawn by lot. It looks into
JSON, base64 and gzip, and into names. What has to be sensitive is asked of the engine
for a stack whose directory the spec names and which was prepared there; of the AWS
provider, and of random, tls and local, it is built in. The answer says which.

An engine writes secrets into states whatever they are called: what keeps them is who
can read the state. So a finding in a state that is encrypted as the spec says, under
the environment's own key, is listed and no more; in any other place it is a no.
--strict makes every finding a no. It is the current version that is looked through:
older ones stay as they were written (strongroom state status --versions tells how).

--placeholders also looks for secrets that are put by hand: in the files of stacks for
parameters and secret versions with ignore_changes on their value, and in states for
placeholders. Each is a no.

With FILE, or - for stdin, it looks through that state and reads no spec.

Exit status: 0 when there is nothing to object to, 2 when there is, 1 when a state could
not be looked through.`,
		Example: `  strongroom state scan
  strongroom state scan --env production --strict
  strongroom state scan --placeholders
  terraform state pull | strongroom state scan -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "one FILE can be looked through, not %d", len(args))
			}
			return nil
		},
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	strict := cmd.Flags().Bool("strict", false, "exit 2 for any finding, however the state is encrypted")
	placeholders := cmd.Flags().Bool("placeholders", false, "look for secrets put by hand as well: placeholders, ignore_changes")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var reports []*scan.Report
		var err error
		if len(args) == 1 {
			if flags.environment != "" || flags.stack != "" {
				return usage(cmd, "FILE is looked through by itself; leave --env and --stack out")
			}
			reports, err = scanFile(cmd.Context(), env, args[0], *placeholders)
		} else {
			reports, err = scanRoom(cmd.Context(), env, flags, *placeholders)
		}
		if err != nil {
			return err
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, struct {
				FormatVersion int            `json:"format_version"`
				States        []*scan.Report `json:"states"`
			}{1, reports})
		} else {
			err = scan.Human(env.Stdout, reports)
		}
		if err != nil {
			return err
		}
		for _, r := range reports {
			if len(r.Findings) > 0 && (*strict || !r.AsSpec) || len(r.Placeholders) > 0 {
				return &diag.ExitError{Code: diag.No}
			}
		}
		return nil
	}
	return cmd
}

// maxState bounds what is read from stdin and from files.
const maxState = 1 << 30

func scanFile(ctx context.Context, env *Env, name string, placeholders bool) ([]*scan.Report, error) {
	in := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadFile(err)
		}
		defer f.Close()
		in = f
	} else {
		name = "stdin"
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxState+1))
	switch {
	case err != nil:
		return nil, unreadFile(err)
	case len(raw) > maxState:
		return nil, &diag.Diagnostic{Rule: "state-scan-file", Summary: name + " is larger than 1 GiB", Why: "it would not fit into memory several times", Fix: "split the stack: no engine copes with such a state either"}
	}
	r, err := (&scan.Checker{Placeholders: placeholders}).Reader(ctx, name, raw)
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "state-scan-file", Summary: err.Error(), Err: err, Why: "only a whole state in format 4 can be looked through", Fix: "hand over what the engine's \"state pull\" prints"}
	}
	return []*scan.Report{r}, nil
}

func unreadFile(err error) error {
	return &diag.Diagnostic{Rule: "state-scan-file", Summary: err.Error(), Err: err, Why: "what cannot be read may hold anything", Fix: "name a state file that can be read, or - for stdin"}
}

func scanRoom(ctx context.Context, env *Env, flags *stateFlags, placeholders bool) ([]*scan.Report, error) {
	r, list, err := flags.load()
	if err != nil {
		return nil, err
	}
	places, err := flags.places(ctx, env, r)
	if err != nil {
		return nil, err
	}
	schemas := &schemaSource{env: env, room: r}
	k := &scan.Checker{Places: places, Schema: schemas.of, Placeholders: placeholders}
	reports := []*scan.Report{}
	for _, e := range list {
		targets, err := places.Targets(ctx, e)
		if err != nil {
			return nil, err
		}
		found := make([]*scan.Report, len(targets))
		if err := each(ctx, env, "scan "+e.Name, len(targets), func(i int) (err error) {
			found[i], err = k.Check(ctx, e, targets[i])
			return err
		}); err != nil {
			return nil, err
		}
		reports = append(reports, found...)
	}
	return reports, nil
}

// places are where the room's states are, for the credentials of the flags.
func (f *stateFlags) places(ctx context.Context, env *Env, r *room.Room) (*state.Places, error) {
	p := &state.Places{Room: r, Getenv: env.Getenv}
	if r.State.Backend == "s3" {
		cfg, err := f.config(ctx)
		if err != nil {
			return nil, err
		}
		p.Bucket = state.NewBucket(r, cfg)
	}
	return p, nil
}

// schemaSource asks engines for schemas, once for each directory.
type schemaSource struct {
	env  *Env
	room *room.Room

	mu   sync.Mutex
	done map[string]*scan.Schema
}

func (s *schemaSource) of(ctx context.Context, stack state.Stack) (*scan.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.done[stack.Dir]; known != nil {
		return known, nil
	}
	known, err := scan.BuiltIn()
	if err != nil {
		return nil, err
	}
	if stack.Dir != "" {
		told, err := s.ask(ctx, stack.Dir)
		switch {
		case err == nil:
			known = told.Over(known)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, scan.ErrNotPrepared):
			first, _, _ := strings.Cut(err.Error(), "\n")
			fmt.Fprintf(s.env.Stderr, "note: %s: the engine did not tell its providers' schemas: %s\n", stack.Dir, first)
		}
	}
	if s.done == nil {
		s.done = map[string]*scan.Schema{}
	}
	s.done[stack.Dir] = known
	return known, nil
}

func (s *schemaSource) ask(ctx context.Context, dir string) (*scan.Schema, error) {
	environ := os.Environ()
	if !scan.Prepared(dir) {
		return nil, scan.ErrNotPrepared
	}
	b, err := engine.Find(ctx, engine.Search{Spec: s.room.Engine, Environ: environ, Dir: s.room.Dir})
	if err != nil {
		return nil, err
	}
	return scan.Ask(ctx, b, dir, engine.Environ(environ, nil, nil))
}
