package credentials_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/credentials"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// secrets are in the files and variables of these tests, and never in an answer.
var secrets = []string{"hush", "AKIAPROFILE", "AKIAENVIRONMENT", "AKIABLOCK", "https://user:"}

// world writes files into a home and returns an environment there.
func world(t *testing.T, files map[string]string, env ...string) (home string, environ []string) {
	t.Helper()
	home = t.TempDir()
	for name, text := range files {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], "HOME/", home+"/")
	}
	return home, append(env, "HOME="+home)
}

func explain(t *testing.T, q credentials.Question) (*credentials.Report, string) {
	t.Helper()
	r, err := credentials.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Text(&b, diag.Style{}); err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r.Answer()); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(b.String(), s) {
			t.Errorf("the answer shows %q", s)
		}
	}
	if strings.Contains(b.String(), "null") {
		t.Error("the JSON has a null")
	}
	for _, f := range r.Findings {
		if f.Why == "" || f.Fix == "" {
			t.Errorf("no reason or no repair: %+v", f.Diagnostic)
		}
	}
	return r, b.String()
}

const (
	me    = "[me]\naws_access_key_id = AKIAPROFILEABCD\naws_secret_access_key = hush\n"
	token = "a.b.c"
)

func TestFindings(t *testing.T) {
	keys := []string{"AWS_ACCESS_KEY_ID=AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY=hush"}
	web := []string{"AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token", "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/ci"}
	var said strings.Builder
	off := "AWS_EC2_METADATA_DISABLED=true"
	all := func(lists ...[]string) (env []string) {
		for _, l := range lists {
			env = append(env, l...)
		}
		return env
	}
	for _, tt := range []struct {
		name    string
		files   map[string]string
		env     []string
		command []string
		outcome string
		exit    int
		want    []string
	}{
		{"keys", nil, keys, nil, "keys in the environment", 0, nil},
		{"nothing", nil, nil, nil, "instance metadata", 1, nil},
		{"nothing, and no metadata", nil, []string{off}, nil, "no credentials", 2, []string{"error no-credentials"}},
		{"half a pair before a profile", map[string]string{".aws/credentials": me}, []string{"AWS_SECRET_ACCESS_KEY=hush", "AWS_PROFILE=me"}, nil, `profile "me"`, 2, []string{"error keys-half"}},
		{"half a pair for the CLI", map[string]string{".aws/credentials": me}, []string{"AWS_ACCESS_KEY_ID=AKIAENVIRONMENT", "AWS_PROFILE=me"}, []string{"aws", "s3", "ls"}, "keys in the environment fails: AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not", 2, []string{"error keys-half"}},
		{"temporary key without its token", nil, []string{"AWS_ACCESS_KEY_ID=ASIAX", "AWS_SECRET_ACCESS_KEY=hush"}, nil, "keys in the environment", 2, []string{"error keys-session"}},
		{"lasting key with a token", nil, all(keys, []string{"AWS_SESSION_TOKEN=hush"}), nil, "keys in the environment", 2, []string{"error keys-session"}},
		{"lasting keys before web identity", map[string]string{"token": token}, all(keys, web), nil, "keys in the environment", 2, []string{"error web-identity-shadowed"}},
		{"session keys before web identity", map[string]string{"token": token}, all([]string{"AWS_ACCESS_KEY_ID=ASIAX", "AWS_SECRET_ACCESS_KEY=hush", "AWS_SESSION_TOKEN=hush"}, web), nil, "keys in the environment", 0, nil},
		{"web identity", map[string]string{"token": token}, web, nil, "web identity of a pipeline", 0, nil},
		{"web identity without its file", nil, web, nil, "web identity of a pipeline", 2, []string{"error web-identity-file"}},
		{"web identity without a role", map[string]string{"token": token}, web[:1], nil, "web identity of a pipeline fails: AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not", 2, []string{"error web-identity-role"}},
		{"keys before AWS_PROFILE", map[string]string{".aws/credentials": me}, all(keys, []string{"AWS_PROFILE=me"}), nil, "keys in the environment", 0, []string{"warning profile-shadowed"}},
		{"AWS_PROFILE that is not there", nil, all(keys, []string{"AWS_PROFILE=me"}), nil, `profile "me" fails: in none of the shared files, chosen by AWS_PROFILE`, 2, []string{"error profile-missing"}},
		{"files that do not parse", map[string]string{".aws/config": "[default]\nrole_arn = x\nsource_profile = gone\n"}, []string{off}, nil, `profile "default" fails: cannot be used, by default`, 2, []string{"error profile-wrong"}},
		{"two names of the profile", map[string]string{".aws/credentials": me}, []string{"AWS_PROFILE=me", "AWS_DEFAULT_PROFILE=you"}, nil, `profile "me"`, 0, []string{"warning tools-differ"}},
		{"the CLI's profile argument before keys", map[string]string{".aws/credentials": me}, keys, []string{"aws", "--profile", "me", "s3", "ls"}, `profile "me"`, 0, nil},
		{"the CLI prefers a profile's role to web identity", map[string]string{"token": token, ".aws/credentials": me, ".aws/config": "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = me\n"}, web, []string{"aws", "s3", "ls"}, `profile "default"`, 0, []string{"warning tools-differ"}},
		{"tofu does not", map[string]string{"token": token, ".aws/credentials": me, ".aws/config": "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = me\n"}, web, []string{"tofu", "plan"}, "web identity of a pipeline", 0, nil},
		{"env sets", map[string]string{".aws/credentials": me}, nil, []string{"env", "AWS_PROFILE=me", "/usr/bin/tofu", "plan"}, `profile "me"`, 0, nil},
		{"env unsets", map[string]string{".aws/credentials": me}, all(keys, []string{"AWS_PROFILE=me"}), []string{"env", "-u", "AWS_ACCESS_KEY_ID", "--unset=AWS_SECRET_ACCESS_KEY", "tofu"}, `profile "me"`, 0, nil},
		{"assignments", nil, []string{off}, []string{"AWS_ACCESS_KEY_ID=AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY=hush", "terraform", "plan"}, "keys in the environment", 0, nil},
		{"a wrapper", nil, keys, []string{"aws-vault", "exec", "me"}, "keys in the environment", 1, nil},
		{"a program that nobody knows", nil, keys, []string{"./deploy"}, "keys in the environment", 1, nil},
		{"an option of env that hides the rest", nil, keys, []string{"env", "-S", "tofu plan"}, "keys in the environment", 1, nil},
		{"a container behind a path that opens it", nil, []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/hush"}, nil, "container", 0, nil},
		{"a container", nil, []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=https://user:hush@agent.example/x"}, nil, "container", 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home, environ := world(t, tt.files, append([]string{}, tt.env...)...)
			r, _ := explain(t, credentials.Question{Environ: environ, Command: tt.command})
			fmt.Fprintf(&said, "== %s\n%s", tt.name, strings.ReplaceAll(findings(r), home, "/home/me"))
			var got []string
			for _, f := range r.Findings {
				got = append(got, string(f.Level)+" "+f.Rule)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findings, -want +got:\n%s", d)
			}
			if out := credentials.Outcome(r.Here); out != tt.outcome || r.Exit() != tt.exit {
				t.Errorf("got %q, %d; want %q, %d", out, r.Exit(), tt.outcome, tt.exit)
			}
		})
	}
	golden(t, "testdata/findings.txt", said.String())
}

