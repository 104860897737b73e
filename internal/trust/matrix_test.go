package trust_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file of testdata/matrix.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "matrix", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: -want +got:\n%s", file, d)
	}
}

func spec(t *testing.T, forge string) *room.Room {
	t.Helper()
	r, err := room.Parse("strongroom.hcl", []byte("name = \"foundations\"\naccount = \"111122223333\"\nregion = \"eu-west-2\"\n"+forge))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	gitLab     = "forge \"gitlab\" {\n  project = \"acme/infra\"\n}\n"
	gitHub     = "forge \"github\" {\n  project = \"acme/infra\"\n}\n"
	immutable  = "forge \"github\" {\n  project = \"acme/infra\"\n  owner_id = \"12\"\n  repository_id = \"34\"\n}\n"
	selfHosted = "forge \"gitlab\" {\n  project = \"acme/platform/infra\"\n  issuer = \"https://git.acme.example\"\n}\n"
)

func ask(t *testing.T, q trust.Question) *trust.Matrix {
	t.Helper()
	m, err := trust.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ofRoom(t *testing.T, forge string) trust.Question {
	t.Helper()
	q, err := trust.OfRoom(spec(t, forge))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func table(t *testing.T, m *trust.Matrix, width int) string {
	t.Helper()
	var b bytes.Buffer
	if err := m.Table(&b, width, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The rooms that init makes hold, and look like this.
func TestMatrixOfRooms(t *testing.T) {
	for name, forge := range map[string]string{
		"gitlab": gitLab, "github": gitHub, "github-immutable": immutable, "self-managed": selfHosted,
		"gitlab-release-tags": gitLab + `automation {
  apply_subjects = ["project_path:acme/infra:ref_type:branch:ref:trunk", "project_path:acme/infra:ref_type:tag:ref:v*"]
}`,
		"github-environment": gitHub + `automation {
  apply_subjects = ["repo:acme/infra:environment:live"]
}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := ask(t, ofRoom(t, forge))
			golden(t, name, table(t, m, 0))
			if !m.Holds {
				t.Errorf("surprises: %+v", m.Surprises)
			}
		})
	}
}

// What a role that writes must never do, in every room.
func TestMatrixOfRoomsAdmitsNoStranger(t *testing.T) {
	for _, forge := range []string{gitLab, gitHub, immutable, selfHosted} {
		m := ask(t, ofRoom(t, forge))
		for _, s := range m.Shapes {
			for _, r := range m.Roles {
				c := m.Cell(s.ID, r.Name)
				if c.DecidedBy == "" {
					t.Errorf("%s, %s: nothing decided", s.ID, r.Name)
				}
				if s.Group == oidc.OfOthers && c.Verdict != trust.Refused {
					t.Errorf("%s admits %s: %s", r.Name, s.ID, c.DecidedBy)
				}
				if s.Group == oidc.OfChange && r.Writes && c.Verdict == trust.Admitted {
					t.Errorf("%s admits %s: %s", r.Name, s.ID, c.DecidedBy)
				}
			}
		}
		for _, id := range []string{"default-branch", "schedule"} {
			if c := m.Cell(id, "foundations-apply"); c.Verdict != trust.Admitted || c.Expected != trust.Admitted {
				t.Errorf("apply, %s: %+v", id, c)
			}
		}
	}
}

// policyOf is a trust policy with these conditions.
func policyOf(t *testing.T, name, condition string) *trust.Role {
	t.Helper()
	src := `{"Version": "2012-10-17", "Statement": [{"Sid": "Door", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
  "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/` + issuerOf(condition) + `"}, "Condition": ` + condition + `}]}`
	p, err := policy.Parse(name, []byte(src), policy.Trust)
	if err != nil {
		t.Fatal(err)
	}
	return &trust.Role{Name: name, Policy: p}
}

func issuerOf(condition string) string {
	if strings.Contains(condition, "githubusercontent") {
		return "token.actions.githubusercontent.com"
	}
	return "gitlab.com"
}

// Mistakes that are made in trust policies, and what the matrix says of each:
// the shapes that surprise, and those that cannot be told.
func TestMatrixOfMistakes(t *testing.T) {
	const (
		audience = `"gitlab.com:aud": "https://gitlab.com"`
		sub      = `"gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:main"`
		hub      = `"token.actions.githubusercontent.com`
		hubAud   = hub + `:aud": "sts.amazonaws.com"`
	)
	for _, tt := range []struct {
		name, condition, project   string
		deny                       string
		writes                     bool
		surprises, unknown, admits string
	}{
		{name: "as it should be", condition: `{"StringEquals": {` + audience + `, ` + sub + `}}`, writes: true, admits: "default-branch schedule trigger"},
		{name: "no audience", condition: `{"StringEquals": {` + sub + `}}`, writes: true, unknown: "wrong-audience"},
		{name: "no subject", condition: `{"StringEquals": {` + audience + `}}`, project: "acme/infra", writes: true,
			surprises: "mr external-pr fork-mr fork-mr-in-project fork other-project similar-project similar-group-suffix similar-group-prefix other-case stranger nested-group"},
		{name: "no subject, read only", condition: `{"StringEquals": {` + audience + `}}`, project: "acme/infra",
			surprises: "fork-mr fork-mr-in-project fork similar-group-suffix similar-group-prefix other-case stranger nested-group", admits: "mr external-pr other-project"},
		{name: "a prefix of the group", condition: `{"StringEquals": {` + audience + `}, "StringLike": {"gitlab.com:sub": "project_path:acme*:ref_type:branch:ref:main"}}`, project: "acme/infra", writes: true,
			surprises: "other-project similar-project similar-group-suffix"},
		{name: "a suffix", condition: `{"StringEquals": {` + audience + `}, "StringLike": {"gitlab.com:sub": "*/infra:ref_type:branch:ref:main"}}`, project: "acme/infra", writes: true,
			surprises: "fork-mr fork-mr-in-project fork similar-group-suffix similar-group-prefix nested-group"},
		{name: "case", condition: `{"StringEquals": {` + audience + `}, "StringEqualsIgnoreCase": {` + sub + `}}`, writes: true, surprises: "other-case"},
		{name: "a prefix of the branch", condition: `{"StringEquals": {` + audience + `}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:main*"}}`, writes: true, admits: "default-branch branch similar-branch", surprises: "mr external-pr"},
		{name: "any ref type", condition: `{"StringEquals": {` + audience + `}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:ref_type:*:ref:main"}}`, writes: true, admits: "tag-named-as-branch"},
		{name: "the seed's ref_type:mr", condition: `{"StringEquals": {` + audience + `, "gitlab.com:sub": "project_path:acme/infra:ref_type:mr:ref:main"}}`},
		{name: "a guard that a missing key slips past", condition: `{"ForAllValues:StringLike": {"gitlab.com:project_path": "acme/infra"}, "StringEquals": {` + audience + `}}`, project: "acme/infra", writes: true,
			surprises: "mr external-pr fork-mr fork-mr-in-project fork other-project similar-project similar-group-suffix similar-group-prefix other-case stranger nested-group"},
		{name: "a person", condition: `{"StringEquals": {` + audience + `, ` + sub + `, "gitlab.com:user_login": "release-bot"}}`, writes: true,
			unknown: "default-branch schedule web trigger api downstream child chat webide security-policy mr-from-default-branch environment protected-environment"},
		{name: "the session's name", condition: `{"StringEquals": {` + audience + `, ` + sub + `, "sts:RoleSessionName": "release"}}`, writes: true, admits: "default-branch"},
		{name: "the network", condition: `{"StringEquals": {` + audience + `, ` + sub + `}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}`, writes: true,
			unknown: "default-branch schedule web trigger api downstream child chat webide security-policy mr-from-default-branch environment protected-environment"},
		{name: "only by ID", condition: `{"StringEquals": {` + audience + `, "gitlab.com:project_id": "4711", "gitlab.com:ref_protected": "true"}}`, project: "acme/infra", writes: true, admits: "default-branch protected-branch protected-tag"},
		{name: "a person is denied", condition: `{"StringEquals": {` + audience + `, ` + sub + `}}`, deny: `{"StringNotEquals": {"gitlab.com:user_login": ["release-bot", "root"]}}`, writes: true,
			unknown: "default-branch schedule web trigger api downstream child chat webide security-policy mr-from-default-branch environment protected-environment"},
		{name: "a denied person is not everyone", condition: `{"StringEquals": {` + audience + `, ` + sub + `}}`, deny: `{"StringEquals": {"gitlab.com:user_login": "intern"}}`, writes: true, admits: "default-branch"},
		{name: "the developer of the shapes is denied", condition: `{"StringEquals": {` + audience + `, ` + sub + `}}`, deny: `{"StringEquals": {"gitlab.com:user_login": "developer"}}`, writes: true,
			unknown: "default-branch schedule web trigger api downstream child chat webide security-policy mr-from-default-branch environment protected-environment"},
		{name: "GitHub, an enterprise", condition: `{"StringEquals": {` + hubAud + `, ` + hub + `:enterprise_id": "7", ` + hub + `:sub": "repo:acme/infra:environment:live"}}`, writes: true,
			unknown: "environment branch-environment pull-request-environment"},
		{name: "GitHub, a ref by its claim", condition: `{"StringEquals": {` + hubAud + `, ` + hub + `:ref": "refs/heads/stable"}, "StringLike": {` + hub + `:sub": "repo:acme/infra:*"}}`, writes: true,
			admits: "default-branch schedule environment", surprises: "pull-request-target"},
		{name: "GitHub, any ref", condition: `{"StringEquals": {` + hubAud + `}, "StringLike": {` + hub + `:sub": "repo:acme/infra:*"}}`, writes: true,
			surprises: "pull-request pull-request-fork pull-request-target", admits: "pull-request-environment branch dispatch tag"},
		{name: "GitHub, an organisation", condition: `{"StringEquals": {` + hubAud + `}, "StringLike": {` + hub + `:sub": "repo:acme/*:ref:refs/heads/main"}}`, project: "acme/infra", writes: true,
			surprises: "other-project similar-project", unknown: "pull-request-target"},
		{name: "GitHub, a workflow alone", condition: `{"StringEquals": {` + hubAud + `, ` + hub + `:sub": "job_workflow_ref:acme/workflows/.github/workflows/deploy.yml@refs/heads/main"}}`, project: "acme/infra", writes: true,
			surprises: "other-caller", admits: "sub-workflow-only"},
		{name: "GitHub, a workflow's claim", condition: `{"StringEquals": {` + hubAud + `, ` + hub + `:sub": "repo:acme/infra:ref:refs/heads/main", ` + hub + `:job_workflow_ref": "acme/w/.github/workflows/d.yml@refs/tags/v1"}}`, writes: true,
			unknown: "default-branch schedule dispatch workflow-run issue-comment reusable-workflow pull-request-target"},
		{name: "GitHub, the old subject", condition: `{"StringEquals": {` + hubAud + `, ` + hub + `:sub": "repo:acme/infra:ref:refs/heads/main"}}`, writes: true, admits: "default-branch", unknown: "pull-request-target"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := policyOf(t, "door", tt.condition)
			r.Writes = tt.writes
			if tt.deny != "" {
				deny := `{"Effect": "Deny", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": "*", "Condition": ` + tt.deny + `}]}`
				p, err := policy.Parse("door", []byte(strings.TrimSuffix(string(r.Policy.Source()), "]}")+", "+deny), policy.Trust)
				if err != nil {
					t.Fatal(err)
				}
				r.Policy = p
			}
			p, assumed, err := trust.Guess(projectOf(tt.project, tt.condition), []*trust.Role{r})
			if err != nil {
				t.Fatal(err)
			}
			m := ask(t, trust.Question{Project: p, Assumed: assumed, Roles: []*trust.Role{r}})
			var surprises, unknown []string
			for _, c := range m.Cells {
				if c.Surprise {
					surprises = append(surprises, c.Shape)
				}
				if c.Verdict == trust.Undecided {
					unknown = append(unknown, c.Shape)
				}
			}
			if d := cmp.Diff(strings.Fields(tt.surprises), surprises, cmp.Transformer("list", func(s []string) string { return strings.Join(s, " ") })); d != "" {
				t.Errorf("surprises: -want +got:\n%s", d)
			}
			if d := cmp.Diff(strings.Fields(tt.unknown), unknown, cmp.Transformer("list", func(s []string) string { return strings.Join(s, " ") })); d != "" {
				t.Errorf("cannot tell: -want +got:\n%s", d)
			}
			for _, id := range strings.Fields(tt.admits) {
				if c := m.Cell(id, "door"); c.Verdict != trust.Admitted {
					t.Errorf("%s: %s, %s", id, c.Verdict, c.DecidedBy)
				}
			}
			if m.Holds != (tt.surprises == "") || len(m.Surprises) != len(surprises) {
				t.Errorf("holds %v with %d surprises", m.Holds, len(m.Surprises))
			}
		})
	}
}

func projectOf(path, condition string) oidc.Project {
	p := oidc.Project{Path: path}
	if path != "" && strings.Contains(condition, "githubusercontent") {
		p.Forge = "github"
	}
	return p
}

// What a surprise looks like, in a terminal too.
func TestMatrixOfSurprises(t *testing.T) {
	q := ofRoom(t, gitLab+`automation {
  expect "apply" {
    admit = ["default-branch", "tag"]
  }
}`)
	m := ask(t, q)
	golden(t, "surprises", table(t, m, 100))
	if m.Holds || m.Roles[1].Expectation != "written" || m.Roles[0].Expectation != "derived" {
		t.Errorf("holds %v, %+v", m.Holds, m.Roles)
	}
	var text bytes.Buffer
	if err := m.Table(&text, 100, true); err != nil {
		t.Fatal(err)
	}
	plain := text.String()
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"} {
		plain = strings.ReplaceAll(plain, code, "")
	}
	if d := cmp.Diff(table(t, m, 100), plain); d != "" {
		t.Errorf("colour is not the only difference: -want +got:\n%s", d)
	}
}

// Many roles are numbered, so that a row stays a line.
func TestMatrixOfManyRoles(t *testing.T) {
	q := ofRoom(t, gitLab)
	for _, name := range []string{"a-role-with-a-rather-long-name", "another-role-with-a-long-name", "one-more"} {
		r := *q.Roles[0]
		r.Name = name
		q.Roles = append(q.Roles, &r)
	}
	m := ask(t, q)
	for _, line := range strings.Split(table(t, m, 100), "\n") {
		if len(line) > 100 {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
	if !strings.Contains(table(t, m, 100), "[5] one-more") {
		t.Errorf("table:\n%s", table(t, m, 100))
	}
}

// A subject that no token has is said to be so.
func TestMatrixOfUnmatchedSubjects(t *testing.T) {
	r := policyOf(t, "door", `{"StringLike": {"gitlab.com:sub": ["project_path:acme/infra:ref_type:mr:ref:*", "project_path:acme/infra:ref_type:branch:ref:*"]}}`)
	p, _, err := trust.Guess(oidc.Project{}, []*trust.Role{r})
	if err != nil {
		t.Fatal(err)
	}
	m := ask(t, trust.Question{Project: p, Roles: []*trust.Role{r}})
	want := []trust.Unmatched{{Role: "door", Statement: "statement Door of door", Subject: "project_path:acme/infra:ref_type:mr:ref:*"}}
	if d := cmp.Diff(want, m.Unmatched); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if text := table(t, m, 0); !strings.Contains(text, "  statement Door of door: project_path:acme/infra:ref_type:mr:ref:*\n") {
		t.Errorf("table:\n%s", text)
	}
}

func TestMatrixJSON(t *testing.T) {
	m := ask(t, ofRoom(t, gitLab))
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"format_version":1,`) || strings.Contains(string(text), "null") {
		t.Errorf("JSON: %.300s", text)
	}
	if len(m.Cells) != len(m.Shapes)*len(m.Roles) {
		t.Errorf("%d cells of %d shapes and %d roles", len(m.Cells), len(m.Shapes), len(m.Roles))
	}
}

func TestGuess(t *testing.T) {
	role := func(condition string) *trust.Role { return policyOf(t, "r", condition) }
	sub := func(s string) *trust.Role { return role(`{"StringLike": {"gitlab.com:sub": "` + s + `"}}`) }
	for _, tt := range []struct {
		name  string
		given oidc.Project
		roles []*trust.Role
		want  oidc.Project
		fails string
	}{
		{name: "main comes first", roles: []*trust.Role{sub("project_path:a/b:ref_type:branch:ref:develop"), sub("project_path:a/b:ref_type:branch:ref:main")},
			want: oidc.Project{Forge: "gitlab", Issuer: "https://gitlab.com", Path: "a/b", Branch: "main", Protected: "develop"}},
		{name: "patterns are of branches that anyone may make", roles: []*trust.Role{sub("project_path:a/b:ref_type:branch:ref:trunk"), sub("project_path:a/b:ref_type:branch:ref:hotfix/*"), sub("project_path:a/b:ref_type:tag:ref:v*")},
			want: oidc.Project{Forge: "gitlab", Issuer: "https://gitlab.com", Path: "a/b", Branch: "trunk", Feature: "hotfix/1", Tag: "v1.0.0"}},
		{name: "immutable", roles: []*trust.Role{role(`{"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a@1/b@2:environment:live", "token.actions.githubusercontent.com:aud": "x"}}`)},
			want: oidc.Project{Forge: "github", Issuer: oidc.GitHubIssuer, Path: "a/b", Environment: "live", Audience: "x", Immutable: true, OwnerID: "1", RepositoryID: "2"}},
		{name: "what is given stays", given: oidc.Project{Path: "a/b", Branch: "stable", Audience: "y"}, roles: []*trust.Role{role(`{"StringEquals": {"gitlab.com:sub": "project_path:a/b:ref_type:branch:ref:main", "gitlab.com:aud": "x"}}`)},
			want: oidc.Project{Forge: "gitlab", Issuer: "https://gitlab.com", Path: "a/b", Branch: "stable", Protected: "main", Audience: "y"}},
		{name: "by the provider", given: oidc.Project{Path: "a/b"}, roles: []*trust.Role{role(`{"StringEquals": {"token.actions.githubusercontent.com:aud": "x"}}`)},
			want: oidc.Project{Forge: "github", Issuer: oidc.GitHubIssuer, Path: "a/b", Audience: "x"}},
		{name: "no project", roles: []*trust.Role{sub("project_path:a/*:ref_type:branch:ref:main")}, fails: "add --project GROUP/PROJECT"},
		{name: "two projects", roles: []*trust.Role{sub("project_path:a/b:*"), sub("project_path:a/c:*")}, fails: "--project a/b --forge gitlab --issuer https://gitlab.com\n  --project a/c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := trust.Guess(tt.given, tt.roles)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// A plan of the bootstrap stack, as an engine writes it.
func TestOfPlan(t *testing.T) {
	q := ofRoom(t, gitLab)
	escape := func(p *policy.Policy) string {
		text, err := json.Marshal(string(p.Source()))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	plan := func(policy string) []byte {
		return []byte(`{"format_version": "1.2", "planned_values": {"root_module": {"resources": [
  {"mode": "data", "type": "aws_iam_role", "values": {"name": "elsewhere", "assume_role_policy": "{}"}},
  {"address": "aws_iam_role.service", "mode": "managed", "type": "aws_iam_role", "values": {"name": "service", "assume_role_policy":
   "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}}}"}}
], "child_modules": [{"resources": [
  {"address": "module.a.aws_iam_openid_connect_provider.forge", "mode": "managed", "type": "aws_iam_openid_connect_provider", "values": {"url": "https://gitlab.com", "client_id_list": ["https://gitlab.com"]}},
  {"address": "module.a.aws_iam_role.apply", "mode": "managed", "type": "aws_iam_role", "values": {"name": "foundations-apply"` + policy + `}}
]}]}}}`)
	}
	roles, skipped, err := trust.OfPlan(plan(`, "assume_role_policy": ` + escape(q.Roles[1].Policy)))
	if err != nil {
		t.Fatal(err)
	}
	if skipped != 1 || len(roles) != 1 || roles[0].Name != "foundations-apply" || !slices.Equal(roles[0].Clients["gitlab.com"], []string{"https://gitlab.com"}) {
		t.Errorf("skipped %d, %+v", skipped, roles)
	}
	for want, text := range map[string][]byte{
		"module.a.aws_iam_role.apply: its trust policy is not known before apply": plan(""),
		"module.a.aws_iam_role.apply: foundations-apply:1:":                       plan(`, "assume_role_policy": "{"`),
		"not the JSON of a plan":   []byte("terraform plan"),
		"it has no format_version": []byte(`{"resource_changes": []}`),
	} {
		if _, _, err := trust.OfPlan(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
