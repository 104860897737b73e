package credentials_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/credentials"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// recorded keeps which key IDs signed the requests that a server got.
type recorded struct {
	mu  sync.Mutex
	ids []string
}

var signer = regexp.MustCompile(`Credential=([A-Z]+)/`)

func (r *recorded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := signer.FindStringSubmatch(req.Header.Get("Authorization")); m != nil {
		r.ids = append(r.ids, m[1])
	}
	http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
}

// The real S3 backend signs with the credentials that we say, whatever stands in
// the way of a pipeline's web identity.
func TestAgainstTheEngine(t *testing.T) {
	cloud := cloud(t)
	for _, b := range enginetest.Chosen(t) {
		for _, tt := range []struct {
			name, arguments string
			env             map[string]string
			credentials     string
			// link is used, and signs with id; "" for a chain that ends with an error.
			link, id string
		}{
			{"web identity", "", web, "", credentials.WebIdentity, "ASIAROLE"},
			{"keys before web identity", "", and(keys, web), "", credentials.Environment, "AKIAENVIRONMENT"},
			{"profile before web identity and keys", `profile = "me"`, and(keys, web), "[me]\n" + static, credentials.Profile, "AKIAPROFILE"},
			{"profile that the pipeline does not have", `profile = "me"`, web, "", "", ""},
			{"keys of the block", "access_key = \"AKIABLOCK\"\nsecret_key = \"s\"", and(keys, web), "", credentials.Arguments, "AKIABLOCK"},
		} {
			t.Run(b.Name+" "+tt.name, func(t *testing.T) {
				env := combination{env: tt.env, credentials: tt.credentials}.setUp(t, cloud)
				bucket := &recorded{}
				s := httptest.NewServer(bucket)
				t.Cleanup(s.Close)
				dir := t.TempDir()
				text := "terraform {\n  backend \"s3\" {\n    bucket = \"state\"\n    key = \"k\"\n    region = \"eu-west-2\"\n    use_path_style = true\n    max_retries = 0\n    skip_credentials_validation = true\n    skip_requesting_account_id = true\n" + tt.arguments + "\n  }\n}\n"
				if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := credentials.Explain(t.Context(), credentials.Question{Environ: env, Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				if used := r.Stacks[0].Places[0].Chain.Used(); used != nil {
					got = used.Name
				}
				if got != tt.link {
					t.Errorf("we say %q, want %q", got, tt.link)
				}
				cmd := exec.CommandContext(t.Context(), b.Path, "init", "-no-color", "-input=false")
				cmd.Dir = dir
				cmd.Env = append(env, "AWS_ENDPOINT_URL_S3="+s.URL, "PATH="+os.Getenv("PATH"), "CHECKPOINT_DISABLE=1")
				out, err := cmd.CombinedOutput()
				if err == nil {
					t.Fatalf("init works without a bucket:\n%s", out)
				}
				bucket.mu.Lock()
				defer bucket.mu.Unlock()
				ids := strings.Join(bucket.ids, " ")
				if tt.id == "" && (ids != "" || !strings.Contains(string(out), "profile")) || tt.id != "" && !strings.HasPrefix(ids, tt.id) {
					t.Errorf("the engine signed with %q, want %q:\n%s", ids, tt.id, out)
				}
			})
		}
	}
}

// The AWS CLI tells the source of its keys itself.
func TestAgainstTheCLI(t *testing.T) {
	program, err := exec.LookPath("aws")
	if err != nil {
		t.Fatal("the AWS CLI is not on PATH: ", err)
	}
	cloud := cloud(t)
	withRole := "[default]\n" + role + "source_profile = me\n"
	for _, tt := range []struct {
		combination
		// type is the CLI's own name of the source; "": it ends with an error.
		kind string
	}{
		{combination{name: "keys", env: keys, used: credentials.Environment}, "env"},
		{combination{name: "keys and AWS_PROFILE", env: and(keys, set("AWS_PROFILE", "me")), credentials: "[me]\n" + static, used: credentials.Environment}, "env"},
		{combination{name: "keys and a profile by argument", env: and(keys, web), profile: "me", credentials: "[me]\n" + static, used: credentials.Profile}, "shared-credentials-file"},
		{combination{name: "keys and AWS_PROFILE that is not there", env: and(keys, set("AWS_PROFILE", "me"))}, ""},
		{combination{name: "keys and AWS_DEFAULT_PROFILE that is not there", env: and(keys, set("AWS_DEFAULT_PROFILE", "me"))}, ""},
		{combination{name: "AWS_DEFAULT_PROFILE before AWS_PROFILE", env: set("AWS_PROFILE", "you", "AWS_DEFAULT_PROFILE", "me"), credentials: "[me]\n" + static + "[you]\n", used: credentials.Profile}, "shared-credentials-file"},
		{combination{name: "half a pair", env: set("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), credentials: "[default]\n" + static}, ""},
		{combination{name: "a profile's role before web identity", env: web, config: withRole, credentials: "[me]\n" + static, used: credentials.Profile}, "assume-role"},
		{combination{name: "web identity before a profile's keys", env: web, credentials: "[default]\n" + static, used: credentials.WebIdentity}, "assume-role-with-web-identity"},
		{combination{name: "keys before a broken profile", env: keys, config: "[default]\n" + role + "source_profile = gone\n", used: credentials.Environment}, "env"},
		{combination{name: "a role alone", config: "[default]\n" + role}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := tt.setUp(t, cloud)
			command := []string{"aws", "configure", "list"}
			if tt.profile != "" {
				command = append(command, "--profile", tt.profile)
			}
			r, err := credentials.Explain(t.Context(), credentials.Question{Environ: env, Command: command})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if used := r.Here.Used(); used != nil {
				got = used.Name
			}
			if got != tt.used {
				t.Errorf("we say %q, want %q", got, tt.used)
			}
			cmd := exec.CommandContext(t.Context(), program, command[1:]...)
			cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true")
			var stdout bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stdout
			err = cmd.Run()
			kind := ""
			for _, line := range strings.Split(stdout.String(), "\n") {
				// "access_key     ****************ABCD    env"
				if f := strings.Fields(strings.ReplaceAll(line, ":", " ")); err == nil && len(f) > 2 && f[0] == "access_key" && strings.HasPrefix(f[1], "*") {
					kind = f[2]
				}
			}
			if kind != tt.kind {
				t.Errorf("the CLI says %q, %v, want %q\n%s", kind, err, tt.kind, stdout.String())
			}
		})
	}
}