// findings is all that the findings say.
func findings(r *credentials.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s [%s]\n  found: %s\n  why: %s\n  fix: %s\n", f.Level, f.Error(), f.Rule, f.Found, f.Why, f.Fix)
	}
	for _, why := range r.Unknown {
		fmt.Fprintf(&b, "cannot tell: %s\n", why)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s, -want +got (go test ./internal/credentials -update rewrites it):\n%s", file, d)
	}
}

const block = "provider \"aws\" {\n  region = \"eu-west-2\"\n%s}\n"

// What a block says decides what a pipeline uses.
func TestBlocks(t *testing.T) {
	for _, tt := range []struct {
		name, arguments      string
		here, gitlab, github string
		exit                 int
	}{
		{"nothing", "", `profile "me"`, "web identity of a pipeline", "keys in the environment", 0},
		{"profile", "  profile = \"me\"\n", `profile "me"`, `profile "me" fails: in none of the shared files, chosen by an argument`, `profile "me" fails: in none of the shared files, chosen by an argument`, 2},
		{"an expression", "  profile = var.profile\n", "", "", "", 2},
		{"keys", "  access_key = \"AKIABLOCK\"\n  secret_key = \"hush\"\n", `arguments of provider "aws"`, `arguments of provider "aws"`, `arguments of provider "aws"`, 2},
		{"shared files", "  shared_config_files = [\"~/none\"]\n", `profile "me"`, "web identity of a pipeline", "keys in the environment", 0},
		{"other shared files", "  shared_credentials_files = [\"~/other\"]\n", `profile "me" fails: in none of the shared files, chosen by AWS_PROFILE`, "web identity of a pipeline", "keys in the environment", 2},
		{"a role", "  assume_role {\n    role_arn = \"arn:aws:iam::111122223333:role/r\"\n  }\n", `profile "me"`, "web identity of a pipeline", "keys in the environment", 0},
		{"a role by web identity", "  assume_role_with_web_identity {\n    role_arn = \"arn:aws:iam::111122223333:role/r\"\n  }\n", `arguments of provider "aws"`, `arguments of provider "aws"`, `arguments of provider "aws"`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home, environ := world(t, map[string]string{".aws/credentials": me, "stack/a/p.tf": strings.ReplaceAll(block, "%s", tt.arguments), "stack/.terraform/x.tf": "provider \"aws\" {\n  profile = \"x\"\n}\n"}, "AWS_PROFILE=me")
			r, _ := explain(t, credentials.Question{Environ: environ, Dir: filepath.Join(home, "stack")})
			if len(r.Stacks) != 1 {
				t.Fatalf("got %d blocks", len(r.Stacks))
			}
			var got []string
			for _, p := range r.Stacks[0].Places {
				got = append(got, credentials.Outcome(p.Chain))
			}
			want := []string{tt.here, tt.gitlab, tt.github}
			if tt.here == "" {
				want = nil
			}
			if d := cmp.Diff(want, got); d != "" || r.Exit() != tt.exit {
				t.Errorf("exit %d, want %d; -want +got:\n%s", r.Exit(), tt.exit, d)
			}
		})
	}
}

