package modules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// concerns are the toggles of modules/baseline, each with a kind of resource that is
// made for it alone.
var concerns = []string{"account_hardening", "alerts", "audit_logging", "aws_config", "operator_role", "threat_detection"}

// combination is a set of concerns that are on; the rest are off.
type combination struct {
	Name string
	On   []string
}

// combinations are each concern alone, every two of them, all and none.
func combinations() []combination {
	list := []combination{{Name: "none"}, {Name: "all", On: concerns}}
	for i, a := range concerns {
		list = append(list, combination{Name: a, On: []string{a}})
		for _, b := range concerns[i+1:] {
			list = append(list, combination{Name: a + "-" + b, On: []string{a, b}})
		}
	}
	return list
}

// block is the module block of a combination.
func (c combination) block(provider string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "module %q {\n  source = \"./baseline\"\n", c.Name)
	if provider != "" {
		fmt.Fprintf(&out, "  providers = { aws = aws.%s }\n", provider)
	}
	out.WriteString("  name   = \"foundations\"\n  alerts = { told_elsewhere = true }\n")
	for _, concern := range concerns {
		fmt.Fprintf(&out, "  enable_%s = %t\n", concern, slices.Contains(c.On, concern))
	}
	out.WriteString("}\n")
	return out.String()
}

const rootHeader = `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}
`

// Every toggle alone and every two of them plan, and make something of each concern that
// is on and nothing of one that is off.
func TestTogglesPlan(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs about ten seconds")
	}
	t.Parallel()
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	root := rootHeader + "provider \"aws\" {\n  region = \"eu-west-2\"\n}\n"
	for _, c := range combinations() {
		root += c.block("")
	}
	k := newStack(t, enginetest.First(t), s, root, false)
	k.must("init", "-input=false")
	k.must("plan", "-out=all.plan")
	made := k.planned("all.plan")
	for _, c := range combinations() {
		for _, concern := range concerns {
			n := made["module."+c.Name+".module."+concern+"[0]"]
			if on := slices.Contains(c.On, concern); on != (n > 0) {
				t.Errorf("%s: enable_%s is %t, and %d resources of it are planned", c.Name, concern, on, n)
			}
		}
	}
	sound(t, s)
}

// planned counts the resources that a plan makes, by the address of their module.
func (k *stack) planned(file string) map[string]int {
	k.t.Helper()
	var plan struct {
		Changes []struct {
			Module string `json:"module_address"`
			Mode   string
			Change struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(k.must("show", "-json", file)), &plan); err != nil {
		k.t.Fatal(err)
	}
	made := map[string]int{}
	for _, c := range plan.Changes {
		if c.Mode == "managed" && slices.Equal(c.Change.Actions, []string{"create"}) {
			made[c.Module]++
		}
	}
	return made
}

// Every toggle alone and every two of them are applied, each in an account of its own of
// one sandbox, and read back as they were written.
func TestTogglesApply(t *testing.T) {
	if !enginetest.Full() {
		t.Skip("an engine needs some minutes for all of them: STRONGROOM_TEST_FULL=1; TestBaselineIsBuiltChangedAndDestroyed applies all at once")
	}
	for _, b := range enginetest.All(t) {
		// Each account has a provider, which is a process of its own.
		for batch := range slices.Chunk(combinations(), 8) {
			t.Run(b.Name+"/"+batch[0].Name, func(t *testing.T) {
				s, err := sandbox.Start(t.Context(), sandbox.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				root := rootHeader + "variable \"keys\" {\n  type      = map(map(string))\n  sensitive = true\n}\n"
				keys := map[string]map[string]string{}
				for i, c := range batch {
					alias := fmt.Sprintf("a%d", i)
					keys[alias] = accountKeys(t, s, fmt.Sprintf("%012d", 400000000000+i))
					root += fmt.Sprintf("provider \"aws\" {\n  alias      = %q\n  region     = \"eu-west-2\"\n"+
						"  access_key = var.keys[%[1]q].AWS_ACCESS_KEY_ID\n  secret_key = var.keys[%[1]q].AWS_SECRET_ACCESS_KEY\n}\n", alias) + c.block(alias)
				}
				text, err := json.Marshal(keys)
				if err != nil {
					t.Fatal(err)
				}
				k := newStack(t, b, s, root, false)
				k.environ = append(k.environ, "TF_VAR_keys="+string(text))
				k.must("init", "-input=false")
				k.must("apply", "-auto-approve")
				k.settled()
				sound(t, s)
			})
		}
	}
}

// accountKeys are the variables of the environment of an account's root user that hold
// its keys.
func accountKeys(t *testing.T, s *sandbox.Sandbox, account string) map[string]string {
	t.Helper()
	environment, err := s.Environment(account)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, v := range environment.Set {
		if v.Name == "AWS_ACCESS_KEY_ID" || v.Name == "AWS_SECRET_ACCESS_KEY" {
			keys[v.Name] = v.Value
		}
	}
	return keys
}
