package sandbox_test

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// packages builds testdata/function, and packs it once for each generation: the zip files
// differ by a file.
func packages(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-o", program, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, generation := range []string{"1", "2"} {
		name := filepath.Join(dir, generation+".zip")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for _, file := range []struct {
			name    string
			content []byte
		}{{"bootstrap", content}, {"generation", []byte(generation)}} {
			h := &zip.FileHeader{Name: file.name, Method: zip.Deflate}
			h.SetMode(0o755)
			w, err := z.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(file.content); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// Functions, their permissions, subscriptions and targets are built, changed, imported and
// destroyed by the real provider, and what was built is executed for a message and an event.
func TestProviderBuildsFunctions(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{RunFunctions: true})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "functions")
	zips := packages(t)
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	generation := func(n int) {
		w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\npackages = [%q, %q]\narchitecture = %q\n", n, zips[0], zips[1], architecture))
	}
	defer checkAlertRequests(t, s)
	cfg := s.Config(s.Credentials())

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()
	if got := strings.TrimSpace(w.must("output", "-raw", "seen")); got != "$LATEST 2" && got != "1 2" {
		t.Errorf("the data sources see %q", got)
	}
	confirm(t, s)
	tell(t, s, "first")

	list := []string{"aws_lambda_function.sink", "aws_lambda_function.plain", "aws_lambda_function_event_invoke_config.sink", "aws_sns_topic_subscription.sink"}
	blocks := importBlocks(t, w, list)
	blocks += "import {\n  to = aws_lambda_permission.topic\n  id = \"sink/topic\"\n}\n"
	list = append(list, "aws_lambda_permission.topic")
	w.write("import.tf", blocks)
	w.must(append([]string{"state", "rm"}, list...)...)
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(list)); !strings.Contains(out, want) {
		t.Errorf("the second apply does not say %q:\n%s", want, out)
	}
	for line := range strings.Lines(out) {
		// A permission and the object's key cannot be changed.
		if strings.Contains(line, "must be replaced") && !strings.Contains(line, "aws_lambda_permission.rule") && !strings.Contains(line, "aws_s3_object.code") {
			t.Errorf("an update replaces: %s", line)
		}
	}
	w.settled()
	tell(t, s, "yes")

	w.must("destroy", "-auto-approve", "-no-color")
	left, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil || len(left.Functions) != 0 {
		t.Errorf("functions after destroy: %+v, %v", left, err)
	}
}

// confirm follows the links of the mails so far.
func confirm(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Mail() {
		if m.Confirm == "" {
			continue
		}
		answer, err := s.HTTPClient().Get(m.Confirm)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
}

// tell puts an event and publishes a message, and expects the function to mail both.
func tell(t *testing.T, s *sandbox.Sandbox, word string) {
	t.Helper()
	cfg := s.Config(s.Credentials())
	_, err := eventbridge.NewFromConfig(cfg).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		Source: aws.String("app"), DetailType: aws.String("test"), Detail: aws.String(`{"word":"event ` + word + `"}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:eu-west-2:" + sandbox.DefaultAccount + ":in"), Message: aws.String("message " + word)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"detail":{"word":"event ` + word + `"}`, `"EventSource":"aws:sns"`, `"Message":"message ` + word + `"`} {
		if !slices.ContainsFunc(s.Mail(), func(m sandbox.Mail) bool { return strings.Contains(m.Body, want) }) {
			t.Errorf("nobody was told %s; mails %+v, undelivered %+v", want, s.Mail(), s.Undelivered())
		}
	}
}
