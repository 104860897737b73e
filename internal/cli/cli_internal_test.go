package cli

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The shell itself says whether a value came through as one word.
func TestShellQuote(t *testing.T) {
	for _, value := range []string{"", "plain", "two words", "it's", "''", `"$HOME" \ $(id) ` + "`id`", "line\nline", "*?[a]", "~", "#x", "é"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellQuote(value)).Output()
		if err != nil || string(out) != value {
			t.Errorf("shellQuote(%q) came out as %q: %v", value, out, err)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"sandbox", "version", "plan", "apply", "completion"}
	for word, want := range map[string]string{
		"sandbx": "sandbox", "SANDBOX": "sandbox", "versoin": "version", "pla": "plan", "plam": "plan",
		"comp": "completion", "aply": "apply", "p": "", "xyz": "", "frobnicate": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestWithEnvironment(t *testing.T) {
	got := withEnvironment(
		[]string{"PATH=/bin", "AWS_PROFILE=prod", "AWS_REGION=x", "AWS_REGION=y", "AWS_PROFILE_X=keep"},
		sandbox.Environment{Set: []sandbox.Variable{{Name: "AWS_REGION", Value: "eu-west-2"}, {Name: "NEW", Value: "1"}}, Unset: []string{"AWS_PROFILE"}},
	)
	if d := cmp.Diff([]string{"PATH=/bin", "AWS_PROFILE_X=keep", "AWS_REGION=eu-west-2", "NEW=1"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// A list that is empty is written as one.
func TestWriteEnvironmentOfNothing(t *testing.T) {
	var b strings.Builder
	if err := writeEnvironment(&b, sandbox.Environment{Account: "111122223333"}, "json"); err != nil {
		t.Fatal(err)
	}
	want := `{"format_version":1,"account":"111122223333","set":{},"unset":[]}`
	if got := strings.NewReplacer("\n", "", " ", "").Replace(b.String()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whoever has no credentials is told how to find out why, by every command.
func TestNoCredentials(t *testing.T) {
	none := explained{aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no link of the chain has any")
	})}
	_, err := sts.New(sts.Options{Region: "eu-west-2", Credentials: none}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "aws-credentials" || !strings.Contains(d.Fix, "credentials explain") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := none.Retrieve(ctx); errors.As(err, new(*diag.Diagnostic)) {
		t.Errorf("an interrupted command has no credentials, it says: %v", err)
	}
}
