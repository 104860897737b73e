package policycheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policycheck"
)

// Each archive of testdata/inputs is a directory that is checked whole; want is
// the answer.
func TestInputs(t *testing.T) {
	files, err := filepath.Glob("testdata/inputs/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			for _, f := range ar.Files {
				if f.Name == "want" {
					continue
				}
				if err := os.MkdirAll(filepath.Dir(f.Name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var got strings.Builder
			if err := policycheck.Run([]string{"."}, policycheck.Options{}).Human(&got, diag.Style{}); err != nil {
				t.Fatal(err)
			}
			compare(t, ar, path, got.String())
		})
	}
}

// The policies that ship must be clean, or nobody believes the rest.
func TestShippedModulesAreClean(t *testing.T) {
	r := policycheck.Run([]string{"../../modules"}, policycheck.Options{})
	for _, f := range r.Findings {
		t.Errorf("%s: %s [%s]", f.At, f.Message, f.Rule.ID)
	}
	for _, n := range append(r.Skipped, r.Unreadable...) {
		t.Errorf("%s: %s", n.At, n.Message)
	}
	if r.Policies < 7 {
		t.Errorf("%d policies were checked, want all of the modules", r.Policies)
	}
}

func TestRunReadsStandardInput(t *testing.T) {
	for name, c := range map[string]struct{ text, rule string }{
		"policy":        {`{"Statement": [{"Effect": "Allow", "Action": "s3:Nothing", "Resource": "*"}]}`, "unknown-action"},
		"configuration": {"resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({Statement = [{Effect = \"Allow\", Action = \"s3:Nothing\", Resource = \"*\"}]})\n}\n", "unknown-action"},
		"broken":        {`{"Statement": `, "syntax"},
	} {
		r := policycheck.Run([]string{"-"}, policycheck.Options{Stdin: strings.NewReader(c.text)})
		if len(r.Findings) != 1 || r.Findings[0].Rule.ID != c.rule || r.Findings[0].At.File != "stdin" {
			t.Errorf("%s: got %+v", name, r.Answer())
		}
	}
	if r := policycheck.Run([]string{"-"}, policycheck.Options{}); len(r.Unreadable) != 1 {
		t.Errorf("without stdin: %+v", r.Answer())
	}
}

// None of these may be taken for a policy that is fine, nor take the process down.
func TestBadInput(t *testing.T) {
	long := strings.Repeat(`"s3:GetObject",`, 1<<20/15)
	for name, c := range map[string]struct{ file, text, want string }{
		"truncated":            {"p.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",`, "unexpected end of text"},
		"duplicate key":        {"p.json", `{"Statement": [], "Statement": []}`, `element "Statement" is given twice`},
		"invalid UTF-8":        {"p.json", "{\"Statement\": \"\xff\"}", "invalid UTF-8"},
		"byte order mark":      {"p.json", "\ufeff{\"Statement\": []}", "unexpected"},
		"nested":               {"p.json", `{"Statement": ` + strings.Repeat("[", 100_000), "nested more than 16 levels"},
		"1 MB":                 {"p.json", `{"Statement": [{"Effect": "Allow", "Action": [` + long + `"*"], "Resource": "*"}]}`, "no AWS service stores a policy"},
		"not a policy":         {"p.json", `{"name": "x"}`, "neither a policy nor a plan"},
		"a list":               {"p.json", `[1]`, "neither a policy nor a plan"},
		"empty":                {"p.json", ``, "unexpected end of text"},
		"nested brackets":      {"p.tf", "a = " + strings.Repeat("[", 1<<17), "nested more than 250 levels"},
		"nested parentheses":   {"p.tf", "a = " + strings.Repeat("(", 1<<17), "nested more than 250 levels"},
		"many negations":       {"p.tf", "a = " + strings.Repeat("!", 1<<18), "nested more than 250 levels"},
		"spread negations":     {"p.tf", "a = " + strings.Repeat("! ", 1<<17), "nested more than 250 levels"},
		"many conditions":      {"p.tf", "a = " + strings.Repeat("b ? c : ", 100_000), "endless"},
		"many sums":            {"p.tf", "a = (b" + strings.Repeat("\n+ b", 1<<16) + ")", "endless"},
		"many indices":         {"p.tf", "a = b" + strings.Repeat("[0]", 1<<16), "endless"},
		"broken HCL":           {"p.tf", `resource "x" {`, "no configuration that can be read"},
		"HCL invalid UTF-8":    {"p.tf", "a = \"\xff\"", "no configuration that can be read"},
		"local that is itself": {"p.tf", "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_iam_policy\" \"p\" {\n  policy = local.a\n}\n", "known at plan time only"},
		"plan of nothing":      {"p.json", `{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": 3}`, "no plan that can be read"},
		"plan of the future":   {"p.json", `{"format_version": "99.0", "planned_values": {}}`, "no plan that can be read"},
		"nested plan":          {"p.json", `{"format_version": "1.2", "planned_values": ` + strings.Repeat(`{"a":`, 100_000), "it is no plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(c.file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			r := policycheck.Run([]string{c.file}, policycheck.Options{})
			if err := r.Human(&b, diag.Style{}); err != nil {
				t.Fatal(err)
			}
			if len(r.Findings)+len(r.Skipped)+len(r.Unreadable) == 0 || !strings.Contains(b.String(), c.want) {
				t.Errorf("got %.300s, want %q", b.String(), c.want)
			}
		})
	}
}