func TestStacksThatCannotBeRead(t *testing.T) {
	home, environ := world(t, map[string]string{"stack/p.tf": "provider \"aws\" {"}, "AWS_ACCESS_KEY_ID=AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY=hush")
	r, _ := explain(t, credentials.Question{Environ: environ, Dir: filepath.Join(home, "stack")})
	if r.Exit() != diag.Undecided || len(r.Unknown) == 0 {
		t.Errorf("got %d, %v", r.Exit(), r.Unknown)
	}
	if _, err := credentials.Explain(t.Context(), credentials.Question{Environ: environ, Dir: filepath.Join(home, "none")}); err == nil {
		t.Error("a directory that is not there has good stacks")
	}
}

func TestGolden(t *testing.T) {
	home, environ := world(t, map[string]string{
		".aws/config":      "[default]\nrole_arn = arn:aws:iam::111122223333:role/admin\nsource_profile = me\n",
		".aws/credentials": "# mine\n" + me,
		"infra/backend.tf": "terraform {\n  backend \"s3\" {\n    bucket  = \"state\"\n    profile = \"me\"\n  }\n}\n",
		"infra/p.tf":       "provider \"aws\" {\n  alias = \"other\"\n  assume_role {\n    role_arn = \"arn:aws:iam::444455556666:role/r\"\n  }\n}\n",
	}, "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/ci")
	_, out := explain(t, credentials.Question{Environ: environ, Dir: filepath.Join(home, "infra"), Command: []string{"tofu", "plan"}})
	out = strings.ReplaceAll(out, home, "/home/me")
	golden(t, "testdata/explain.txt", out)
}
