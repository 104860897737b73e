package room_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/room"
)

func TestCheckProviders(t *testing.T) {
	for _, tt := range []struct {
		name, file, src string
		// want is "line:column summary" for each finding.
		want []string
	}{
		{"nothing", "providers.tf", "provider \"aws\" {\n  region = \"eu-west-2\"\n}\n", nil},
		{"profile", "providers.tf", "provider \"aws\" {\n  region  = \"eu-west-2\"\n  profile = \"me\"\n}\n", []string{`3:3 provider "aws" sets "profile" in a stack that CI runs`}},
		{"profile from a variable", "p.tf", "provider \"aws\" {\n  profile = var.profile\n}\n", []string{`2:3 provider "aws" sets "profile" in a stack that CI runs`}},
		{"alias", "p.tf", "provider \"aws\" {}\nprovider \"aws\" {\n  alias = \"x\"\n  profile = \"me\"\n}\n", []string{`4:3 provider "aws" sets "profile" in a stack that CI runs`}},
		{"keys", "p.tf", "provider \"aws\" {\n  access_key = \"AKIAEXAMPLE\"\n  secret_key = \"hush\"\n}\n", []string{`2:3 provider "aws" sets "access_key" in a stack that CI runs`, `3:3 provider "aws" sets "secret_key" in a stack that CI runs`}},
		{"backend", "backend.tf", "terraform {\n  backend \"s3\" {\n    profile = \"me\"\n  }\n}\n", []string{`3:5 backend "s3" sets "profile" in a stack that CI runs`}},
		{"another provider's profile", "p.tf", "provider \"other\" {\n  profile = \"me\"\n}\n", nil},
		{"tofu file", "p.tofu", "provider \"aws\" {\n  profile = \"me\"\n}\n", []string{`2:3 provider "aws" sets "profile" in a stack that CI runs`}},
		{"json", "p.tf.json", "{\"provider\": {\"aws\": {\n\"profile\": \"me\"}}}", []string{`2:1 provider "aws" sets "profile" in a stack that CI runs`}},
		{"json list", "p.tf.json", "{\"provider\": [{\"aws\": [{},\n{\"profile\": \"me\"}]}]}", []string{`2:2 provider "aws" sets "profile" in a stack that CI runs`}},
		{"not configuration", "notes.txt", "provider \"aws\" {\n  profile = \"me\"\n}\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.src), 0o644); err != nil {
				t.Fatal(err)
			}
			list, err := room.CheckProviders(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				at, _ := strings.CutPrefix(d.At.String(), filepath.Join(dir, tt.file)+":")
				got = append(got, at+" "+d.Summary)
				if d.Why == "" || d.Fix == "" {
					t.Errorf("no reason or no repair: %+v", d)
				}
				for _, secret := range []string{"hush", "AKIAEXAMPLE"} {
					if strings.Contains(d.Summary+d.Found+d.Why+d.Fix, secret) {
						t.Errorf("the diagnostic shows a key: %+v", d)
					}
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestCheckProvidersCannotJudgeWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.tf"), []byte("provider \"aws\" {"), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := room.CheckProviders(dir)
	if err != nil || len(list) == 0 || list[0].Rule != "stack-syntax" {
		t.Errorf("CheckProviders = %v, %v", list, err)
	}
	if _, err := room.CheckProviders(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that is not there is a good stack")
	}
}

func TestRenderedStacksPassTheirOwnCheck(t *testing.T) {
	dir := t.TempDir()
	mustInit(t, dir, options)
	for _, stack := range room.Stacks {
		list, err := room.CheckProviders(filepath.Join(dir, stack))
		if err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", stack, list, err)
		}
	}
}

// Blocks reads what is plainly written, and never what is secret.
func TestBlocks(t *testing.T) {
	dir := t.TempDir()
	src := `terraform {
  backend "s3" {
    bucket = "state"
    assume_role = { role_arn = "arn:aws:iam::111122223333:role/state" }
    shared_credentials_file = "~/one"
  }
}
provider "aws" {
  alias  = "other"
  shared_config_files = ["a", "b"]
  skip_metadata_api_check = true
  profile = "p-${terraform.workspace}"
  access_key = "AKIAEXAMPLE"
  token = "hush"
  assume_role {
    role_arn = "arn:aws:iam::111122223333:role/r"
  }
  assume_role_with_web_identity {
    role_arn = var.role
  }
}
provider "other" {
  profile = "me"
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	blocks, problems, err := room.Blocks(dir)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	var got []string
	for _, b := range blocks {
		got = append(got, strings.TrimSpace(b.Name+" "+b.Alias))
		for _, a := range b.Arguments {
			got = append(got, fmt.Sprintf("%d %s=%s", a.At.Line, a.Name, a.Value))
			if b.Argument(a.Name) == nil || strings.Contains(a.Value+a.Source, "hush") || strings.Contains(a.Value+a.Source, "AKIA") {
				t.Errorf("%+v", a)
			}
		}
	}
	want := []string{
		`backend "s3"`, "4 assume_role=arn:aws:iam::111122223333:role/state", "5 shared_credentials_file=~/one",
		`provider "aws" other`, "10 shared_config_files=a,b", "11 skip_metadata_api_check=true", "12 profile=", "13 access_key=", "14 token=",
		"15 assume_role=arn:aws:iam::111122223333:role/r", "18 assume_role_with_web_identity=",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
