package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A trail is built, changed, forgotten, imported and destroyed by a real engine and the
// real AWS provider.
func TestProviderBuildsTrails(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	list := engines(t)
	if !full() {
		list = list[:1]
	}
	for _, b := range list {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel() // most of the time the provider sleeps
			s := start(t, sandbox.Options{})
			w := newWorkdir(t, b, s, s.Credentials(), "cloudtrail")
			generation := func(n int) { w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\n", n)) }
			before := holds(t, s)
			defer checkRequests(t, s)
			generation(1)
			w.must("init", "-input=false", "-no-color")
			w.must("apply", "-auto-approve", "-no-color")
			w.settled()
			w.write("import.tf", "import {\n  to = aws_cloudtrail.main\n  id = \"arn:aws:cloudtrail:eu-west-2:"+sandbox.DefaultAccount+":trail/main\"\n}\n")
			w.must("state", "rm", "aws_cloudtrail.main")
			generation(2)
			if out := w.must("apply", "-auto-approve", "-no-color"); !strings.Contains(out, "1 imported") || strings.Contains(out, "must be replaced") {
				t.Errorf("the second apply does not import, or it replaces:\n%s", out)
			}
			w.settled()
			w.must("destroy", "-auto-approve", "-no-color")
			if after := holds(t, s); !slices.Equal(before, after) {
				t.Errorf("after destroy the account holds\n%s\nbefore it held\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
			}
		})
	}
}
