package room_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

func TestStateOfTheSpec(t *testing.T) {
	const environment = `environment "production" {
    principals = ["arn:aws:iam::444455556666:user/terraform"]
    state_keys = ["production", "production-bootstrap"]
    %
  }`
	for _, tt := range []struct{ name, state, inside, rule string }{
		{"all of it", `region = "us-east-1"
  locking = false
  backend = "s3"`, `kms_key_arn = "arn:aws:kms:us-east-1:012345678901:key/a"
    stack "infra" {
      state_key = "production"
      dir       = "terraform/infra"
    }`, ""},
		{"an alias", "", `kms_key_arn = "alias/a"`, "state-key-alias"},
		{"an alias's ARN", "", `kms_key_arn = "arn:aws:kms:eu-west-2:012345678901:alias/a"`, "state-key-alias"},
		{"another region", "", `kms_key_arn = "arn:aws:kms:us-east-1:012345678901:key/a"`, "state-key-region"},
		{"another account", "", `kms_key_arn = "arn:aws:kms:eu-west-2:444455556666:key/a"`, "state-key-account"},
		{"a key's ID", "", `kms_key_arn = "1234abcd"`, "state-key-arn"},
		{"a stack without a key", "", `stack "web" { state_key = "web" }`, "spec-stack-key"},
		{"a stack outside", "", `stack "web" {
      state_key = "production"
      dir       = "../web"
    }`, "spec-stack-dir"},
		{"a stack twice", "", `stack "web" { state_key = "production" }
    stack "web" { state_key = "production-bootstrap" }`, "spec-duplicate"},
		{"another backend", `backend = "consul"`, "", "spec-backend"},
		{"plain HTTP", `backend = "http"
  http_address = "http://gitlab.example.com/state"`, "", "spec-http-address"},
		{"an address that is not used", `http_address = "https://gitlab.example.com/state"`, "", "spec-http-address"},
		{"client encryption without OpenTofu", `client_encryption = true`, "", "spec-client-encryption"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := minimal + "state {\n  " + tt.state + "\n  " + strings.Replace(environment, "%", tt.inside, 1) + "\n}\n"
			r, err := room.Parse("strongroom.hcl", []byte(text))
			if tt.rule == "" {
				if err != nil || r.State.Environments[0].Stacks[0].Dir != "terraform/infra" || r.State.Locking || r.State.Region != "us-east-1" {
					t.Errorf("%v, %+v", err, r)
				}
				return
			}
			var d *diag.Diagnostic
			if !errors.As(err, &d) || d.Rule != tt.rule || d.At.Line == 0 || d.Fix == "" {
				t.Errorf("%v, want %s with its place\n%s", err, tt.rule, text)
			}
		})
	}
}

func TestStatesOfGitLab(t *testing.T) {
	text := minimal + `state {
  backend = "http"
  environment "a" {
    principals = ["arn:aws:iam::444455556666:user/a"]
    state_keys = ["a/b.tfstate", "a-b/terraform.tfstate"]
  }
}
`
	_, err := room.Parse("strongroom.hcl", []byte(text))
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "spec-http-name" {
		t.Error(err)
	}
	r, err := room.Parse("strongroom.hcl", []byte(strings.Replace(text, `"a/b.tfstate", `, "", 1)))
	if err != nil || r.State.HTTPAddress != "https://gitlab.com/api/v4/projects/acme%2Finfra/terraform/state" {
		t.Errorf("%v, %+v", err, r)
	}
}

// The bootstrap stack makes the bucket in the room's own region only, and for
// principals of other accounts only; a spec for a bucket that exists may have both.
func TestInitRefusesABucketThatBootstrapCannotMake(t *testing.T) {
	for rule, state := range map[string]string{
		"spec-state-region": `region = "us-east-1"`,
		"spec-principal-account": `environment "eu" {
    principals = ["arn:aws:iam::012345678901:role/t"]
    state_keys = ["eu"]
  }`,
	} {
		text := []byte(minimal + "state {\n  " + state + "\n}\n")
		if _, err := room.Parse("strongroom.hcl", text); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, room.SpecFile), text, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := room.Init(dir, room.Options{})
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Rule != rule {
			t.Errorf("%v, want %s", err, rule)
		}
	}
}
