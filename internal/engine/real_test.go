package engine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// A stack without a provider, so that only the engine itself is at work.
const stack = `
terraform {
  backend "local" {}
}
resource "terraform_data" "a" {
  input = "hush-hush"
}
output "o" {
  value     = terraform_data.a.output
  sensitive = true
}
`

func TestRealEngines(t *testing.T) {
	for _, b := range enginetest.All(t) {
		t.Run(b.Name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(stack), 0o644); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			var events []engine.Event
			e, err := engine.New(b, dir, engine.Options{
				Environ: engine.Environ(os.Environ(), nil, []string{"TF_CLI_CONFIG_FILE"}),
				Output:  &out, Progress: func(ev engine.Event) { events = append(events, ev) },
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if err := e.Init(ctx); err != nil || !strings.Contains(out.String(), "successfully initialized") {
				t.Fatalf("%v\n%s", err, &out)
			}
			// An engine is killed while it writes what it was initialised for.
			cache := filepath.Join(dir, ".terraform", "terraform.tfstate")
			raw, err := os.ReadFile(cache)
			if err != nil {
				t.Fatal(err)
			}
			for _, half := range [][]byte{nil, raw[:len(raw)/2], raw} {
				if err := os.WriteFile(cache, half, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := e.Reconfigure(ctx); err != nil || e.InitialisedFor() != "local" {
					t.Fatalf("with %d of %d bytes: %v, initialised for %q", len(half), len(raw), err, e.InitialisedFor())
				}
			}
			text, changes, err := e.Plan(ctx, "p")
			if err != nil || !changes || !strings.Contains(text, "terraform_data.a will be created") {
				t.Fatalf("plan: %v, %t\n%s", err, changes, text)
			}
			plan, err := e.PlannedChanges(ctx, "p")
			if err != nil || len(plan.ResourceChanges) != 1 || !plan.ResourceChanges[0].Change.Actions.Create() {
				t.Fatalf("planned changes: %v, %+v", err, plan)
			}
			if err := e.ApplyPlan(ctx, "p"); err != nil {
				t.Fatal(err)
			}
			if n := len(events); n != 2 || events[0].Phase != "start" || events[1].Phase != "done" || events[1].Address != "terraform_data.a" {
				t.Errorf("events = %v", events)
			}
			if _, changes, err = e.Plan(ctx, "p"); err != nil || changes {
				t.Errorf("second plan: %t, %v; want no changes", changes, err)
			}
			values, err := e.Outputs(ctx)
			if err != nil || string(values["o"]) != `"hush-hush"` {
				t.Errorf("outputs: %v, %s", err, values["o"])
			}
			state, err := e.StatePull(ctx)
			if err != nil || !bytes.Contains(state, []byte(`"lineage"`)) {
				t.Errorf("state pull: %v", err)
			}
			if strings.Contains(out.String(), "hush-hush") {
				t.Errorf("a value was shown:\n%s", &out)
			}
			// The saved plan is stale now, and the engine says so as data.
			if err := e.ApplyPlan(ctx, "missing"); err == nil || !strings.Contains(err.Error(), "missing") {
				t.Errorf("apply of a missing plan: %v", err)
			}
			if err := e.Destroy(ctx); err != nil {
				t.Error(err)
			}
			if n := len(e.Runs()); n != 12 {
				t.Errorf("%d runs: %v", n, e.Runs())
			}
		})
	}
}
