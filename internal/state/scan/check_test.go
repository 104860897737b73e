package scan_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/scan"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
)

const leaky = `{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l","outputs":{},"resources":[{"mode":"managed","type":"aws_db_instance","name":"db","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"db","password":"made-up-pass"}}]}]}`

func checker(w *statetest.World, cfg aws.Config) *scan.Checker {
	return &scan.Checker{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, cfg)}}
}

// The one question of the exit status: is what holds the secret encrypted as the spec
// says?
func TestCheckAsksHowTheStateIsEncrypted(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	k, e, target := checker(w, w.Owner), w.Environment("development"), w.Target("development")
	r, err := k.Check(t.Context(), e, target)
	if err != nil || r.Exists || !r.AsSpec || r.Findings == nil {
		t.Fatalf("never written: %+v, %v", r, err)
	}
	for _, tt := range []struct {
		name, key, how string
		asSpec         bool
	}{
		{"SSE-S3", "", "SSE-S3, and has to be SSE-KMS under " + w.Keys["development"], false},
		{"another environment's key", w.Keys["production"], "SSE-KMS under " + w.Keys["production"] + ", and has to be", false},
		{"its key", w.Keys["development"], "SSE-KMS under " + w.Keys["development"], true},
	} {
		w.Put("development", []byte(leaky), tt.key)
		r, err := k.Check(t.Context(), e, target)
		if err != nil || r.AsSpec != tt.asSpec || !strings.HasPrefix(r.How, tt.how) || len(r.Findings) != 1 || !r.Exists {
			t.Errorf("%s: %+v, %v", tt.name, r, err)
		}
	}
	// The reader may get the object, and not decrypt it.
	_, err = checker(w, w.Reader).Check(t.Context(), e, target)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "state-scan-unreadable" || strings.Contains(err.Error(), "made-up") {
		t.Errorf("a state that cannot be read: %v", err)
	}
	// What is no state is no yes.
	w.Put("development", []byte(leaky[:len(leaky)-5]), w.Keys["development"])
	if _, err := k.Check(t.Context(), e, target); err == nil || strings.Contains(err.Error(), "made-up") {
		t.Errorf("half a state: %v", err)
	}
	w.Put("development", []byte(`{"serial":3,"lineage":"l","encrypted_data":"eA==","encryption_version":"v0"}`), "")
	if r, err := k.Check(t.Context(), e, target); err != nil || !r.ClientEncrypted || !r.AsSpec {
		t.Errorf("a state that OpenTofu encrypted: %+v, %v", r, err)
	}
	k.Schema = func(context.Context, state.Stack) (*scan.Schema, error) { return nil, errors.New("no schema") }
	w.Put("development", []byte(leaky), "")
	if _, err := k.Check(t.Context(), e, target); err == nil {
		t.Error("without a schema it was looked through all the same")
	}
}

