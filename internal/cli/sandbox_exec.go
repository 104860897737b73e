package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The exit statuses of env(1) and the shells for a command that did not start.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

func newSandboxExec(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENTS...]",
		Short: "run a command in the sandbox",
		Long: `Exec runs a command with an environment in which AWS is the sandbox: the one that
STRONGROOM_SANDBOX names, or else a fresh one that ends with the command.

The exit status is the command's own: 128 and the signal's number when a signal
ended it, 126 or 127 when it could not be started. Signals are forwarded, except
those of the keyboard, which reach the command without help.`,
		Example: `  strongroom sandbox exec -- aws sts get-caller-identity
  strongroom sandbox exec --audit events.jsonl -- tofu apply`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "%s needs a command after --", cmd.CommandPath())
			}
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false)
	flags := newStartFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if env.Getenv(controlVariable) != "" {
			if name := flags.onlyForFresh(); name != "" {
				return usage(cmd, "--%s is for a fresh sandbox, and %s names a running one", name, controlVariable)
			}
			if err := flags.checkRegion(); err != nil {
				return err
			}
			client, err := runningSandbox(env)
			if err != nil {
				return err
			}
			environment, err := client.Environment(cmd.Context(), flags.account)
			if err != nil {
				return askError(err)
			}
			return runIn(cmd.Context(), env, flags.apply(environment), args)
		}
		running, err := flags.start(cmd.Context(), env)
		if err != nil {
			return err
		}
		err = runIn(cmd.Context(), env, running.environment, args)
		return withEnd(err, running.close())
	}
	return cmd
}

// runIn runs a command with the environment and ends as it does.
func runIn(ctx context.Context, env *Env, environment sandbox.Environment, args []string) error {
	child := exec.Command(args[0], args[1:]...)
	child.Stdin, child.Stdout, child.Stderr = env.Stdin, env.Stdout, env.Stderr
	child.Env = withEnvironment(env.Environ, environment)

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return startError(args[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- child.Wait() }()
	// The terminal sends its signals to the whole foreground group, the command
	// included. Forwarding them would make it see each twice, and tofu takes the
	// second one for an order to stop at once.
	keyboard := env.Terminal(env.Stdin)
	cancelled := ctx.Done()
	for {
		select {
		case s := <-signals:
			if !keyboard || s != os.Interrupt && s != syscall.SIGQUIT {
				// The command may have ended just now.
				_ = child.Process.Signal(s)
			}
		case <-cancelled:
			cancelled = nil
			// A context that a signal ended says so; the signal itself was or
			// will be forwarded above.
			if context.Cause(ctx) == context.Canceled {
				_ = child.Process.Signal(syscall.SIGTERM)
			}
		case err := <-done:
			return exitOf(err)
		}
	}
}

// withEnd adds what went wrong at the sandbox's end to how the command ended;
// the command's own exit status stays.
func withEnd(command, end error) error {
	var exit *diag.ExitError
	if end != nil && errors.As(command, &exit) {
		return &diag.ExitError{Code: exit.Code, Err: errors.Join(exit.Err, end)}
	}
	return errors.Join(command, end)
}

// exitOf turns the command's end into this program's.
func exitOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &diag.ExitError{Code: exitSignal + int(status.Signal())}
	}
	return &diag.ExitError{Code: exit.ExitCode()}
}

func startError(name string, err error) error {
	code := exitNotExecutable
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = exitNotFound
	}
	return &diag.ExitError{Code: code, Err: &diag.Diagnostic{
		Rule: "sandbox-exec", Summary: "cannot run " + name + ": " + errors.Unwrap(err).Error(), Err: err,
	}}
}

// withEnvironment is environ with the sandbox's variables set and unset.
func withEnvironment(environ []string, e sandbox.Environment) []string {
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(e.Unset, name) ||
			slices.ContainsFunc(e.Set, func(v sandbox.Variable) bool { return v.Name == name })
	})
	for _, v := range e.Set {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}
