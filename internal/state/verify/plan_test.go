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
			stack("nonsense")
			check("no stack", verify.Unknown, "the engine cannot prepare")
		})
	}
}
