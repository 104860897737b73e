package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
)

// backendBlock is one block of "strongroom state backend --format json".
type backendBlock struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	// Type is the backend's: "s3", "http", "local".
	Type string `json:"type"`
	// KMSKeyARN is the key that states are encrypted under; "" when the variable is off.
	KMSKeyARN string `json:"kms_key_arn"`
	// ClientEncryption is whether OpenTofu encrypts them before they are sent.
	ClientEncryption bool `json:"client_encryption"`
	// Path is the file that was written; "" when it was printed.
	Path string `json:"path"`
	// Text is the file.
	Text string `json:"text"`
}

// newStateBackend prints or writes backend blocks.
func newStateBackend(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backend --env ENV [--stack STACK]",
		Short: "the backend block of a stack",
		Long: `Backend prints the backend block of a stack, or writes it into the stack's directory.
It asks nobody: the spec says where the state is, and one environment variable how it
is encrypted there.

STATE_KMS_KEY_ID is the switch. Set to the ARN of the environment's key, the block has
encrypt and kms_key_id, and use_lockfile unless the spec says locking = false. Unset or
empty, it is byte for byte the block from before: bucket, key and region.

An alias is refused, and so is a key of another region or account than the bucket's, or
of another environment. With client_encryption in the spec OpenTofu's encryption block
is added, with a fallback that reads states which are not encrypted yet; --no-fallback
leaves that out once they all are.

A command that failed has printed nothing, and its status is not 0: a generator has to
stop there (set -e), because an engine takes an empty backend.tf for a local state.
  strongroom state backend --env "$ENV" --stack infra > terraform/infra/backend.tf

--write changes only what differs in the block that is there: attributes that the spec
does not speak of stay, and so does every other byte of the file.`,
		Example: `  strongroom state backend --env production --stack infra
  STATE_KMS_KEY_ID=arn:aws:kms:... strongroom state backend --env production --stack infra
  strongroom state backend --env production --write`,
		Args: noArgs,
	}
	flags := addStateFlags(cmd)
	write := cmd.Flags().Bool("write", false, "write each block into its stack's directory, which the spec names")
	noFallback := cmd.Flags().Bool("no-fallback", false, "client encryption: refuse states that are not encrypted")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, list, err := flags.load()
		if err != nil {
			return err
		}
		if *noFallback && !r.State.ClientEncryption {
			return usage(cmd, "--no-fallback is about client_encryption, which the spec does not ask for")
		}
		key := env.Getenv(state.KeyVariable)
		blocks, writes := []backendBlock{}, []backendWrite{}
		for _, e := range list {
			for _, s := range e.Stacks {
				b, err := state.Block(r, e, s, key, !*noFallback)
				if err != nil {
					return err
				}
				blocks = append(blocks, backendBlock{e.Name, s.Name, b.Type(), key, b.Encryption != nil, "", string(b.Text())})
				writes = append(writes, backendWrite{e.Name, s, b})
			}
			if key != "" && e.KeyARN == "" && r.State.Backend == "s3" {
				fmt.Fprintf(env.Stderr, "note: the spec does not say which key is environment %s's, so another environment's would not be noticed; add kms_key_arn = %q\n", e.Name, key)
			}
		}
		if *write {
			paths, err := writeBackends(env, r, writes)
			if err != nil {
				return err
			}
			for i, path := range paths {
				blocks[i].Path = path
			}
		}
		if key == "" && r.State.Backend == "s3" {
			fmt.Fprintf(env.Stderr, "note: %s is not set: states are encrypted as the bucket does by default, for everybody who may read objects\n", state.KeyVariable)
		}
		switch {
		case *format == "json":
			return writeJSON(env.Stdout, struct {
				FormatVersion int            `json:"format_version"`
				Blocks        []backendBlock `json:"blocks"`
			}{1, blocks})
		case *write:
			for _, b := range blocks {
				fmt.Fprintf(env.Stdout, "%s  %s\n", b.Path, blockSummary(b))
			}
			return nil
		case len(blocks) > 1:
			names := []string{}
			for _, b := range blocks {
				names = append(names, "--env "+b.Environment+" --stack "+b.Stack)
			}
			return &diag.Diagnostic{
				Rule: "state-backend-which", Summary: fmt.Sprintf("%d stacks were selected, and one block can be printed", len(blocks)),
				Why: "an engine accepts one backend block in a directory", Fix: "choose one, or add --write:\n  " + strings.Join(names, "\n  "),
			}
		}
		fmt.Fprint(env.Stdout, blocks[0].Text)
		return nil
	}
	return cmd
}

func blockSummary(b backendBlock) string {
	switch {
	case b.ClientEncryption:
		return b.Type + ", encrypted by OpenTofu under " + b.KMSKeyARN
	case b.KMSKeyARN != "":
		return b.Type + ", SSE-KMS under " + b.KMSKeyARN
	}
	return b.Type
}

// backendWrite is a block that is to be written into a stack's directory.
type backendWrite struct {
	environment string
	stack       state.Stack
	block       backend.Block
}

// writeBackends puts blocks into their stacks' directories: none of them, if one cannot
// be written.
func writeBackends(env *Env, r *room.Room, list []backendWrite) ([]string, error) {
	in := map[string]backendWrite{}
	for _, w := range list {
		if w.stack.Dir == "" {
			return nil, &diag.Diagnostic{
				Rule: "state-backend-dir", Summary: fmt.Sprintf("the spec does not say where stack %s is", w.stack.Name), At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
				Why: "a block is written into the root module's directory", Fix: fmt.Sprintf("add to its environment: stack %q { state_key = %q, dir = \"...\" }, on lines of their own; or leave --write out and redirect stdout", w.stack.Name, w.stack.Key),
			}
		}
		if other, both := in[w.stack.Dir]; both {
			return nil, &diag.Diagnostic{
				Rule: "state-backend-shared", Summary: fmt.Sprintf("%s of %s and %s of %s are in one directory, %s", other.stack.Name, other.environment, w.stack.Name, w.environment, w.stack.Dir),
				Why: "a directory has one backend block: the last one that is written would decide whose state the next plan reads", Fix: "choose one: --env " + other.environment + ", or --env " + w.environment,
			}
		}
		in[w.stack.Dir] = w
	}
	paths, texts := []string{}, [][]byte{}
	for _, w := range list {
		path, text, err := backend.Change(w.stack.Dir, w.block, nil)
		if errors.Is(err, backend.ErrNoStack) {
			return nil, &diag.Diagnostic{
				Rule: "state-backend-no-stack", Summary: "there is no stack in " + w.stack.Dir, Err: err,
				Why: "a block belongs to a root module, which has .tf files", Fix: "check it out, or correct dir of stack " + w.stack.Name + " in the spec; or leave --write out and redirect stdout",
			}
		}
		if err != nil {
			return nil, err
		}
		paths, texts = append(paths, path), append(texts, text)
	}
	for i, path := range paths {
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, texts[i]) {
			continue
		}
		if err := backend.Write(path, texts[i]); err != nil {
			return nil, fileError("state-backend-file", err)
		}
	}
	for i, w := range list {
		if w.block.Encryption == nil && backend.Encrypts(w.stack.Dir) {
			fmt.Fprintf(env.Stderr, "note: the encryption block in %s stays: without it OpenTofu could not read what it has encrypted\n", filepath.Dir(paths[i]))
		}
	}
	return paths, nil
}
