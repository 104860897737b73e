package cli

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/token"
)

// newTokenDecode says what a token says, and what is wrong with it.
func newTokenDecode(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decode [TOKEN|FILE|-]",
		Short: "what a token says, who signed it, and what is wrong with it",
		Long: `Decode names and explains the header and the claims of an ID token, says which claims
a trust policy in AWS sees, checks the signature with the issuer's keys, and lists
what is wrong with the token. The token itself is never printed.

The token comes from standard input (-, or no argument), from a FILE, or from the
environment (--env). One that is given as an argument can be seen by every user of
the machine in the list of processes, and stays in the shell's history.

The keys are read from the issuer over https, by OpenID Connect Discovery, within 5
seconds; HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured. With --jwks they come
from a file, and with --offline nothing is fetched. What the token's own header says
about keys (jwk, jku, x5c, x5u) is never followed.

Exit status: 0 when the issuer signed the token and it is valid now, 2 when something
is wrong with it, 1 when that cannot be told: there are no keys, or the text is no
token.`,
		Example: `  strongroom token decode --env GITLAB_OIDC_TOKEN
  strongroom token decode "$AWS_WEB_IDENTITY_TOKEN_FILE"
  strongroom token decode --jwks keys.json - < token.txt`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			// An argument may be a token, so none is quoted.
			return usage(cmd, "%s takes one token, got %d arguments", cmd.CommandPath(), len(args))
		}
		return nil
	}
	from := cmd.Flags().String("env", "", "name of the environment variable that holds the token")
	jwks := cmd.Flags().String("jwks", "", "file of the issuer's keys (a JWK set); nothing is fetched")
	offline := cmd.Flags().Bool("offline", false, "fetch nothing: without --jwks the signature is not checked")
	format := formatFlag(cmd, "text", "json")
	_ = cmd.MarkFlagFilename("jwks", "json")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := tokenText(cmd, env, args, *from)
		if err != nil {
			return err
		}
		t, err := token.Read(text)
		if err != nil {
			return err
		}
		with := token.Inspection{Now: time.Now()}
		switch {
		case *jwks != "":
			if with.Keys, err = keysOfFile(*jwks); err != nil {
				return err
			}
		case !*offline:
			with.Keys, with.NoKeys = keysOfIssuer(cmd.Context(), env, t)
		}
		r := t.Inspect(with)
		if *format == "json" {
			err = writeJSON(env.Stdout, r.Answer())
		} else {
			err = r.Text(env.Stdout, diag.Style{Colour: env.Colour(env.Stdout)})
		}
		if err != nil || r.Exit() == diag.Yes {
			return err
		}
		return &diag.ExitError{Code: r.Exit()}
	}
	return cmd
}

// variableName is what a variable can be called. A token is none.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// tokenText gets the text of a token from where the user keeps it. No error
// quotes an argument that could be a token.
func tokenText(cmd *cobra.Command, env *Env, args []string, variable string) (string, error) {
	switch {
	case variable != "" && len(args) > 0:
		return "", usage(cmd, "give a token or --env, not both")
	case variable != "" && !variableName.MatchString(variable):
		return "", usage(cmd, "--env takes the name of a variable, without $")
	case variable != "":
		text := env.Getenv(variable)
		if text == "" {
			return "", &diag.Diagnostic{Rule: "token-empty", Summary: "the variable " + variable + " is not set, or empty",
				Fix: "ask the forge for a token in the job: id_tokens (GitLab), permissions: id-token: write (GitHub)"}
		}
		return text, nil
	case len(args) == 0 && env.Terminal(env.Stdin):
		return "", usage(cmd, "give a token: a FILE, - for standard input, or --env NAME")
	case len(args) == 0 || args[0] == "-":
		return bounded(env.Stdin, "standard input")
	}
	f, err := os.Open(args[0])
	if err == nil {
		defer f.Close()
		return bounded(f, "the file")
	}
	if strings.Count(args[0], ".") >= 2 && strings.HasPrefix(args[0], "eyJ") {
		_, err := io.WriteString(env.Stderr, "strongroom: warning: the token is in the list of processes and in the shell's history; next time give it with --env NAME, a FILE or -\n")
		return args[0], err
	}
	return "", &diag.Diagnostic{Rule: "token-form", Summary: "the argument is neither a token nor a file that can be read",
		Why: "it is not shown here, because it may be part of a token", Fix: "give a FILE, - for standard input, or --env NAME"}
}

// bounded reads at most one byte more than token.Read looks at.
func bounded(r io.Reader, what string) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, token.MaxSize+1))
	if err != nil {
		return "", &diag.Diagnostic{Rule: "token-file", Summary: "cannot read the token from " + what, Fix: "name a readable file", Err: err}
	}
	return string(text), nil
}

func keysOfFile(name string) (*token.KeySet, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "keys", Summary: err.Error(), Fix: "name a readable file of keys", Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, token.MaxKeys+1))
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "keys", Summary: err.Error(), Fix: "name a readable file of keys", Err: err}
	}
	return token.ParseKeys(text, name)
}

func keysOfIssuer(ctx context.Context, env *Env, t *token.Token) (*token.KeySet, error) {
	fetcher, err := token.NewFetcher(env.Getenv)
	if err != nil {
		return nil, err
	}
	return fetcher.Keys(ctx, t.Issuer)
}
