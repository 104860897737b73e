package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/migrate"
)

// migrateAnswer is what "strongroom state migrate --format json" prints.
type migrateAnswer struct {
	FormatVersion int `json:"format_version"`
	// Done is false when this only says what would be done, and of a run that stopped.
	Done bool `json:"done"`
	// Moves are the stacks' moves, in the spec's order; of a run that stopped those that it
	// came to the end of. Empty with --retire alone.
	Moves []migrate.Result `json:"moves"`
	// Retired are the states that were, or would be, removed from where they were left.
	Retired []migrate.Retired `json:"retired"`
}

// newStateMigrate moves states between backends.
func newStateMigrate(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate --to local|s3|http [--env ENV] [--stack STACK] [--retire]",
		Short: "move states to another backend, by the engine, and prove it",
		Long: `Migrate moves a stack's states, all workspaces, from the backend that its files name to
another: S3, GitLab's (http), or a local file; any to any. The engine copies them, by
its own init -migrate-state in the stack's directory; this holds the locks of both
places meanwhile, and compares before and after, without the engine: lineage, serial,
resources, a digest of the contents, and the encryption that the spec asks for. Then the
backend block in the stack's files is changed.

The source stays as it was, and marked: in S3 and GitLab it keeps a lock that says where
the state went, and a file becomes read-only, with a mark beside it; so an engine that
still has the old block is refused. --retire removes it, once the destination still has
the same lineage and no lower serial, and nobody has written to the source: in S3 by a
delete marker, in GitLab with its versions, as a file with its backup.

A destination that holds another state, or a younger one, is refused, and so is a state
that somebody has locked. The http backend has no workspaces: a stack with several is
refused. GitLab's credentials are TF_HTTP_USERNAME and TF_HTTP_PASSWORD of the
environment. STATE_KMS_KEY_ID says the key in S3, as with "state backend".

It may be killed at any point; run it again, and it goes on from there.`,
		Example: `  strongroom state migrate --to s3 --env development --plan
  strongroom state migrate --to http --env development --stack infra --yes
  strongroom state migrate --retire --env development --stack infra --yes`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	flags.addProfile(cmd)
	to := cmd.Flags().String("to", "", "the `backend` to move to: local, s3 or http")
	retire := cmd.Flags().Bool("retire", false, "remove what moves have left; alone, or after a move")
	stackDir := cmd.Flags().String("stack-dir", "", "the `directory` of the one stack's root module, if the spec does not say")
	_ = cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]string{"local", "s3", "http"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagDirname("stack-dir")
	change := addChangeFlags(cmd)
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch *to {
		case "local", "s3", "http":
		case "":
			if !*retire {
				return usage(cmd, "--to says where: local, s3 or http")
			}
		default:
			return usage(cmd, "--to %q is not one of local, s3, http", *to)
		}
		m := &migration{env: env, flags: flags, to: *to, retire: *retire, stackDir: *stackDir}
		return m.run(cmd, change, *format)
	}
	return cmd
}

// migration is one call of state migrate.
type migration struct {
	env          *Env
	flags        *stateFlags
	to, stackDir string
	retire       bool

	room   *room.Room
	aws    aws.Config
	view   *progress
	answer migrateAnswer
}

// migrated is a stack of it.
type migrated struct {
	options migrate.Options
	name    string
}

func (m *migration) run(cmd *cobra.Command, change *changeFlags, format string) error {
	ctx := cmd.Context()
	m.answer = migrateAnswer{FormatVersion: 1, Moves: []migrate.Result{}, Retired: []migrate.Retired{}}
	stacks, err := m.stacks(ctx)
	if err != nil {
		return err
	}
	if err := m.look(ctx, stacks); err != nil {
		return err
	}
	print := func(ran bool) error {
		if format == "json" {
			return writeJSON(m.env.Stdout, m.answer)
		}
		return printMigration(m.env.Stdout, m.answer, ran)
	}
	if !m.pending() {
		m.answer.Done = true
		return print(true)
	}
	if !change.plan && !change.yes && m.env.Terminal(m.env.Stdin) { // the question follows
		if err := printMigration(m.env.Stderr, m.answer, false); err != nil {
			return err
		}
	}
	ok, err := change.proceed(ctx, m.env, m.question())
	if err != nil {
		return err
	}
	if !ok {
		return print(false)
	}
	failed := m.do(ctx, stacks)
	m.answer.Done = failed == nil
	if failed == nil || format == "json" || len(m.answer.Moves)+len(m.answer.Retired) > 0 {
		err = print(true) // what stands
	}
	if failed != nil {
		return failed
	}
	return err
}

