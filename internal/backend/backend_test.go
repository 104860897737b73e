package backend_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/backend"
)

const arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// The first is what generators wrote before there was a switch: byte for byte.
func TestText(t *testing.T) {
	s3 := backend.S3{Bucket: "acme-state", Key: "production", Region: "us-east-1"}
	on, locked := s3, s3
	on.KMSKeyARN = arn
	locked.KMSKeyARN, locked.LockFile = arn, true
	for _, tt := range []struct {
		name  string
		block backend.Block
		want  string
	}{
		{"off", backend.Block{S3: &s3}, `terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "production"
    region = "us-east-1"
  }
}
`},
		{"on", backend.Block{S3: &on}, `terraform {
  backend "s3" {
    bucket     = "acme-state"
    key        = "production"
    region     = "us-east-1"
    encrypt    = true
    kms_key_id = "` + arn + `"
  }
}
`},
		{"on, with a lock file", backend.Block{S3: &locked}, `terraform {
  backend "s3" {
    bucket       = "acme-state"
    key          = "production"
    region       = "us-east-1"
    encrypt      = true
    kms_key_id   = "` + arn + `"
    use_lockfile = true
  }
}
`},
		{"http", backend.Block{HTTP: &backend.HTTP{Address: "https://gitlab.com/api/v4/projects/1/terraform/state/production"}}, `terraform {
  backend "http" {
    address        = "https://gitlab.com/api/v4/projects/1/terraform/state/production"
    lock_address   = "https://gitlab.com/api/v4/projects/1/terraform/state/production/lock"
    lock_method    = "POST"
    unlock_address = "https://gitlab.com/api/v4/projects/1/terraform/state/production/lock"
    unlock_method  = "DELETE"
    retry_wait_min = 5
  }
}
`},
		{"local", backend.Block{Local: &backend.Local{}}, "terraform {\n  backend \"local\" {\n  }\n}\n"},
		{"client encryption", backend.Block{S3: &on, Encryption: &backend.Encryption{KMSKeyARN: arn, Region: "us-east-1", Fallback: true}}, `terraform {
  backend "s3" {
    bucket     = "acme-state"
    key        = "production"
    region     = "us-east-1"
    encrypt    = true
    kms_key_id = "` + arn + `"
  }

  encryption {
    key_provider "aws_kms" "state" {
      kms_key_id = "` + arn + `"
      region     = "us-east-1"
      key_spec   = "AES_256"
    }

    method "aes_gcm" "state" {
      keys = key_provider.aws_kms.state
    }

    method "unencrypted" "before" {
    }

    state {
      method = method.aes_gcm.state

      fallback {
        method = method.unencrypted.before
      }
    }

    plan {
      method = method.aes_gcm.state
    }
  }
}
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, string(tt.block.Text())); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "main.tf")
			mine := "# mine\nlocals {\n  a = 1\n}\n\nterraform {\n  required_version = \">= 1\" # why\n\n  backend \"azurerm\" {}\n}\n"
			if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
				t.Fatal(err)
			}
			got, text, err := backend.Change(dir, tt.block, nil)
			if err != nil || got != path || !strings.HasPrefix(string(text), "# mine\nlocals {\n  a = 1\n}\n") || !strings.Contains(string(text), "# why") || strings.Contains(string(text), "azurerm") {
				t.Fatalf("%s, %v:\n%s", got, err, text)
			}
			if err := backend.Write(path, text); err != nil {
				t.Fatal(err)
			}
			found, err := backend.Find(dir)
			if err != nil || found.Type != tt.block.Type() || found.Path != path || tt.block.S3 != nil && (found.Text("key") != "production" || found.Has("kms_key_id") != (tt.block.S3.KMSKeyARN != "")) {
				t.Errorf("%+v, %v", found, err)
			}
			if _, again, err := backend.Change(dir, tt.block, nil); err != nil || string(again) != string(text) {
				t.Errorf("a second change changes something: %v\n%s", err, cmp.Diff(string(text), string(again)))
			}
		})
	}
}

func TestNoStack(t *testing.T) {
	if _, err := backend.Find(t.TempDir()); !errors.Is(err, backend.ErrNoStack) {
		t.Error(err)
	}
}