func TestPlaceholdersInFiles(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	parameter := func(body, ignored string) string {
		return "resource \"aws_ssm_parameter\" \"p\" {\n" + body + "\n  lifecycle {\n    ignore_changes = " + ignored + "\n  }\n}\n"
	}
	for _, tt := range []struct{ name, text, want string }{
		{"the seed's way", parameter("type = \"SecureString\"\nvalue = \"placeholder\"", "[value]"), "placeholder 3"},
		{"an empty value", parameter("type = \"SecureString\"\nvalue = \" \"", "[value]"), "placeholder 3"},
		{"a value from elsewhere", parameter("type = \"SecureString\"\nvalue = var.v", "[value]"), "ignored 5"},
		{"all", parameter("type = \"SecureString\"\nvalue = \"a9f3\"", "all"), "ignored 5"},
		{"written as text", parameter("type = \"SecureString\"\nvalue = var.v", "[\"value\", tags]"), "ignored 5"},
		{"among others, over lines", parameter("value = \"CHANGE_ME\"\ntype = var.t", "[\n tags,\n value,\n]"), "placeholder 2"},
		{"another attribute", parameter("type = \"SecureString\"\nvalue = var.v", "[tags]"), ""},
		{"none", parameter("type = \"SecureString\"\nvalue = var.v", "[]"), ""},
		{"no secret: CI writes an image", parameter("type = \"String\"\nvalue = \"sha-0\"", "[value]"), ""},
		{"a placeholder in the open", parameter("type = \"String\"\nvalue = \"placeholder\"", "[value]"), "placeholder 3"},
		{"the open value", parameter("type = \"String\"\ninsecure_value = \"changeme\"", "[insecure_value]"), "placeholder 3"},
		{"a secret's version", "resource \"aws_secretsmanager_secret_version\" \"s\" {\n  secret_string = jsonencode({ k = var.k })\n  lifecycle {\n    ignore_changes = [secret_string]\n  }\n}\n", "ignored 4"},
		{"another resource", "resource \"aws_lambda_function\" \"f\" {\n  lifecycle {\n    ignore_changes = [value]\n  }\n}\n", ""},
		{"without a lifecycle", "resource \"aws_ssm_parameter\" \"p\" {\n  value = var.v\n}\n", ""},
	} {
		found, err := scan.InFiles(write(t, map[string]string{"main.tf": tt.text}))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := ""
		for _, p := range found {
			got += fmt.Sprint(p.Kind, " ", p.Line)
		}
		if got != tt.want {
			t.Errorf("%s: found %q, want %q", tt.name, got, tt.want)
		}
	}
	// Modules in directories are the stack's own; circles end.
	dir := write(t, map[string]string{
		"main.tf":     "module \"a\" {\n  source = \"./a\"\n}\nmodule \"r\" {\n  source = \"registry/x/y\"\n}\n",
		"a/main.tofu": parameter("type = \"SecureString\"\nvalue = \"placeholder\"", "[value]") + "module \"up\" {\n  source = \"../\"\n}\n",
	})
	if found, err := scan.InFiles(dir); err != nil || len(found) != 1 || found[0].File != filepath.Join(dir, "a", "main.tofu") {
		t.Errorf("%+v, %v", found, err)
	}
	// The language's other form.
	dir = write(t, map[string]string{
		"main.tf.json": `{"module":{"a":{"source":"./a"}},"resource":{"aws_ssm_parameter":{"p":{
  "type": "SecureString",
  "value": "placeholder",
  "lifecycle": {"ignore_changes": ["value"]}},
"from":{
  "type": "SecureString",
  "value": "${var.v}",
  "lifecycle": [{"ignore_changes": "all"}]},
"image":{"type":"String","value":"sha-0","lifecycle":{"ignore_changes":["value"]}},
"tagged":{"type":"SecureString","value":"${var.v}","lifecycle":{"ignore_changes":["tags"]}}},
"aws_lambda_function":{"f":{"lifecycle":{"ignore_changes":"all"}}}}}`,
		"a/main.tofu.json": `{"resource":[{"aws_secretsmanager_secret_version":[{"s":[{"secret_string":"CHANGE_ME","lifecycle":{"ignore_changes":["secret_string"]}}]}]}]}`,
	})
	found, err := scan.InFiles(dir)
	got := ""
	for _, p := range found {
		got += fmt.Sprint(filepath.Base(p.File), " ", p.Line, " ", p.Kind, " ", p.Address, "\n")
	}
	if want := "main.tofu.json 1 placeholder aws_secretsmanager_secret_version.s\nmain.tf.json 3 placeholder aws_ssm_parameter.p\nmain.tf.json 8 ignored aws_ssm_parameter.from\n"; err != nil || got != want {
		t.Errorf("JSON: %v, got\n%swant\n%s", err, got, want)
	}
	for name, files := range map[string]map[string]string{"state-scan-hcl": {"main.tf": "resource {"}, "state-scan-hcl JSON": {"main.tf.json": `{"resource":`}, "state-scan-hcl form": {"main.tf.json": `{"resource":3}`}, "state-scan-dir": nil} {
		name, _, _ = strings.Cut(name, " ")
		dir := write(t, files)
		if files == nil {
			dir = filepath.Join(dir, "missing")
		}
		var d *diag.Diagnostic
		if _, err := scan.InFiles(dir); !errors.As(err, &d) || d.Rule != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlaceholdersInStates(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{"placeholder": 1, "a9f3-real": 0, "": 0, `{\"a\":\"real1\",\"b\":\"CHANGEME\"}`: 1, `{\"a\":\"real1\"}`: 0} {
		c := open(t, []byte(`{"version":4,"lineage":"l","resources":[{"mode":"managed","type":"aws_secretsmanager_secret_version","name":"s","instances":[{"attributes":{"secret_string":"`+value+`"}}]}]}`))
		if found := scan.InState(c); len(found) != want {
			t.Errorf("%s: %+v", value, found)
		}
	}
}