func (m *migration) question() string {
	if m.to == "" {
		return "Remove these states from where they were left?"
	}
	return "Move these states?"
}

// pending reports whether there is anything to do.
func (m *migration) pending() bool {
	for _, r := range m.answer.Moves {
		if !r.Home {
			return true
		}
	}
	return len(m.answer.Retired) > 0
}

// stacks are those that the flags select, with what a move of each needs but the engine.
func (m *migration) stacks(ctx context.Context) ([]migrated, error) {
	r, list, err := m.flags.load()
	if err != nil {
		return nil, err
	}
	m.room = r
	if m.aws, err = m.flags.config(ctx); err != nil {
		return nil, err
	}
	home, err := workDir(r)
	if err != nil {
		return nil, fileError("state-migrate-file", err)
	}
	all := []migrated{}
	for _, e := range list {
		for _, s := range e.Stacks {
			if m.stackDir != "" {
				s.Dir = m.stackDir
			}
			if s.Dir == "" {
				return nil, &diag.Diagnostic{
					Rule: "state-migrate-dir", Summary: fmt.Sprintf("the spec does not say where stack %s of %s is", s.Name, e.Name), At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
					Why: "the engine moves a state in the directory of its root module",
					Fix: fmt.Sprintf("add to its environment: stack %q { state_key = %q, dir = \"...\" }, on lines of their own; or name one stack with --stack, and --stack-dir", s.Name, s.Key),
				}
			}
			o := migrate.Options{
				Environment: e.Name, Stack: s.Name, Dir: s.Dir, Home: home, Bucket: r.State.Bucket, Account: r.Account, Locking: r.State.Locking,
				AWS: m.aws, Getenv: m.env.Getenv,
			}
			if m.to != "" {
				if o.To, err = m.block(ctx, e, s); err != nil {
					return nil, err
				}
			}
			all = append(all, migrated{o, e.Name + " " + s.Name})
		}
	}
	if m.stackDir != "" && len(all) != 1 {
		return nil, &diag.Diagnostic{
			Rule: "state-migrate-dir", Summary: fmt.Sprintf("--stack-dir is one stack's, and %d were selected", len(all)),
			Why: "each stack has a directory of its own", Fix: "name one: --env ENV --stack STACK",
		}
	}
	return all, nil
}

// block is the backend block of a stack at the destination.
func (m *migration) block(ctx context.Context, e state.Environment, s state.Stack) (backend.Block, error) {
	key := m.env.Getenv(state.KeyVariable)
	r := *m.room
	if r.State.Backend = m.to; m.to == "http" && r.State.HTTPAddress == "" {
		if r.Forge.Kind != "gitlab" {
			return backend.Block{}, &diag.Diagnostic{
				Rule: "state-migrate-address", Summary: "the spec does not say the address of states behind the http backend", At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
				Why: "the forge is not GitLab, which would have one", Fix: `write backend = "http" and http_address = "https://..." into the block "state"`,
			}
		}
		r.State.HTTPAddress = r.Forge.Issuer + "/api/v4/projects/" + url.PathEscape(r.Forge.Project) + "/terraform/state"
	}
	if m.to == "s3" && key == "" {
		switch {
		case e.Name == room.RoomEnvironment: // its block has always had a key
			arn, err := state.NewBucket(m.room, m.aws).KeyARN(ctx, e)
			if err != nil {
				return backend.Block{}, err
			}
			key = arn
		case e.KeyARN != "":
			return backend.Block{}, diag.Refuse(&diag.Diagnostic{
				Rule: "state-migrate-unencrypted", Summary: fmt.Sprintf("%s is not set, and the spec says that environment %s has a key", state.KeyVariable, e.Name), At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
				Why: "the first write to the bucket would be readable by everybody with s3:GetObject", Fix: "export " + state.KeyVariable + "=" + e.KeyARN,
			})
		}
	}
	return state.Block(&r, e, s, key, true)
}

// look asks of each stack what would be done.
func (m *migration) look(ctx context.Context, stacks []migrated) error {
	for _, s := range stacks {
		if m.to != "" {
			r, err := migrate.Look(ctx, s.options)
			if err != nil {
				return err
			}
			m.answer.Moves = append(m.answer.Moves, r)
			for _, w := range r.Workspaces {
				if m.retire && !r.Home && w.Before != nil {
					m.answer.Retired = append(m.answer.Retired, migrate.Retired{Where: w.From, How: "once the move is proven"})
				}
			}
		}
		if m.retire && (m.to == "" || m.answer.Moves[len(m.answer.Moves)-1].Home) {
			list, err := migrate.Leftovers(ctx, s.options)
			if err != nil {
				return err
			}
			m.answer.Retired = append(m.answer.Retired, list...)
		}
	}
	return nil
}

