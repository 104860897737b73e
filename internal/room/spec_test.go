package room_test

import (
	"errors"
	"io/fs"
	"strconv"
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
		State: room.State{Backend: "s3", Region: "eu-west-2", Locking: true, Bucket: "foundations-state-012345678901", KeyAlias: "alias/foundations-state", Lifecycle: true},
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

func TestBaselineDefaults(t *testing.T) {
	r, err := room.Parse("strongroom.hcl", []byte(minimal+"baseline {\n  without = [\"operator-role\", \"aws-config\"]\n  regions = [\"us-east-1\"]\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &room.Baseline{
		Without: []string{"aws-config", "operator-role"}, Regions: []string{"us-east-1"},
		Operator:     room.Operator{RoleName: "InfraAdmin", AllowedRegions: []string{"eu-west-2", "us-east-1"}, MFAMaxAge: 3600},
		Audit:        room.Audit{Bucket: "foundations-audit-012345678901", RetentionDays: 365},
		ConfigBucket: "foundations-config-012345678901",
		Alerts:       room.Alerting{GuardDutyMinimumSeverity: 7, SecurityHubSeverities: []string{"HIGH", "CRITICAL"}},
	}
	if d := cmp.Diff(want, r.Baseline); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for _, c := range room.Concerns {
		if without := c == "aws-config" || c == "operator-role"; r.Baseline.Has(c) == without {
			t.Errorf("Has(%q) = %v", c, !without)
		}
	}
	if r.Baseline.Has("signing") || (*room.Baseline)(nil).Has("alerts") {
		t.Error("it has what it has not")
	}
	if d := cmp.Diff([]string{"foundations-audit-012345678901"}, r.BaselineBuckets()); d != "" {
		t.Error(d)
	}
}

// Every concern that is left out takes its file, every reference to it, and only
// those with it.
func TestEachConcernAloneAndEachPairLeftOut(t *testing.T) {
	for i, a := range room.Concerns {
		for _, b := range room.Concerns[i:] {
			without := strconv.Quote(a)
			if a != b {
				without += ", " + strconv.Quote(b)
			}
			r, err := room.Parse("strongroom.hcl", []byte(minimal+"baseline {\n  without = ["+without+"]\n}\n"))
			if a == "audit-logging" && b == "threat-detection" {
				if err == nil {
					t.Error("alerts of nothing are accepted")
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			files, err := room.Render(r)
			if err != nil {
				t.Fatal(err)
			}
			text := map[string]string{}
			for _, f := range files {
				text[f.Path] = string(f.Content)
			}
			for _, c := range room.Concerns {
				_, is := text["src/main."+c+".tf"]
				if want := c != a && c != b; is != want {
					t.Errorf("without %s: src/main.%s.tf is there: %v", without, c, is)
				}
				if is {
					continue
				}
				for path, content := range text {
					if strings.HasPrefix(path, "src/") && strings.Contains(content, "module."+strings.ReplaceAll(c, "-", "_")) {
						t.Errorf("without %s: %s refers to what is not there", without, path)
					}
				}
			}
			if !strings.Contains(text["bootstrap/main.automation.tf"], "baseline = {") {
				t.Errorf("without %s: the bootstrap stack makes no boundary", without)
			}
		}
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
		if name == "foundations/strongroom.hcl" && (!r.State.Lifecycle || len(r.State.Environments) < 2) {
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
		{"an unknown concern", with("baseline {\n  without = [\"alert\"]\n}"), `9:14 baseline-concern | "without" cannot be "alert" | did you mean "alerts"?`},
		{"a second baseline", with("baseline {}\nbaseline {}"), `9:1 spec-duplicate-block | the spec has a second "baseline" block | merge the two blocks into one`},
		{"no number", with("baseline {\n  operator {\n    mfa_max_age = \"3600\"\n  }\n}"), `10:19 spec-type | "mfa_max_age" must be a whole number, and is a text | write mfa_max_age = 3600`},
		{"a broken number", with("baseline {\n  operator {\n    mfa_max_age = 3600.5\n  }\n}"), `10:19 spec-type | "mfa_max_age" must be a whole number | write mfa_max_age = 3600`},
		{"a number beyond all", with("baseline {\n  audit {\n    expire_days = 1e30\n  }\n}"), `10:19 spec-type | "expire_days" must be a whole number | write expire_days = 400`},
		{"no time for MFA", with("baseline {\n  operator {\n    mfa_max_age = 0\n  }\n}"), `10:19 baseline-mfa-age | "mfa_max_age" cannot be 0 | write a whole number from 60 to 43200`},
		{"a retention that Logs does not know", with("baseline {\n  audit {\n    retention_days = 366\n  }\n}"), `10:22 baseline-retention | "retention_days" cannot be 366 | write one of 30, 90, 180, 365, 400, 731, 1827, 3653`},
		{"a role with a path", with("baseline {\n  operator {\n    role_name = \"people/InfraAdmin\"\n  }\n}"), `10:17 baseline-role-name | "role_name" cannot be "people/InfraAdmin" | write it like "InfraAdmin"`},
		{"an alias like an account", with("baseline {\n  account_alias = \"111122223333\"\n}"), `9:19 baseline-account-alias | "account_alias" cannot be "111122223333" | write it like "acme-foundations"`},
		{"no address", with("baseline {\n  alerts {\n    emails = [\"security\"]\n  }\n}"), `10:15 baseline-email | "emails" cannot be "security" | write it like "security@example.com"`},
		{"a secret in an address", with("baseline {\n  alerts {\n    https_endpoints = [\"https://u:p@example.com/\"]\n  }\n}"), `10:24 baseline-endpoint | "https_endpoints" cannot be "https://u:p@example.com/" | write it like "https://alerts.example.com/sns", without a user, a query and a fragment`},
		{"a severity that is none", with("baseline {\n  alerts {\n    guardduty_minimum_severity = 70\n    securityhub_severities = [\"HIHG\"]\n  }\n}"), `10:34 baseline-severity | "guardduty_minimum_severity" cannot be 70 | write a whole number from 1 to 10
11:31 baseline-severity | "securityhub_severities" cannot be "HIHG" | write one of: INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL`},
		{"a package from elsewhere", with("baseline {\n  alerts {\n    sink {\n      package = \"../alert-sink.zip\"\n      architecture = \"amd64\"\n    }\n  }\n}"), `12:22 baseline-architecture | "architecture" cannot be "amd64" | write "arm64", or "x86_64" for GOARCH=amd64
11:17 baseline-package | "package" cannot be "../alert-sink.zip" | write its path there, like "alert-sink.zip"`},
		{"no severity", with("baseline {\n  alerts {\n    securityhub_severities = []\n  }\n}"), `10:30 baseline-severity | "securityhub_severities" is empty | name a severity, or remove the line to get the default`},
		{"settings of what is left out", with("baseline {\n  without = [\"aws-config\"]\n  config {\n  }\n}"), `10:3 baseline-without | "config" is about aws-config, which is left out | remove config, or take "aws-config" out of without`},
		{"an alias of no hardening", with("baseline {\n  without = [\"account-hardening\"]\n  account_alias = \"acme\"\n}"), `10:19 baseline-without | "account_alias" is about account-hardening, which is left out | remove account_alias, or take "account-hardening" out of without`},
		{"alerts of nothing", with("baseline {\n  without = [\"audit-logging\", \"threat-detection\"]\n}"), `9:13 baseline-alerts-of-nothing | alerts are built without audit-logging and without threat-detection | add "alerts" to without, or take one of the two out of it`},
		{"nothing at all", with("baseline {\n  without = [\"account-hardening\", \"audit-logging\", \"aws-config\", \"threat-detection\", \"alerts\", \"operator-role\", \"guard\"]\n}"), `9:13 baseline-empty | every concern of the baseline is left out | remove the block, or take something out of without`},
		{"the room's region again", with("baseline {\n  regions = [\"eu-west-2\"]\n}"), `9:14 baseline-region | "eu-west-2" is the room's own region | remove it`},
		{"a region of nothing", with("baseline {\n  without = [\"account-hardening\", \"aws-config\", \"threat-detection\"]\n  regions = [\"us-east-1\"]\n}"), `10:14 baseline-region | nothing is built in "us-east-1" | remove it`},
		{"CI fenced out", with("automation {\n  allowed_regions = [\"eu-west-2\"]\n}\nbaseline {\n  regions = [\"us-east-1\"]\n}"), `9:21 baseline-region-fence | CI may not work in us-east-1, where the baseline is | add "us-east-1" to allowed_regions`},
		{"people fenced out", with("baseline {\n  operator {\n    allowed_regions = [\"us-east-1\"]\n  }\n}"), `10:23 baseline-region-fence | the operator may not work in eu-west-2, where the baseline is | add "eu-west-2" to allowed_regions`},
		{"one bucket for two", with("baseline {\n  audit {\n    bucket = \"acme-logs\"\n  }\n  config {\n    bucket = \"acme-logs\"\n  }\n}"), `13:14 baseline-bucket-shared | Config's bucket "acme-logs" is the audit bucket already | give it a name of its own`},
		{"logs among states", with("baseline {\n  audit {\n    bucket = \"foundations-state-012345678901\"\n  }\n}"), `10:14 baseline-bucket-shared | the audit bucket "foundations-state-012345678901" is the state bucket already | give it a name of its own`},
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
