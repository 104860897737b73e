package modules_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// fixed are the inputs that testdata/changes gives no second value, and why.
var fixed = map[string]string{
	"bucket":                "another name is another bucket",
	"name":                  "another name is another of everything",
	"role_name":             "another name is another role",
	"https_endpoints":       "somebody has to confirm it",
	"lambda_arns":           "a function has to be there",
	"told_elsewhere":        "it says that the lack of subscribers is meant",
	"enable_root_tripwires": "follows from the toggles, of which every pair is tried",
	"enable_guardduty":      "the same",
	"enable_security_hub":   "the same",
	"enable_securityhub":    "the same",
	"log_group_name":        "the trail's",
	"delivery_bucket":       "given to the second region",
	"regional_only":         "given to the second region",
}

// The whole baseline, in two regions, is applied by plain commands of the engine, read
// back, changed in every input that can change, read back again, and destroyed once
// prevent_destroy is taken off; with STRONGROOM_TEST_FULL by both engines, over lifecycle
// rules, and refused while prevent_destroy is on. Generation 1 is what somebody gets who
// names nothing but a mail address.
func TestBaselineIsBuiltChangedAndDestroyed(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs about a minute")
	}
	root, err := os.ReadFile("testdata/changes/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s, err := sandbox.Start(t.Context(), sandbox.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			k := newStack(t, b, s, string(root), false)
			k.must("init", "-input=false")
			k.must("apply", "-auto-approve", "-var=generation=1")
			k.settled("-var=generation=1")
			slow := "-var=slow=false"
			if enginetest.Full() {
				slow = "-var=slow=true"
				if out, status := k.run("plan", "-destroy", "-var=generation=1"); status == 0 || !strings.Contains(out, "prevent_destroy") {
					t.Errorf("a plan to destroy the baseline is not refused, exit status %d\n%s", status, out)
				}
			}
			k.must("apply", "-auto-approve", "-var=generation=2", slow)
			k.settled("-var=generation=2", slow)
			k.lift(k.dir + "/baseline")
			k.must("destroy", "-auto-approve", "-var=generation=2", slow)
			if left := strings.TrimSpace(k.must("state", "list")); left != "" {
				t.Errorf("left after destroy:\n%s", left)
			}
			sound(t, s)
		})
	}
}

// sound fails when the sandbox was asked for what it does not have, or refused anything
// but the reads of what is not there.
func sound(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
	for _, e := range s.Denials() {
		t.Errorf("refused: %s %s: %s %v", e.EventSource, e.EventName, e.ErrorMessage, e.RequestParameters)
	}
}

// Each input of each module has another value in the second generation, or a reason.
func TestEveryInputIsChanged(t *testing.T) {
	root, err := os.ReadFile("testdata/changes/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, module := range names(t) {
		if !strings.HasPrefix(module, "baseline/") {
			continue
		}
		for _, file := range parse(t, module) {
			content, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}})
			for _, v := range content.Blocks {
				name := v.Labels[0]
				all = append(all, name)
				given := regexp.MustCompile(`(?m)^\s+` + name + `\s+=`).Match(root)
				if !given && fixed[name] == "" {
					t.Errorf("%s: input %q does not change in testdata/changes, and fixed does not say why", module, name)
				}
			}
		}
	}
	for name := range fixed {
		if !slices.Contains(all, name) {
			t.Errorf("fixed names %q, which is no input", name)
		}
	}
}