// do moves one stack after the other, and stops at the first that is not proven.
func (m *migration) do(ctx context.Context, stacks []migrated) error {
	m.view = newProgress(m.env)
	defer m.view.clear()
	m.answer.Moves, m.answer.Retired = []migrate.Result{}, []migrate.Retired{}
	for _, s := range stacks {
		s.options.Note = m.view.note
		s.options.Report = func(step migrate.Step) {
			m.view.step(bootstrap.Step{Name: step.Name, Ended: step.Ended, Seconds: step.Seconds})
		}
		if m.to != "" {
			m.view.note(s.name + ": to " + m.to)
			e, err := m.equip(ctx, s.options.Dir)
			if err != nil {
				return err
			}
			s.options.Engine = e
			heard := whileWaiting(e.Running, m.view.note)
			r, err := migrate.Run(ctx, s.options)
			heard()
			if err != nil {
				return err
			}
			m.answer.Moves = append(m.answer.Moves, r)
		}
		if m.retire {
			list, err := migrate.Retire(ctx, s.options)
			if err != nil {
				return err
			}
			m.answer.Retired = append(m.answer.Retired, list...)
		}
	}
	m.view.clear()
	if m.to != "" && m.to != m.room.State.Backend {
		fmt.Fprintf(m.env.Stderr, "note: the spec says backend = %q; write backend = %q into its block \"state\" once all states are there\n", m.room.State.Backend, m.to)
	}
	return nil
}

// equip finds the engine for a stack. Without a provider in reach it is the engine that
// says what it lacks: a stack need not have the AWS provider.
func (m *migration) equip(ctx context.Context, dir string) (*engine.Engine, error) {
	binary, err := engine.Find(ctx, engine.Search{Spec: m.room.Engine, Environ: m.env.Environ})
	if err != nil {
		return nil, err
	}
	plugins, err := engine.Equip(ctx, binary, engine.Outfit{Environ: m.env.Environ, PreferLocal: m.env.Getenv("STRONGROOM_SANDBOX") != ""})
	if err != nil {
		m.view.note("no AWS provider was found: " + err.Error())
	}
	if m.flags.profile != "" {
		plugins.Set = append(plugins.Set, "AWS_PROFILE="+m.flags.profile)
		plugins.Unset = append(plugins.Unset, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return engine.New(binary, path, engine.Options{Environ: engine.Environ(m.env.Environ, plugins.Set, plugins.Unset)})
}

// printMigration says what was done, or, if nothing ran, what would be.
func printMigration(w io.Writer, a migrateAnswer, ran bool) error {
	var b strings.Builder
	for _, r := range a.Moves {
		switch {
		case r.Home:
			fmt.Fprintf(&b, "%s %s: already at %s\n", r.Environment, r.Stack, r.To)
		case ran:
			fmt.Fprintf(&b, "%s %s: moved from %s to %s\n", r.Environment, r.Stack, r.From, r.To)
		case r.Unfinished:
			fmt.Fprintf(&b, "%s %s: would go on with the move from %s to %s that was begun\n", r.Environment, r.Stack, r.From, r.To)
		default:
			fmt.Fprintf(&b, "%s %s: would move from %s to %s, and write the backend block in %s\n", r.Environment, r.Stack, r.From, r.To, r.Dir)
		}
		for _, s := range r.Workspaces {
			fmt.Fprintf(&b, "  %s: %s (%s)\n", s.Name, s.From, s.Before.Summary())
			there := s.There
			if ran {
				there = s.After
			}
			fmt.Fprintf(&b, "    to %s (%s%s)\n", s.To, there.Summary(), encryptedAs(s))
		}
		if ran && !r.Home {
			fmt.Fprintf(&b, "  the source is left, readable and marked; remove it with: strongroom state migrate --retire --env %s --stack %s\n", r.Environment, r.Stack)
		}
	}
	for _, r := range a.Retired {
		if ran {
			fmt.Fprintf(&b, "retired %s: %s\n", r.Where, r.How)
		} else {
			fmt.Fprintf(&b, "would retire %s: %s\n", r.Where, r.How)
		}
	}
	if b.Len() == 0 {
		b.WriteString("nothing was left by a move\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func encryptedAs(w migrate.Workspace) string {
	switch {
	case w.Encryption.KeyARN != "":
		return ", " + w.Encryption.Algorithm + " under " + w.Encryption.KeyARN
	case w.Encryption.Algorithm != "":
		return ", " + w.Encryption.Algorithm
	}
	return ""
}
