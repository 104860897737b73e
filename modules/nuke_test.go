package modules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// anyEngine finds an engine: the one that "make tofu" built, or one on PATH.
func anyEngine(t *testing.T) string {
	t.Helper()
	built, err := filepath.Abs("../bin/tofu")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{built, "tofu", "terraform"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no engine found: make tofu, or install OpenTofu or Terraform")
	return ""
}

// render applies the module in a directory of its own; it has no provider, so
// nothing is fetched and nothing is made.
func render(t *testing.T, arguments string) string {
	t.Helper()
	dir, tool := t.TempDir(), anyEngine(t)
	source, err := filepath.Abs("nuke-config")
	if err != nil {
		t.Fatal(err)
	}
	root := "module \"m\" {\n  source = \"./nuke-config\"\n" + arguments + "\n}\n\noutput \"yaml\" {\n  value = module.m.yaml\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(root), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "nuke-config"), os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, args := range [][]string{{"init", "-input=false"}, {"apply", "-input=false", "-auto-approve"}, {"output", "-raw", "yaml"}} {
		cmd := exec.Command(tool, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
		if out, err = cmd.Output(); err != nil {
			t.Fatalf("%s %q: %v\n%s", tool, args, err, out)
		}
	}
	return string(out)
}

const full = `
  account_id = "012345678901"
  blocklist  = ["999999999999"]
  regions    = ["eu-west-2", "eu-west-1"]
  protect = {
    buckets        = ["acme-state"]
    kms_key_ids    = ["1234abcd-12ab-34cd-56ef-1234567890ab"]
    kms_aliases    = ["alias/acme-state"]
    role_names     = ["foundations-plan", "foundations-apply"]
    oidc_providers = ["arn:aws:iam::012345678901:oidc-provider/gitlab.com"]
  }
  excluded_resource_types = ["IAMUser"]`

// Source: aws-nuke v3 documentation, "Config", "Filtering" and "Presets"; the
// schema is written from them.
func TestNukeConfigIsWhatTheToolDocuments(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/aws-nuke-v3.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, arguments string }{
		{"full", full},
		{"nothing to protect", "account_id = \"111122223333\"\nblocklist = [\"999999999999\"]\nregions = [\"eu-west-2\"]\nprotect = {}\nblocklist_alias_keywords = []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := render(t, tt.arguments)
			if err := schema.Validate(decode(t, text)); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// The schema itself must be able to refuse: what is not documented, a blocklist
// that is empty, a filter of no known type, an account that lost its zeros.
func TestNukeSchemaRefuses(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/aws-nuke-v3.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	const good = "regions: [global]\nblocklist: [\"999999999999\"]\naccounts: {\"012345678901\": {}}\n"
	if err := schema.Validate(decode(t, good)); err != nil {
		t.Fatalf("the smallest good configuration: %v", err)
	}
	for name, text := range map[string]string{
		"no blocklist":       "regions: [global]\naccounts: {\"012345678901\": {}}\n",
		"empty blocklist":    "regions: [global]\nblocklist: []\naccounts: {\"012345678901\": {}}\n",
		"old name":           good + "account-blocklist: [\"999999999999\"]\n",
		"account as number":  "regions: [global]\nblocklist: [999999999999]\naccounts: {\"012345678901\": {}}\n",
		"short account":      "regions: [global]\nblocklist: [\"999999999999\"]\naccounts: {\"12345678901\": {}}\n",
		"unknown filter":     good + "presets: {p: {filters: {IAMRole: [{type: like, value: x}]}}}\n",
		"filter sans value":  good + "presets: {p: {filters: {IAMRole: [{property: Name}]}}}\n",
		"no regions":         "regions: []\nblocklist: [\"999999999999\"]\naccounts: {\"012345678901\": {}}\n",
		"preset as an alias": "regions: [global]\nblocklist: [\"999999999999\"]\naccounts: {\"012345678901\": {presets: bootstrap}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(decode(t, text)); err == nil {
				t.Errorf("accepted:\n%s", text)
			}
		})
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}
