package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
)

// matrixFlags say which roles the matrix is about, and which project.
type matrixFlags struct {
	policies, roles, writes []string
	dir, plan               string
	account                 bool
	project                 oidc.Project
}

// newTokenMatrix holds every shape of token against roles.
func newTokenMatrix(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "every token that the forge can issue, against every role",
		Long: `Matrix makes every token that a forge issues in and around a project (of each kind of
ref and pipeline, of changes that nobody accepted, of forks, of projects, groups
and hosts of similar names) and says which of them each role admits, by the policy
engine that the sandbox's STS asks.

The roles are those of trust policies in files, of a room, of an engine's plan in
JSON, or of the account of the AWS credentials, from which it only reads. What the
policies say of the project (its path, its refs, the audience) need not be given.

A room's roles are held against its spec: an expect block beside them lists the
shapes that a role admits, and it has to refuse all others; without one, the role
admits what its subjects name. Other roles must not admit strangers, nor, with
--writes, changes that nobody accepted.

  automation {
    expect "apply" { admit = ["default-branch", "schedule"] }
  }

Exit status: 0 when nothing surprises, 2 on a surprise, 1 when there was nothing
to decide. A cell that cannot be told is no surprise; the answer says what it
hangs on.`,
		Example: `  strongroom token matrix --trust-policy apply.json --writes apply
  strongroom token matrix --dir room
  tofu show -json tfplan > plan.json && strongroom token matrix --plan plan.json --dir room
  strongroom token matrix --from-account --role deploy --project acme/infra --format json`,
		Args: noArgs,
	}
	var m matrixFlags
	f := cmd.Flags()
	f.StringArrayVar(&m.policies, "trust-policy", nil, "a trust policy in this JSON `FILE`; may be repeated")
	f.StringVar(&m.dir, "dir", "", "the roles of the room in `DIR`, and what its spec expects")
	f.StringVar(&m.plan, "plan", "", "the roles of a plan in this JSON `FILE`, as tofu show -json writes it")
	f.BoolVar(&m.account, "from-account", false, "the roles of the account that the AWS credentials are for")
	f.StringArrayVar(&m.roles, "role", nil, "only the role of this `NAME`; may be repeated")
	f.StringArrayVar(&m.writes, "writes", nil, "the role of this `NAME` (or its file's) may change things, so that nobody unreviewed must reach it")
	for _, p := range []struct {
		value       *string
		name, usage string
	}{
		{&m.project.Path, "project", "`GROUP/PROJECT` (GitLab) or OWNER/REPOSITORY (GitHub)"},
		{&m.project.Forge, "forge", "`gitlab or github`"},
		{&m.project.Issuer, "issuer", "the `URL` of the tokens' issuer"},
		{&m.project.Branch, "branch", "its default branch"},
		{&m.project.Tag, "tag", "a tag of a release"},
		{&m.project.Environment, "environment", "the environment that it deploys to"},
		{&m.project.Audience, "audience", "what its jobs ask for as audience"},
	} {
		f.StringVar(p.value, p.name, "", p.usage)
	}
	_ = cmd.RegisterFlagCompletionFunc("forge", cobra.FixedCompletions([]string{"gitlab", "github"}, cobra.ShellCompDirectiveNoFileComp))
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := m.question(cmd)
		if err != nil {
			return err
		}
		answer, err := trust.Ask(q)
		if err != nil {
			return matrixError(err)
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, answer)
		} else {
			width := 0
			if f, ok := env.Stdout.(*os.File); ok && env.Terminal(f) {
				width, _, _ = term.GetSize(int(f.Fd()))
			}
			err = answer.Table(env.Stdout, width, env.Colour(env.Stdout))
		}
		if err == nil && !answer.Holds {
			return &diag.ExitError{Code: diag.No}
		}
		return err
	}
	return cmd
}

// question collects the roles, and what there is to know of the project.
func (m *matrixFlags) question(cmd *cobra.Command) (q trust.Question, err error) {
	sources := 0
	for _, is := range []bool{len(m.policies) > 0, m.dir != "" || m.plan != "", m.account} {
		if is {
			sources++
		}
	}
	switch {
	case sources == 0:
		return q, usage(cmd, "there are no roles to ask: name them with --trust-policy, --dir, --plan or --from-account")
	case sources > 1:
		return q, usage(cmd, "--trust-policy, --dir with --plan, and --from-account exclude each other")
	case len(m.roles) > 0 && len(m.policies) > 0:
		return q, usage(cmd, "--role picks from a room, a plan or an account; leave out the files that are not wanted")
	}
	switch {
	case len(m.policies) > 0:
		q.Roles, err = readTrustPolicies(m.policies)
	case m.account:
		q.Roles, q.Skipped, err = accountRoles(cmd.Context(), m.roles)
	case m.dir == "":
		q.Roles, q.Skipped, err = planRoles(m.plan)
	default:
		q, err = m.ofRoom(cmd)
	}
	if err != nil {
		return q, err
	}
	return q, m.settle(&q)
}

