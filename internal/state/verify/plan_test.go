package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			dir := t.TempDir()
			stack := func(text string) {
				if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			e, err := engine.New(b, dir, engine.Options{Environ: engine.Environ(os.Environ(), nil, nil)})
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, status verify.Status, says string) {
				t.Helper()
				r := &verify.Result{}
				if err := r.Plan(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				if f := r.Finding(verify.PlanIsNoOp); f == nil || f.Status != status || !strings.Contains(f.Detail, says) || strings.Contains(f.Detail, "hush") {
					t.Errorf("%s: %+v", what, f)
				}
			}
			const body = `resource "terraform_data" "a" {
  input = "hush"
}

output "b" {
  value = 1
}
`
			stack(body)
			check("nothing was applied", verify.Failed, "create terraform_data.a, output b")
			if err := e.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			check("everything was", verify.OK, "nothing to do")
			stack(strings.Replace(body, "hush", "hush, too", 1))
			check("the stack changed", verify.Failed, "update terraform_data.a")

			// Variables come from the environment, of every type, below files; what an error
			// shows of them is taken out.
			stack(`variable "token" {
  type      = string
  validation {
    condition     = var.token != "hush-bad"
    error_message = "not ${var.token}"
  }
}

variable "list" {
  type = list(string)
}

variable "file" {
  type = string
}

resource "terraform_data" "a" {
  input = [var.token, var.list, var.file]
}
`)
			if err := os.WriteFile(filepath.Join(dir, "terraform.tfvars"), []byte("file = \"by the file\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			check("no variables", verify.Unknown, "the engine cannot plan")
			with := func(variables ...string) *engine.Engine {
				t.Helper()
				environ := append(os.Environ(), variables...)
				out, err := engine.New(b, dir, engine.Options{Environ: engine.Environ(environ, nil, nil), Variables: engine.Variables(environ)})
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			e = with("TF_VAR_token=hush-hush", `TF_VAR_list=["hush-1"]`, "TF_VAR_file=hush-file")
			if err := e.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			check("the variables that it was applied with", verify.OK, "nothing to do")
			e = with("TF_VAR_token=hush-other", `TF_VAR_list=["hush-1"]`, "TF_VAR_file=hush-another")
			check("another value", verify.Failed, "update terraform_data.a")
			e = with("TF_VAR_token=hush-bad", `TF_VAR_list=["hush-1"]`)
			check("a value that is not valid", verify.Unknown, "not (value of TF_VAR_token)")
			e = with("TF_VAR_token=hush-hush", `TF_VAR_list=["hush-1`)
			check("a list that is none", verify.Unknown, "the engine cannot plan")
			stack("nonsense")
			check("no stack", verify.Unknown, "the engine cannot prepare")
		})
	}
}
