package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/token"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
)

// newTokenExplain says why a role admits a token or refuses it.
func newTokenExplain(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain --trust-policy FILE | --role ARN  [TOKEN|FILE|-] [flags]",
		Short: "why a role admits a token or refuses it, clause by clause",
		Long: `Explain holds a token against the trust policy of a role and says what AWS STS would
answer to sts:AssumeRoleWithWebIdentity and why: clause by clause what the policy
wants and what STS sees of the token; which parts of the policy can never match;
which are dangerous; and the smallest edit that admits this token and nobody else,
which is checked with this token and with strangers' before it is shown.

The trust policy is read from a FILE, or with --role from the account that the AWS
credentials here belong to (iam:GetRole and iam:GetOpenIDConnectProvider, nothing
else). With FILE the audiences that the account's identity provider takes are not
known; name them with --client-id. With several --trust-policy each gets an answer.

The token is a real one, as for strongroom token decode (FILE, -, --env NAME); or
its claims as JSON (--claims); or that of the job that --project and the flags of
strongroom sandbox token describe. It is never printed. Its signature and times are
for token decode: here they are taken to be good.

Exit status: 0 admitted, 2 refused, 1 when that cannot be told: a condition is on
what only the call itself has (aws:SourceIp), or the token has several audiences,
which AWS does not document.`,
		Example: `  strongroom token explain --trust-policy trust.json --env GITLAB_OIDC_TOKEN
  strongroom token explain --role arn:aws:iam::111122223333:role/plan token.txt
  strongroom token explain --trust-policy trust.json --project acme/infra --shape mr --audience sts.amazonaws.com
  strongroom token explain --trust-policy trust.json --forge github --project acme/infra --environment production`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			// An argument may be a token, so none is quoted.
			return usage(cmd, "%s takes one token, got %d arguments", cmd.CommandPath(), len(args))
		}
		return nil
	}
	q := &explainQuestion{env: env, cmd: cmd}
	f := cmd.Flags()
	f.StringArrayVar(&q.files, "trust-policy", nil, "file of a role's trust policy, JSON (repeatable)")
	f.StringVar(&q.role, "role", "", "ARN of a role to read, with the AWS credentials here")
	f.StringSliceVar(&q.clients, "client-id", nil, "audiences that the account's identity provider takes (default not known)")
	f.StringVar(&q.provider, "provider", "", "issuer of that provider, if it is not the token's")
	f.StringVar(&q.account, "account", "", "ID of the role's account, for --trust-policy (default that of its provider)")
	f.BoolVar(&q.writes, "writes", false, "the role may change things: merge requests are then a danger")
	f.StringVar(&q.session, "session-name", "", "the RoleSessionName that the pipeline asks for (default session)")
	f.StringVar(&q.claims, "claims", "", "file of a token's claims, JSON, or -")
	f.StringVar(&q.from, "env", "", "name of the environment variable that holds the token")
	edited := f.String("edited", "", "file to write the edited policy to, if there is a safe edit")
	_ = cmd.MarkFlagFilename("edited", "json")
	q.job = jobFlags(cmd)
	f.Lookup("project").Usage = "path of the project or repository, for a token that is described"
	_ = cmd.MarkFlagFilename("trust-policy", "json")
	_ = cmd.MarkFlagFilename("claims", "json")
	format := formatFlag(cmd, "text", "json")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		presented, note, err := q.presented(args)
		if err != nil {
			return err
		}
		roles, err := q.roles(cmd.Context(), presented)
		if err != nil {
			return err
		}
		answers := make([]*trust.Answer, len(roles))
		for i, r := range roles {
			answers[i] = trust.Explain(r, presented)
			if note != "" {
				answers[i].Notes = append(answers[i].Notes, note)
			}
		}
		if err := writeAnswers(env, answers, *format); err != nil {
			return err
		}
		if err := writeEdited(cmd, *edited, answers); err != nil {
			return err
		}
		if code := exitOfAnswers(answers); code != diag.Yes {
			return &diag.ExitError{Code: code}
		}
		return nil
	}
	return cmd
}

// explainQuestion is what the flags of token explain say.
type explainQuestion struct {
	env                              *Env
	cmd                              *cobra.Command
	files, clients                   []string
	role, provider, account, session string
	claims, from                     string
	writes                           bool
	job                              jobRequest
}

// presented is the token; note is what token decode would say of it.
func (q *explainQuestion) presented(args []string) (t *trust.Presented, note string, err error) {
	r, err := q.job()
	if err != nil {
		return nil, "", err
	}
	given := 0
	for _, is := range []bool{r.Project != "", q.claims != "", len(args) > 0 || q.from != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return nil, "", usage(q.cmd, "give one token: TOKEN, FILE, - or --env; or --claims; or --project and what describes the job")
	}
	switch {
	case r.Project != "":
		issuer, claims, err := r.Claims(time.Now())
		if err != nil {
			return nil, "", &diag.Diagnostic{Rule: "token-job", Summary: err.Error(), Fix: q.cmd.CommandPath() + " --help", Err: err}
		}
		t, err = trust.Present(issuer, claims)
		if err != nil {
			return nil, "", err
		}
	case q.claims != "":
		text, err := readFile(q.env, q.claims)
		if err != nil {
			return nil, "", &diag.Diagnostic{Rule: "token-file", Summary: err.Error(), Fix: "name a readable file of claims", Err: err}
		}
		claims, err := token.ReadClaims(text)
		if err != nil {
			return nil, "", err
		}
		t = &trust.Presented{Issuer: claims["iss"].(string), Claims: claims}
	default:
		if t, note, err = q.real(args); err != nil {
			return nil, "", err
		}
	}
	t.Session = q.session
	return t, note, nil
}