// settle picks the roles that were asked for, and finds out about the project
// what nobody said.
func (m *matrixFlags) settle(q *trust.Question) (err error) {
	var names []string
	for _, r := range q.Roles {
		names = append(names, r.Name)
	}
	for _, name := range slices.Concat(m.roles, m.writes) {
		if !slices.Contains(names, name) {
			fix := "the roles are: " + strings.Join(names, ", ")
			if near := nearest(name, names); near != "" {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			return &diag.Diagnostic{Rule: "matrix-role", Summary: fmt.Sprintf("there is no role %q", name), Why: "nothing would be said of it", Fix: fix}
		}
	}
	if len(m.roles) > 0 {
		q.Roles = slices.DeleteFunc(q.Roles, func(r *trust.Role) bool { return !slices.Contains(m.roles, r.Name) })
	}
	if len(q.Roles) == 0 {
		return &diag.Diagnostic{Rule: "matrix-role", Summary: "no role admits web identities",
			Why: "nothing was decided, and a gate must not take that for a yes", Fix: "name a plan or an account whose roles trust an OIDC provider"}
	}
	for _, r := range q.Roles {
		r.Writes = r.Writes || slices.Contains(m.writes, r.Name)
	}
	if q.Project.Path != "" {
		return nil // the spec has said it
	}
	if q.Project, q.Assumed, err = trust.Guess(m.project, q.Roles); err != nil {
		return matrixError(err)
	}
	return nil
}

// ofRoom asks about a room, by its spec or by a plan of it.
func (m *matrixFlags) ofRoom(cmd *cobra.Command) (q trust.Question, err error) {
	if m.project != (oidc.Project{}) {
		return q, usage(cmd, "the spec in --dir says what the project is: edit it, or leave out the flags that say it again")
	}
	r, err := room.Load(m.dir)
	if err != nil {
		return q, err
	}
	if q, err = trust.OfRoom(r); err != nil {
		return q, matrixError(err)
	}
	if m.plan == "" {
		return q, nil
	}
	computed := q.Roles
	if q.Roles, q.Skipped, err = planRoles(m.plan); err != nil {
		return q, err
	}
	for _, c := range computed {
		i := slices.IndexFunc(q.Roles, func(p *trust.Role) bool { return p.Name == c.Name })
		if i < 0 {
			return q, &diag.Diagnostic{Rule: "matrix-plan", Summary: "the plan has no role " + c.Name, At: diag.Location{File: m.plan},
				Why: "the spec expects something of a role that would not be judged", Fix: "make the plan of " + r.StackDir(room.StackBootstrap)}
		}
		q.Roles[i].Writes = c.Writes
	}
	return q, nil
}

func matrixError(err error) error {
	return &diag.Diagnostic{Rule: "matrix-project", Summary: err.Error(), Err: err,
		Why: "a matrix is about the tokens around one project", Fix: "say which with --project, --forge and --issuer"}
}

// maxPolicyFile is far above what AWS takes for a trust policy, 4,096 characters.
const maxPolicyFile = 1 << 20

// maxPlanFile is far above any plan that was seen.
const maxPlanFile = 256 << 20

// readLimited reads a file that must not be longer than limit bytes.
func readLimited(rule, name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &diag.Diagnostic{Rule: rule, Summary: err.Error(), Fix: "name a file that can be read", Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &diag.Diagnostic{Rule: rule, Summary: err.Error(), Fix: "name a file that can be read", Err: err}
	}
	if int64(len(data)) > limit {
		return nil, &diag.Diagnostic{Rule: rule, Summary: fmt.Sprintf("longer than %d bytes", limit), At: diag.Location{File: name},
			Why: "nothing of that size is what was asked for", Fix: "name the right file"}
	}
	return data, nil
}

// readTrustPolicies makes a role of each file, called as the file.
func readTrustPolicies(files []string) (roles []*trust.Role, err error) {
	seen := map[string]bool{}
	for _, file := range files {
		data, err := readLimited("trust-policy", file, maxPolicyFile)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		if seen[name] {
			name = file
		}
		if seen[name] {
			return nil, &diag.Diagnostic{Rule: "trust-policy", Summary: file + " is given twice", Why: "one of the two was probably meant to be another", Fix: "name each file once"}
		}
		seen[name] = true
		p, err := policy.Parse(file, data, policy.Trust)
		if err != nil {
			return nil, syntaxError(err)
		}
		roles = append(roles, &trust.Role{Name: name, Policy: p})
	}
	return roles, nil
}

func planRoles(file string) ([]*trust.Role, int, error) {
	data, err := readLimited("matrix-plan", file, maxPlanFile)
	if err != nil {
		return nil, 0, err
	}
	roles, skipped, err := trust.OfPlan(data)
	if err != nil {
		return nil, 0, &diag.Diagnostic{Rule: "matrix-plan", Summary: err.Error(), At: diag.Location{File: file}, Err: err,
			Why: "the roles are read from it", Fix: "tofu show -json PLANFILE > plan.json"}
	}
	return roles, skipped, nil
}

// accountRoles reads the roles of the account of the credentials.
func accountRoles(ctx context.Context, names []string) ([]*trust.Role, int, error) {
	fail := func(err error) error {
		return &diag.Diagnostic{Rule: "matrix-account", Summary: "the account's roles cannot be read: " + err.Error(), Err: err,
			Why: "who is admitted is in their trust policies", Fix: "use credentials that allow iam:ListRoles, iam:GetRole, iam:ListOpenIDConnectProviders and iam:GetOpenIDConnectProvider"}
	}
	cfg, err := loadAWS(ctx, config.WithDefaultRegion("us-east-1")) // IAM has no regions
	if err != nil {
		return nil, 0, fail(err)
	}
	roles, skipped, err := trust.OfAccount(ctx, iam.NewFromConfig(cfg), names)
	if err != nil {
		return nil, 0, fail(err)
	}
	return roles, skipped, nil
}
