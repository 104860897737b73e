package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// controlVariable names the running sandbox in a sandbox's environment.
const controlVariable = "STRONGROOM_SANDBOX"

// runningSandbox is the one that the environment names.
func runningSandbox(env *Env) (*sandbox.Client, error) {
	url := env.Getenv(controlVariable)
	if url == "" {
		return nil, &diag.Diagnostic{
			Rule:    "sandbox-running",
			Summary: "no sandbox is named by " + controlVariable,
			Why:     "this command asks a sandbox that runs already",
			Fix:     "work in a shell inside one:\nstrongroom sandbox exec -- bash",
		}
	}
	client, err := sandbox.Dial(url)
	if err != nil {
		// The value holds the sandbox's secret path, so it is not shown.
		return nil, &diag.Diagnostic{
			Rule:    "sandbox-running",
			Summary: fmt.Sprintf("%s is not usable: %v", controlVariable, err),
			Fix:     "unset " + controlVariable + ", or set it as strongroom sandbox printed it",
			Err:     err,
		}
	}
	return client, nil
}

// askError adds the repair to the error of a sandbox that is gone.
func askError(err error) error {
	if !errors.Is(err, sandbox.ErrGone) {
		return err
	}
	return &diag.Diagnostic{
		Rule:    "sandbox-running",
		Summary: err.Error(),
		Why:     controlVariable + " names a sandbox that has ended",
		Fix:     "unset " + controlVariable + ", or start a sandbox and take over its environment",
		Err:     err,
	}
}

func newSandboxAccount(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account ID",
		Short: "print the environment of another account's root user in the running sandbox",
		Long: `Account prints the environment that makes a tool use the running sandbox as the root
user of an account, which is created if it is new.`,
		Example: `  eval "$(strongroom sandbox account 222233334444)"`,
		Args:    exactArgs("an account ID of 12 digits"),
	}
	format := formatFlag(cmd, "env", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		environment, err := client.Environment(cmd.Context(), args[0])
		if err != nil {
			return askError(err)
		}
		return writeEnvironment(env.Stdout, environment, *format)
	}
	return cmd
}

func newSandboxSCP(env *Env) *cobra.Command {
	return group(&cobra.Command{
		Use:   "scp",
		Short: "service control policies of the running sandbox's accounts",
	}, newSandboxSCPAttach(env))
}

func newSandboxSCPAttach(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attach --account ID FILE",
		Short: "attach a service control policy to an account",
		Long: `Attach makes a service control policy limit an account of the running sandbox. FILE
is the policy's JSON, or - for standard input.

Level 0 is the organization's root, 1 the first organizational unit below it, and
so on down to the account. Every level that has a policy must allow.`,
		Example: `  strongroom sandbox scp attach --account 111122223333 --level 1 deny-regions.json`,
		Args:    exactArgs("FILE (or - for standard input)"),
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	}
	account := cmd.Flags().String("account", "", "ID of the account (required)")
	level := cmd.Flags().Int("level", 0, "level of the organization the policy is attached at")
	name := cmd.Flags().String("name", "", "name of the policy, for denials (default FILE)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *account == "" {
			return usage(cmd, "a service control policy needs --account")
		}
		document, err := readFile(env, args[0])
		if err != nil {
			return err
		}
		client, err := runningSandbox(env)
		if err != nil {
			return err
		}
		if *name == "" {
			*name = args[0]
		}
		return askError(client.AttachPolicy(cmd.Context(), sandbox.SCP{
			Account: *account, Level: *level, Name: *name, Document: document,
		}))
	}
	return cmd
}

// readFile reads a file named on the command line; "-" is standard input.
func readFile(env *Env, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(env.Stdin)
	}
	return os.ReadFile(name)
}

// writeEnvironment prints what makes a process use the sandbox: lines for a
// POSIX shell, or JSON.
func writeEnvironment(w io.Writer, e sandbox.Environment, format string) error {
	if format == "json" {
		answer := struct {
			FormatVersion int               `json:"format_version"`
			Account       string            `json:"account"`
			Set           map[string]string `json:"set"`
			Unset         []string          `json:"unset"`
		}{1, e.Account, map[string]string{}, append([]string{}, e.Unset...)}
		for _, v := range e.Set {
			answer.Set[v.Name] = v.Value
		}
		return writeJSON(w, answer)
	}
	var b strings.Builder
	for _, v := range e.Set {
		b.WriteString("export " + v.Name + "=" + shellQuote(v.Value) + "\n")
	}
	if len(e.Unset) > 0 {
		b.WriteString("unset " + strings.Join(e.Unset, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shellQuote makes any value one word of a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
