package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

func TestEnvironPassesOnlyWhatIsDeclared(t *testing.T) {
	got := engine.Environ(
		[]string{"PATH=/bin", "AWS_PROFILE=mine", "AWS_REGION=eu-west-2", "GITLAB_TOKEN=glpat", "TF_VAR_x=1", "TF_CLI_ARGS=-lock=false", "TF_LOG=trace", "HOME=/h", "broken"},
		[]string{"HTTPS_PROXY=http://127.0.0.1:1", "TF_WORKSPACE=other", "PATH=/usr/bin", "ODD=kept", "TF_VAR_y=2"},
		[]string{"AWS_PROFILE"},
	)
	want := []string{"AWS_REGION=eu-west-2", "HOME=/h", "HTTPS_PROXY=http://127.0.0.1:1", "PATH=/usr/bin", "ODD=kept"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
