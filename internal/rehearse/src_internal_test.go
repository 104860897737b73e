package rehearse

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

// What the engine refuses is told as such; what did not run is passed on.
func TestSrcErrorTellsARefusalFromAnInterruption(t *testing.T) {
	refused := &engine.Error{Engine: "OpenTofu", Args: []string{"apply"}, Exit: 1, Text: "Error: AccessDenied: cloudtrail:CreateTrail"}
	err := srcError(t.Context(), "src: apply", refused)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "rehearse-src" || !strings.Contains(d.Summary, "cloudtrail:CreateTrail") || d.Why == "" || d.Fix == "" || !errors.Is(err, refused) {
		t.Errorf("a refusal: %#v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
	}{
		{"interrupted", ended, refused},
		{"killed", t.Context(), &engine.Error{Engine: "OpenTofu", Exit: -1, Signal: 9}},
		{"not started", t.Context(), errors.New("no such file")},
	} {
		if got := srcError(tt.ctx, "src: apply", tt.err); got != tt.err {
			t.Errorf("%s: %v, want it as it was", tt.name, got)
		}
	}
}

// A job has the credentials of its token and no others.
func TestWithCredentialsReplacesThem(t *testing.T) {
	was := []string{"PATH=/bin", "AWS_ACCESS_KEY_ID=a", "AWS_REGION=eu-west-2", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t"}
	kept := slices.Clone(was)
	got := withCredentials(was, "AWS_ROLE_ARN=r")
	if want := []string{"PATH=/bin", "AWS_REGION=eu-west-2", "AWS_ROLE_ARN=r"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !slices.Equal(was, kept) {
		t.Errorf("the environment itself was changed: %q", was)
	}
}

func TestActionsAreWords(t *testing.T) {
	if got := actions(tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}); got != "delete and create" {
		t.Errorf("actions = %q", got)
	}
}
