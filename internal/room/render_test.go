package room_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/strongroom-dev/strongroom/internal/room"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything sets every key, so that the golden shows every line that can be rendered.
const everything = `name    = "vault"
account = "012345678901"
region  = "eu-west-2"
engine  = "tofu"

forge "github" {
  project       = "acme/infra"
  owner_id      = "12"
  repository_id = "34"
}

state {
  bucket    = "acme-vault-state"
  key_alias = "alias/vault"
  lifecycle = false

  environment "eu-prod" {
    principals = ["arn:aws:iam::444455556666:role/terraform", "arn:aws:iam::444455556666:user/ops"]
    state_keys = ["prod.tfstate", "prod/dns.tfstate"]
  }
}

automation {
  plan_subjects        = ["repo:acme@12/infra@34:*"]
  apply_subjects       = ["repo:acme@12/infra@34:environment:production"]
  plan_locks           = false
  permissions_boundary = "arn:aws:iam::012345678901:policy/boundary"
  allowed_regions      = ["us-east-1", "eu-west-2"]
}

nuke {
  blocklist = ["999999999999", "888888888888"]
}

baseline {
  regions       = ["us-east-1"]
  account_alias = "acme-vault"

  operator {
    role_name       = "Keeper"
    allowed_regions = ["eu-west-2", "us-east-1", "eu-west-1"]
    mfa_max_age     = 900
  }

  audit {
    bucket         = "acme-vault-audit"
    retention_days = 731
    expire_days    = 2000
  }

  config {
    bucket = "acme-vault-config"
  }

  alerts {
    emails                     = ["security@example.com"]
    https_endpoints            = ["https://alerts.example.com/sns"]
    guardduty_minimum_severity = 4
    securityhub_severities     = ["MEDIUM", "HIGH", "CRITICAL"]

    sink {
      package      = "build/alert-sink.zip"
      architecture = "x86_64"
      ntfy_url     = "https://ntfy.example.com"
      ntfy_token   = true
      pushover     = true
      runbook_url  = "https://runbooks.example.com"
    }
  }
}
`

// less leaves out what others lean on.
const less = minimal + `
baseline {
  without = ["guard", "aws-config", "operator-role", "audit-logging"]
}
`

func TestRenderedStacks(t *testing.T) {
	for _, tt := range []struct{ name, spec string }{{"minimal", minimal}, {"everything", everything}, {"less", less}} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := room.Parse("strongroom.hcl", []byte(tt.spec))
			if err != nil {
				t.Fatal(err)
			}
			files, err := room.Render(r)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, f := range files {
				if strings.HasPrefix(f.Path, "modules/") {
					continue
				}
				got.WriteString("-- " + f.Path + " --\n")
				got.Write(f.Content)
				if strings.HasSuffix(f.Path, ".tf") {
					if _, found := hclparse.NewParser().ParseHCL(f.Content, f.Path); found.HasErrors() {
						t.Error(found)
					}
				}
			}
			for _, stack := range room.Stacks {
				backend, err := r.BackendS3(stack, "arn:aws:kms:eu-west-2:012345678901:key/1234abcd-12ab-34cd-56ef-1234567890ab")
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString("-- " + stack + "/backend.tf, after bootstrap --\n")
				got.Write(backend)
			}
			golden := filepath.Join("testdata", tt.name+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("-want +got (go test ./internal/room -update):\n%s", d)
			}
		})
	}
}

// What a person sees is formatted as their engine would format it.
func TestRenderedStacksAreFormatted(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, room.SpecFile), []byte(everything), 0o644); err != nil {
		t.Fatal(err)
	}
	mustInit(t, dir, room.Options{})
	built, err := filepath.Abs("../../bin/tofu")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{built, "tofu", "terraform"} {
		tool, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		cmd := exec.Command(tool, "fmt", "-check", "-recursive", "-diff")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s fmt -check: %v\n%s", name, err, out)
		}
		return
	}
	t.Fatal("no engine found: make tofu, or install OpenTofu or Terraform")
}

func TestBackendOfNoStack(t *testing.T) {
	r, err := room.Parse("strongroom.hcl", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.BackendS3("baseline", "arn:aws:kms:eu-west-2:012345678901:key/x"); err == nil {
		t.Error("a backend for a stack that is not there")
	}
	local, err := room.BackendLocal()
	if err != nil || !bytes.Contains(local, []byte(`backend "local" {}`)) {
		t.Errorf("BackendLocal = %s, %v", local, err)
	}
}