// real reads a real token. One that can be read in more than one way gets no
// answer.
func (q *explainQuestion) real(args []string) (*trust.Presented, string, error) {
	text, err := tokenText(q.cmd, q.env, args, q.from)
	if err != nil {
		return nil, "", err
	}
	read, err := token.Read(text)
	if err != nil {
		return nil, "", err
	}
	if len(read.Flaws) > 0 {
		return nil, "", read.Flaws
	}
	note := ""
	for _, f := range read.Inspect(token.Inspection{Now: time.Now()}).Findings {
		if f.Level == token.Error {
			note = "STS would refuse this token before it asks any policy: " + f.Summary + ". See strongroom token decode"
			break
		}
	}
	return &trust.Presented{Issuer: read.Issuer, Claims: read.Claims}, note, nil
}

// roles are those that the token is presented to.
func (q *explainQuestion) roles(ctx context.Context, t *trust.Presented) ([]*trust.Role, error) {
	switch {
	case q.role != "" && len(q.files) > 0:
		return nil, usage(q.cmd, "give --trust-policy or --role, not both")
	case q.role != "" && (len(q.clients) > 0 || q.provider != "" || q.account != ""):
		return nil, usage(q.cmd, "--role reads the provider from the account; --client-id, --provider and --account are for --trust-policy")
	case q.role != "":
		r, err := q.readRole(ctx, t)
		if err != nil {
			return nil, err
		}
		return []*trust.Role{r}, nil
	case len(q.files) == 0:
		return nil, usage(q.cmd, "a role is needed: --trust-policy FILE or --role ARN")
	case q.provider != "" && len(q.clients) == 0:
		return nil, usage(q.cmd, "--provider needs --client-id, the audiences that it takes")
	}
	var roles []*trust.Role
	for _, name := range q.files {
		text, err := readFile(q.env, name)
		if err != nil {
			return nil, &diag.Diagnostic{Rule: "policy-file", Summary: err.Error(), Fix: "name a readable file of a trust policy", Err: err}
		}
		p, err := policy.Parse(name, text, policy.Trust)
		if err != nil {
			return nil, syntaxError(err)
		}
		r := &trust.Role{Name: name, Policy: p, Account: q.account, Writes: q.writes}
		if len(q.clients) > 0 {
			issuer := q.provider
			if issuer == "" {
				issuer = t.Issuer
			}
			r.Clients = map[string][]string{strings.TrimPrefix(issuer, "https://"): q.clients}
		}
		roles = append(roles, r)
	}
	return roles, nil
}

func (q *explainQuestion) readRole(ctx context.Context, t *trust.Presented) (*trust.Role, error) {
	cfg, err := loadAWS(ctx, config.WithDefaultRegion("us-east-1")) // IAM has no regions
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "aws-configuration", Summary: "the AWS configuration cannot be read: " + err.Error(), Err: err, Fix: "check AWS_PROFILE and ~/.aws/config"}
	}
	r, err := trust.OfRole(ctx, iam.NewFromConfig(cfg), q.role, t.Issuer)
	var syntax *policy.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, syntaxError(err)
	case err != nil:
		return nil, &diag.Diagnostic{Rule: "role-read", Summary: err.Error(), Err: err,
			Why: "the trust policy decides, and so does the client list of the identity provider",
			Fix: "use credentials of the role's account that may iam:GetRole and iam:GetOpenIDConnectProvider, or give the policy with --trust-policy"}
	}
	r.Writes = q.writes
	return r, nil
}

// syntaxError makes a diagnostic of a policy that AWS would not take.
func syntaxError(err error) error {
	var s *policy.SyntaxError
	if !errors.As(err, &s) {
		return err
	}
	return &diag.Diagnostic{Rule: "policy-syntax", Summary: s.Msg, At: diag.Location{File: s.Name, Line: s.Line, Column: s.Column},
		Found: s.Path, Why: "AWS would not store this policy", Fix: s.Fix, Err: err}
}

func writeAnswers(env *Env, answers []*trust.Answer, format string) error {
	if format == "json" {
		return writeJSON(env.Stdout, struct {
			FormatVersion int             `json:"format_version"`
			Answers       []*trust.Answer `json:"answers"`
		}{1, answers})
	}
	for i, a := range answers {
		if i > 0 {
			if _, err := io.WriteString(env.Stdout, "\n"); err != nil {
				return err
			}
		}
		if err := a.Text(env.Stdout, diag.Style{Colour: env.Colour(env.Stdout)}); err != nil {
			return fmt.Errorf("print the answer: %w", err)
		}
	}
	return nil
}

// writeEdited writes the policy after the edit to a file. Without an edit, which
// the answer has told, nothing is written.
func writeEdited(cmd *cobra.Command, name string, answers []*trust.Answer) error {
	switch {
	case name == "":
		return nil
	case len(answers) > 1:
		return usage(cmd, "--edited takes the edit of one trust policy, and %d are given", len(answers))
	case answers[0].Edit.Document == "":
		return nil
	}
	if err := os.WriteFile(name, []byte(answers[0].Edit.Document), 0o644); err != nil {
		return &diag.Diagnostic{Rule: "policy-file", Summary: err.Error(), Fix: "name a file that can be written", Err: err}
	}
	return nil
}

// exitOfAnswers is the exit status of several answers: that of a refusal if there is
// one, yes only if every role admits the token.
func exitOfAnswers(answers []*trust.Answer) int {
	code := diag.Yes
	for _, a := range answers {
		switch {
		case a.Outcome == trust.Refused:
			return diag.No
		case a.Outcome == trust.Undecided:
			code = diag.Undecided
		}
	}
	return code
}
