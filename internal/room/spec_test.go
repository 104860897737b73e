package room_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
)

const minimal = `name    = "foundations"
account = "012345678901"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}
`

func TestParseFillsInTheDefaults(t *testing.T) {
	got, err := room.Parse("strongroom.hcl", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	want := &room.Room{
		Name: "foundations", Account: "012345678901", Region: "eu-west-2",
		Forge: room.Forge{Kind: "gitlab", Project: "acme/infra", Issuer: "https://gitlab.com", Audience: "https://gitlab.com"},
		State: room.State{Bucket: "foundations-state-012345678901", KeyAlias: "alias/foundations-state", Lifecycle: true},
		Automation: room.Automation{
			PlanSubjects:  []string{"project_path:acme/infra:ref_type:branch:ref:*"},
			ApplySubjects: []string{"project_path:acme/infra:ref_type:branch:ref:main"},
			PlanLocks:     true,
		},
		Nuke: room.Nuke{Blocklist: []string{"999999999999"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestParseGitHub(t *testing.T) {
	for _, tt := range []struct{ name, forge, plan, apply string }{
		{"names", `project = "acme/infra"`, "repo:acme/infra:pull_request", "repo:acme/infra:ref:refs/heads/main"},
		{"immutable", "project = \"acme/infra\"\nowner_id = \"12\"\nrepository_id = \"34\"", "repo:acme@12/infra@34:pull_request", "repo:acme@12/infra@34:ref:refs/heads/main"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := strings.Replace(minimal, `forge "gitlab" {`+"\n  project = \"acme/infra\"", `forge "github" {`+"\n"+tt.forge, 1)
			r, err := room.Parse("strongroom.hcl", []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			if r.Automation.PlanSubjects[0] != tt.plan || r.Automation.ApplySubjects[0] != tt.apply {
				t.Errorf("subjects = %q, %q", r.Automation.PlanSubjects, r.Automation.ApplySubjects)
			}
			if r.Forge.Audience != "sts.amazonaws.com" || r.Forge.Issuer != "https://token.actions.githubusercontent.com" {
				t.Errorf("audience %q, issuer %q", r.Forge.Audience, r.Forge.Issuer)
			}
		})
	}
}

func TestExamplesAreGoodSpecs(t *testing.T) {
	found, err := fs.Glob(examples.FS, "*/strongroom.hcl")
	if err != nil || len(found) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range found {
		src, err := examples.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := room.Parse(name, src)
		if err != nil {
			t.Fatal(err)
		}
		if !r.State.Lifecycle || len(r.State.Environments) < 2 {
			t.Errorf("%s: the rehearsal needs lifecycle rules and two environments", name)
		}
	}
}

func shapesOf(forge string) string {
	return "write one of: " + strings.Join(oidc.ShapeIDs(forge), ", ")
}

func TestParseExpectations(t *testing.T) {
	r, err := room.Parse("strongroom.hcl", []byte(minimal+`
automation {
  expect "apply" { admit = ["default-branch", "schedule"] }
  expect "plan" { admit = [] }
}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []*room.Expectation{{Role: "apply", Admit: []string{"default-branch", "schedule"}}, {Role: "plan", Admit: []string{}}}
	if d := cmp.Diff(want, r.Automation.Expectations); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// Every fault of a spec, with its place, its reason and its repair.
func TestParseRefuses(t *testing.T) {
	with := func(more string) string { return minimal + more + "\n" }
	swap := func(old, now string) string { return strings.Replace(minimal, old, now, 1) }
	for _, tt := range []struct {
		name, src string
		// want is "line:column rule | summary | fix" for each fault.
		want string
	}{
		{"unknown key", with(`acount = "1"`), `8:1 spec-unknown-key | the spec has no key "acount" | did you mean "account"?`},
		{"unknown key, nothing near", with(`colour = "red"`), `8:1 spec-unknown-key | the spec has no key "colour" | remove it; the keys of the spec are name, account, region, engine`},
		{"unknown block", with("stat {}"), `8:1 spec-unknown-key | the spec has no block "stat" | did you mean "state"?`},
		{"block written as key", with(`state = {}`), `8:1 spec-unknown-key | the spec has no key "state" | "state" is a block: write it as one`},
		{"key written as block", with(`engine {}`), `8:1 spec-unknown-key | the spec has no block "engine" | "engine" is a key: write it as one`},
		{"unknown key in a block", with("state {\n  buket = \"x\"\n}"), `9:3 spec-unknown-key | state has no key "buket" | did you mean "bucket"?`},
		{"account as a number", swap(`"012345678901"`, `112345678901`), `2:11 spec-type | "account" must be a text in quotes, and is a number | write account = "112345678901"`},
		{"account too short", swap(`012345678901`, `12345`), `2:11 spec-account | "account" cannot be "12345" | write the 12 digits in quotes, without hyphens ("111122223333")`},
		{"region", swap(`eu-west-2`, `London`), `3:11 spec-region | "region" cannot be "London" | write it like "eu-west-2"`},
		{"name", swap(`"foundations"`, `"Foundations"`), `1:11 spec-name | "name" cannot be "Foundations" | use at most 32 lower-case letters, digits and single hyphens, a letter first`},
		{"a list for a text", swap(`"eu-west-2"`, `["eu-west-2"]`), `3:11 spec-type | "region" must be a text in quotes, and is a list | write region = "eu-west-2"`},
		{"a text for a flag", with("state {\n  lifecycle = \"yes\"\n}"), `9:15 spec-type | "lifecycle" must be true or false, and is a text | write lifecycle = true`},
		{"a text for a list", with("nuke {\n  blocklist = \"999999999999\"\n}"), `9:15 spec-type | "blocklist" must be a list of texts, and is a text | write blocklist = ["999999999999"]`},
		{"a number in a list", with("nuke {\n  blocklist = [\n    \"999999999999\",\n    888888888888,\n  ]\n}"), `11:5 spec-type | element 2 of "blocklist" is not a text in quotes | write blocklist = ["999999999999"]`},
		{"twice in a list", with("nuke {\n  blocklist = [\"999999999999\", \"999999999999\"]\n}"), `9:32 spec-duplicate | "999999999999" is twice in "blocklist" | remove one`},
		{"null", swap(`"eu-west-2"`, `null`), `3:11 spec-null | "region" is null | remove the line to get the default, or write region = "eu-west-2"`},
		{"a variable", swap(`"eu-west-2"`, `var.region`), `3:11 spec-plain-values | "region" is not a plain value | write the value itself, region = "eu-west-2"`},
		{"a function", swap(`"eu-west-2"`, `lower("EU-WEST-2")`), `3:11 spec-plain-values | "region" is not a plain value | write the value itself, region = "eu-west-2"`},
		{"missing keys and block", "name = \"foundations\"\n", `2:1 spec-missing-key | the spec has no "account" | add account = "111122223333"
2:1 spec-missing-key | the spec has no "region" | add region = "eu-west-2"
2:1 spec-missing-block | the spec has no "forge" block | add forge "gitlab" { project = "GROUP/PROJECT" }`},
		{"forge without label", swap(`forge "gitlab"`, `forge`), `5:1 spec-label | a "forge" block takes one label, "gitlab" or "github" | write forge "gitlab" { project = "GROUP/PROJECT" }`},
		{"unknown forge", swap(`"gitlab"`, `"bitbucket"`), `5:7 spec-forge | there is no forge "bitbucket" | write forge "gitlab" or forge "github"`},
		{"two forges", with("forge \"github\" {\n  project = \"acme/infra\"\n}"), `8:1 spec-duplicate-block | the spec has a second "forge" block | merge the two blocks into one`},
		{"label on state", with(`state "x" {}`), `8:7 spec-label | a "state" block takes no label | write state { ... }`},
		{"project", swap(`acme/infra`, `infra`), `6:13 spec-project | "project" cannot be "infra" | write it as in its address ("acme/platform/infra")`},
		{"issuer with a slash", swap(`project =`, "issuer = \"https://git.example.com/\"\n  project ="), `6:12 spec-issuer | "issuer" cannot be "https://git.example.com/" | write it like "https://gitlab.example.com", without "/" at its end and without a port`},
		{"audience with a wildcard", swap(`project =`, "audience = \"*\"\n  project ="), `6:14 spec-audience | "audience" cannot be "*" | write the one audience that the job asks for`},
		{"one immutable number", strings.Replace(swap(`"gitlab"`, `"github"`), `project =`, "owner_id = \"12\"\n  project =", 1), `6:14 spec-immutable-ids | "owner_id" and "repository_id" come together | add the other one, or remove both`},
		{"engine", with(`engine = "terrafrom"`), `8:10 spec-engine | "engine" cannot be "terrafrom" | did you mean "terraform"?`},
		{"bucket with dots", with("state {\n  bucket = \"acme.state\"\n}"), `9:12 spec-bucket | "bucket" cannot be "acme.state" | write it like "acme-foundations-state"`},
		{"alias of AWS", with("state {\n  key_alias = \"alias/aws/s3\"\n}"), `9:15 spec-key-alias | "key_alias" cannot be "alias/aws/s3" | write it like "alias/foundations-state"`},
		{"environment names", with("state {\n  environment \"EU\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"eu\"]\n  }\n}"), `9:15 spec-environment | an environment cannot be called "EU" | use at most 32 lower-case letters, digits and single hyphens, a letter first and after each hyphen`},
		{"whole account as principal", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:root\"]\n    state_keys = [\"eu\"]\n  }\n}"), `10:19 spec-principal | "principals" cannot be "arn:aws:iam::444455556666:root" | name one user or role ("arn:aws:iam::444455556666:role/terraform")`},
		{"principal of the room", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::012345678901:role/t\"]\n    state_keys = [\"eu\"]\n  }\n}"), `10:18 spec-principal-account | "arn:aws:iam::012345678901:role/t" belongs to the room's own account | name a principal of the environment's account`},
		{"state key of the room", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"src/terraform.tfstate\"]\n  }\n}"), `11:18 spec-state-key-shared | state key "src/terraform.tfstate" belongs to the room itself already | give each environment its own state key`},
		{"state key with a wildcard", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"eu/*\"]\n  }\n}"), `11:19 spec-state-key | "state_keys" cannot be "eu/*" | write it like "production/terraform.tfstate"`},
		{"shared principal", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"eu\"]\n  }\n  environment \"us\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"us\"]\n  }\n}"), `14:18 spec-principal-shared | "arn:aws:iam::444455556666:role/t" is a principal of environment "eu" already | give each environment its own principal`},
		{"same environment twice", with("state {\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:role/t\"]\n    state_keys = [\"eu\"]\n  }\n  environment \"eu\" {\n    principals = [\"arn:aws:iam::444455556666:role/u\"]\n    state_keys = [\"eu2\"]\n  }\n}"), `13:15 spec-duplicate | environment "eu" is there twice | merge the two blocks into one`},
		{"empty environment", with("state {\n  environment \"eu\" {\n    principals = []\n    state_keys = [\"eu\"]\n  }\n}"), `10:18 spec-environment-empty | environment "eu" has no principals or no state keys | name at least one of each, or remove the environment`},
		{"ref_type:mr", with("automation {\n  plan_subjects = [\n    \"project_path:acme/infra:ref_type:branch:ref:*\",\n    \"project_path:acme/infra:ref_type:mr:ref:*\",\n  ]\n}"), `11:5 subject-ref-type-mr | the plan role cannot trust "project_path:acme/infra:ref_type:mr:ref:*" | write ref_type:branch, and narrow it by the name of the branch`},
		{"a stranger's project", with("automation {\n  apply_subjects = [\"project_path:acme*/infra:ref_type:branch:ref:main\"]\n}"), `9:21 subject-names-one-project | the apply role cannot trust "project_path:acme*/infra:ref_type:branch:ref:main" | name each project in full, one subject for each`},
		{"no subjects", with("automation {\n  apply_subjects = []\n}"), `9:20 subject-none | "apply_subjects" is empty | name a subject, or remove the line to get the default`},
		{"empty fence", with("automation {\n  allowed_regions = []\n}"), `9:21 spec-region-fence | "allowed_regions" is empty | name a region, or remove the line to take the fence down`},
		{"expect of no role", with("automation {\n  expect \"aply\" {\n    admit = []\n  }\n}"), `9:10 expect-role | there is no role "aply" to expect anything of | write expect "plan" or expect "apply"`},
		{"expect without label", with("automation {\n  expect {\n    admit = []\n  }\n}"), `9:3 spec-label | a "expect" block takes one label, "plan" or "apply" | write expect "apply" { admit = ["default-branch"] }`},
		{"expect without shapes", with("automation {\n  expect \"apply\" {\n  }\n}"), `10:4 spec-missing-key | expect "apply" has no "admit" | add admit = ["default-branch"]`},
		{"expect with another key", with("automation {\n  expect \"apply\" {\n    admit = []\n    refuse = [\"fork\"]\n  }\n}"), `11:5 spec-unknown-key | expect "apply" has no key "refuse" | remove it; the keys of expect "apply" are admit`},
		{"expect twice", with("automation {\n  expect \"apply\" {\n    admit = []\n  }\n  expect \"apply\" {\n    admit = []\n  }\n}"), `12:10 spec-duplicate | expect "apply" is there twice | merge the two blocks into one`},
		{"a misspelt shape", with("automation {\n  expect \"apply\" {\n    admit = [\"default-branch\", \"shedule\"]\n  }\n}"), `10:32 expect-shape | gitlab issues no token of the shape "shedule" | did you mean "schedule"?`},
		{"a shape of the other forge", strings.Replace(with("automation {\n  expect \"plan\" {\n    admit = [\"fork-mr\"]\n  }\n}"), `"gitlab"`, `"github"`, 1), `10:14 expect-shape | github issues no token of the shape "fork-mr" | ` + shapesOf("github")},
		{"boundary", with("automation {\n  permissions_boundary = \"boundary\"\n}"), `9:26 spec-boundary | "permissions_boundary" cannot be "boundary" | write its ARN ("arn:aws:iam::111122223333:policy/NAME")`},
		{"blocklist blocks the room", with("nuke {\n  blocklist = [\"012345678901\"]\n}"), `9:15 spec-blocklist | "blocklist" holds the room's own account | remove 012345678901`},
		{"empty blocklist", with("nuke {\n  blocklist = []\n}"), `9:15 spec-blocklist | "blocklist" is empty | name your production accounts, or remove the line`},
		{"syntax", "name = \"foundations\n", `1:20 spec-syntax | invalid multi-line string | for a spec to compare with, run: strongroom init other --account ID --region REGION --project GROUP/PROJECT
1:20 spec-syntax | unterminated template string | for a spec to compare with, run: strongroom init other --account ID --region REGION --project GROUP/PROJECT`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := room.Parse("strongroom.hcl", []byte(tt.src))
			if err == nil {
				t.Fatal("accepted")
			}
			var list diag.List
			if !errors.As(err, &list) {
				t.Fatalf("%T is not a diag.List: %v", err, err)
			}
			var got []string
			for _, d := range list {
				at := strings.TrimPrefix(d.At.String(), "strongroom.hcl:")
				got = append(got, at+" "+d.Rule+" | "+d.Summary+" | "+d.Fix)
				if d.Why == "" || d.At.File != "strongroom.hcl" || d.At.Line == 0 {
					t.Errorf("no reason or no place: %+v", d)
				}
			}
			if d := cmp.Diff(tt.want, strings.Join(got, "\n")); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestLoadWithoutSpec(t *testing.T) {
	_, err := room.Load(t.TempDir())
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "spec-missing" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load = %v", err)
	}
}
