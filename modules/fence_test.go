package modules_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// gates is modules/baseline/operator-role/global_services.json.
type gates struct {
	Outside []struct{ Action, Service, Region, Why string }
	Inside  []struct{ Action, Why string }
}

func readGates(t *testing.T) gates {
	t.Helper()
	text, err := os.ReadFile("baseline/operator-role/global_services.json")
	if err != nil {
		t.Fatal(err)
	}
	var g gates
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// Each gate in the fence is a service or an action that AWS has, and says why it is there.
func TestGatesInTheFenceAreReasoned(t *testing.T) {
	var before string
	for _, e := range readGates(t).Outside {
		if e.Action <= before {
			t.Errorf("%s stands after %s: keep them sorted, each once", e.Action, before)
		}
		before = e.Action
		if e.Service == "" || e.Region == "" || e.Why == "" {
			t.Errorf("%s does not say what it is, where it answers from, or why it is outside", e.Action)
		}
		prefix, action, _ := strings.Cut(e.Action, ":")
		service, ok := serviceref.Lookup(prefix)
		if !ok {
			t.Errorf("%s: AWS has no service %q", e.Action, prefix)
			continue
		}
		if _, known := service.Action(action); action != "*" && !known {
			t.Errorf("%s has no action %q", prefix, action)
		}
	}
}

func TestReadmeListsTheGates(t *testing.T) {
	g := readGates(t)
	var out strings.Builder
	out.WriteString("Outside the fence:\n\n| Actions | Service | Answers from | Why |\n|---|---|---|---|\n")
	for _, e := range g.Outside {
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", e.Action, e.Service, e.Region, e.Why)
	}
	out.WriteString("\nOn AWS's lists, and inside the fence all the same:\n\n| Actions | Why |\n|---|---|\n")
	for _, e := range g.Inside {
		fmt.Fprintf(&out, "| `%s` | %s |\n", strings.ReplaceAll(e.Action, ", ", "`, `"), e.Why)
	}
	generated(t, "baseline/operator-role/README.md", "<!-- BEGIN global services: go test ./modules -update -->\n", "<!-- END global services -->\n", out.String())
}
