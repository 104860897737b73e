package bootstrap

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

func stackOf(t *testing.T, files map[string]string) *Options {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a[b]", "bootstrap") // a name with pattern characters
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &Options{Dir: filepath.Dir(dir), Stack: dir, Bucket: "b", StateKey: "bootstrap/terraform.tfstate", Region: "eu-west-2", Write: replaceFile}
}

const arn = "arn:aws:kms:eu-west-2:111122223333:key/1"

func TestBackendRewrite(t *testing.T) {
	block := `  backend "s3" {
    bucket       = "b"
    key          = "bootstrap/terraform.tfstate"
    region       = "eu-west-2"
    encrypt      = true
    kms_key_id   = "` + arn + `"
    use_lockfile = true
  }
`
	for _, tt := range []struct {
		name, file, before, after string
		whole                     bool
	}{
		{"edited", "backend.tf", "# mine\nterraform {\n  backend \"local\" {}\n}\n", "# mine\nterraform {\n" + block + "}\n", false},
		{"rendered", "backend.tf", "# theirs\nterraform {\n  backend \"local\" {}\n}\n", "rendered bootstrap\n", true},
		{"a file with more in it is edited", "main.tf", "terraform {\n  required_version = \">= 1\" # why\n  backend \"local\" {\n    path = \"x\"\n  }\n}\n", "terraform {\n  required_version = \">= 1\" # why\n" + block + "}\n", true},
		{"no block", "main.tf", "locals {}\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := stackOf(t, map[string]string{tt.file: tt.before})
			if tt.whole {
				o.Backend = func(stack, key string) ([]byte, error) { return []byte("rendered " + stack + "\n"), nil }
			}
			if kind, err := backendType(o); err != nil || kind != "local" {
				t.Fatalf("before: %q, %v", kind, err)
			}
			if err := toS3(o, o.places()[0], arn); err != nil {
				t.Fatal(err)
			}
			file := tt.file
			if tt.after == "" {
				file, tt.after = "backend.tf", "terraform {\n"+block+"}\n"
			}
			got, err := os.ReadFile(filepath.Join(o.Stack, file))
			if d := cmp.Diff(tt.after, string(got)); d != "" || err != nil {
				t.Fatalf("%v, -want +got:\n%s", err, d)
			}
			if tt.whole && strings.HasPrefix(tt.after, "rendered") {
				return // not HCL
			}
			if ok, err := settled(o, o.places()[0], arn); !ok || err != nil {
				t.Errorf("settled: %t, %v", ok, err)
			}
			if ok, _ := settled(o, o.places()[0], arn+"2"); ok {
				t.Error("settled with another key")
			}
			if err := toLocal(o); err != nil {
				t.Fatal(err)
			}
			if kind, err := backendType(o); err != nil || kind != "local" {
				t.Errorf("and back: %q, %v", kind, err)
			}
		})
	}
}

func TestBackendsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, rule string
		files      map[string]string
	}{
		{"none", "bootstrap-no-stack", nil},
		{"cloud", "backend-cloud", map[string]string{"a.tf": "terraform {\n  cloud {}\n}\n"}},
		{"http", "bootstrap-backend", map[string]string{"a.tf": "terraform {\n  backend \"http\" {}\n}\n"}},
		{"two", "backend-twice", map[string]string{"a.tf": "terraform {\n  backend \"s3\" {}\n}\n", "b.tf": "terraform {\n  backend \"local\" {}\n}\n"}},
		{"syntax", "backend-syntax", map[string]string{"a.tf": "terraform {\n  backend = \n}\n"}},
	} {
		_, err := backendType(stackOf(t, tt.files))
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Rule != tt.rule {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.rule)
		}
	}
}

// A stack whose owner has pointed it elsewhere is left alone.
func TestOtherStacks(t *testing.T) {
	for text, want := range map[string]bool{
		"terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n  }\n}\n":     false,
		"terraform {\n  backend \"s3\" {\n    bucket = \"other\"\n  }\n}\n": true,
		"terraform {\n  backend \"http\" {}\n}\n":                           true,
		"locals {}\n": true,
	} {
		o := stackOf(t, map[string]string{"a.tf": "locals {}\n"})
		src := filepath.Join(o.Dir, "src")
		o.Others = []Stack{{Name: "src", Dir: src, StateKey: "src/terraform.tfstate"}}
		if n := len(o.places()); n != 1 {
			t.Fatalf("%d places; the missing directory counts", n)
		}
		if err := os.Mkdir(src, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(src, "backend.tf"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := settled(o, o.places()[1], arn); got != want || err != nil {
			t.Errorf("%s: settled = %t, %v; want %t", text, got, err, want)
		}
	}
}
