package room_test

import (
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
