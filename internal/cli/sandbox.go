package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

func newSandbox(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "serve a local AWS that enforces every policy",
		Long: `Sandbox serves a local AWS: accounts, identities, keys and buckets whose policies are
really enforced. It prints the environment that makes tools use it, and serves
until it is interrupted. Tools keep their real endpoints: the sandbox is a proxy
with its own certificates for *.amazonaws.com and for the forges' token issuers.

A tool that knows no proxy can be given the sandbox's address as its endpoint:
unset HTTPS_PROXY and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (which keeps endpoints
of ~/.aws/config from leading past the sandbox), and set AWS_ENDPOINT_URL to what
HTTPS_PROXY was, or to the same with https.

It listens on this machine only. Everything is in memory unless --data is given.`,
		Example: `  strongroom sandbox exec -- bash      a shell inside one

  strongroom sandbox > sandbox.env     one that stays; then, in any other shell:
  . ./sandbox.env
  aws s3 mb s3://example`,
		Args: noArgs,
	}
	flags := newStartFlags(cmd)
	format := formatFlag(cmd, "env", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		running, err := flags.start(cmd.Context(), env)
		if err != nil {
			return err
		}
		if err := serve(cmd.Context(), env, running, *format); err != nil {
			_ = running.close() // the first error is the one to tell
			return err
		}
		return running.close()
	}
	cmd.AddCommand(newSandboxExec(env), newSandboxToken(env), newSandboxAccess(env), newSandboxAccount(env), newSandboxSCP(env), newSandboxEmit(env), newSandboxRecord(env), newSandboxAdvance(env), newSandboxMail(env))
	return cmd
}

// serve prints the environment and waits for the interrupt, which is the
// normal end.
func serve(ctx context.Context, env *Env, running *startedSandbox, format string) error {
	if err := writeEnvironment(env.Stdout, running.environment, format); err != nil {
		return &diag.Diagnostic{Rule: "sandbox-output", Summary: "cannot print the environment: " + err.Error(), Err: err}
	}
	fmt.Fprintf(env.Stderr, "strongroom: sandbox of account %s serves %s; interrupt it (Ctrl-C) to end it\n", running.environment.Account, running.url)
	<-ctx.Done()
	return nil
}
