package modules_test

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const sinkRoot = `
variable "generation" {
  type = number
}

locals {
  first = var.generation == 1
}

resource "aws_iam_policy" "boundary" {
  name   = "acme-boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

module "alerts" {
  source = "./baseline/alerts"

  name                  = "acme"
  enable_root_tripwires = false
  told_elsewhere        = true
}

module "alert_sink" {
  source = "./alert-sink"

  name         = "acme"
  package      = "%s"
  architecture = "%s"
  topic_arn    = module.alerts.topic_arn

  ntfy_url                 = local.first ? null : "https://ntfy.example.com"
  ntfy_topic               = local.first ? null : "acme"
  ntfy_token               = !local.first
  pushover                 = local.first
  runbook_url              = local.first ? "https://runbooks.example.com" : null
  runbooks                 = local.first ? {} : { "*" = "https://wiki.example.com" }
  severities               = local.first ? {} : { "*" = "warning" }
  dedupe_hours             = local.first ? 24 : 48
  reserved_concurrency     = local.first ? 1 : null
  retention_days           = local.first ? 90 : 30
  key_deletion_window_days = local.first ? 30 : 7
  permissions_boundary_arn = local.first ? null : aws_iam_policy.boundary.arn
  tags                     = local.first ? { A = "1", B = "2" } : { A = "2" }
}

output "parameters" {
  value = module.alert_sink.parameters
}
`

// packSink builds the package as the module's README says.
func packSink(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", filepath.Join(dir, "bootstrap"), "../cmd/alert-sink")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "alert-sink.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(file)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := z.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// The function is built by plain commands, refuses to work without its secrets, tells a
// finding once, and may do nothing else; its secrets are in no state. Every input changes.
func TestTheSinkTellsFindingsOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel()
	s, err := sandbox.Start(t.Context(), sandbox.Options{RunFunctions: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	k := newStack(t, enginetest.First(t), s, fmt.Sprintf(sinkRoot, packSink(t), architecture), false)
	must(os.CopyFS(filepath.Join(k.dir, "alert-sink"), os.DirFS("alert-sink")))
	k.must("init", "-input=false")
	k.must("apply", "-auto-approve", "-var=generation=1")
	k.settled("-var=generation=1")

	cfg := s.Config(s.Credentials())
	functions, parameters := lambda.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	ntfy, pushover := sinktest.NewNtfy(t), sinktest.NewPushover(t)
	ntfy.Open = true
	// The stand-ins have no certificate, and the module takes https alone.
	use := func() {
		t.Helper()
		now, err := functions.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("acme-alert-sink")})
		must(err)
		now.Environment.Variables["SINK_NTFY_URL"], now.Environment.Variables["SINK_PUSHOVER_URL"] = ntfy.URL, pushover.URL
		_, err = functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String("acme-alert-sink"), Environment: &lambdatypes.Environment{Variables: now.Environment.Variables},
		})
		must(err)
	}
	finding := func(id string, severity float64) {
		t.Helper()
		must(s.Emit("", "", fmt.Appendf(nil, `{"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": {
			"schemaVersion": "2.0", "accountId": %q, "region": %q, "id": %q, "arn": "arn:aws:guardduty:eu-west-2:111122223333:detector/d/finding/%[3]s",
			"type": "Recon:EC2/Portscan", "severity": %v, "title": "A port scan", "description": "Somebody scans ports."}}`, sandbox.DefaultAccount, sandbox.DefaultRegion, id, severity)))
		must(s.Settle(t.Context()))
	}
	use()
	finding("f0", 8)
	if n := ntfy.Requests() + pushover.Requests(); n != 0 {
		t.Fatalf("%d requests without secrets", n)
	}
	secrets := map[string]string{"ntfy-topic": sinktest.NtfyTopic, "pushover-token": sinktest.PushoverToken, "pushover-user": sinktest.PushoverUser}
	for name, value := range secrets {
		_, err = parameters.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/acme/alert-sink/" + name), Type: ssmtypes.ParameterTypeSecureString, KeyId: aws.String("alias/acme-alert-sink"), Value: &value,
		})
		must(err)
	}
	must(s.Advance(time.Hour)) // Lambda tries again
	must(s.Settle(t.Context()))
	if a, b := len(ntfy.Messages()), len(pushover.Messages()); a != 1 || b != 1 {
		t.Fatalf("the finding that came before the secrets was told by ntfy %d times, by Pushover %d times", a, b)
	}
	finding("f1", 8)
	finding("f1", 8)
	finding("f2", 8)
	if a, b := len(ntfy.Messages()), len(pushover.Messages()); a != 3 || b != 3 {
		t.Fatalf("three findings, one of them twice, were told by ntfy %d times, by Pushover %d times", a, b)
	}
	for _, m := range ntfy.Messages() {
		if m.Topic != sinktest.NtfyTopic || m.Priority != 5 || !strings.HasPrefix(m.Click, "https://runbooks.example.com/guardduty/") {
			t.Errorf("told as %+v", m)
		}
	}
	if lost := s.Undelivered(); len(lost) > 0 {
		t.Errorf("not delivered: %+v", lost)
	}

	// What the function's role is good for, in other hands.
	session, err := s.Session("arn:aws:iam::"+sandbox.DefaultAccount+":role/acme/acme-alert-sink", "thief")
	must(err)
	role := s.Config(session)
	r := &room{T: t, sb: s}
	for _, name := range []string{"/acme/alert-sink/ntfy-token", "/acme/other"} {
		_, err := ssm.NewFromConfig(role).GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{name}, WithDecryption: aws.Bool(true)})
		r.refused("the role reads "+name, err, "AccessDeniedException")
	}
	secret, err := kms.NewFromConfig(cfg).Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/acme-alert-sink"), Plaintext: []byte("another's")})
	must(err)
	_, err = kms.NewFromConfig(role).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: secret.CiphertextBlob})
	r.refused("the role decrypts what is no parameter", err, "AccessDeniedException")
	stranger, err := s.RootCredentials("444455556666")
	must(err)
	_, err = lambda.NewFromConfig(s.Config(stranger)).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-west-2:" + sandbox.DefaultAccount + ":function:acme-alert-sink")})
	r.refused("another account invokes the function", err, "AccessDeniedException")

	k.must("apply", "-auto-approve", "-var=generation=2")
	k.settled("-var=generation=2")
	if out := k.must("output", "parameters"); strings.Count(out, "/acme/") != 1 || !strings.Contains(out, "/acme/alert-sink/ntfy-token") {
		t.Errorf("the parameters that are needed now: %s", out)
	}
	state, err := os.ReadFile(filepath.Join(k.dir, "terraform.tfstate"))
	must(err)
	for name, value := range secrets {
		if !strings.Contains(string(state), "acme-alert-sink") || strings.Contains(string(state), value) {
			t.Errorf("the secret %s is in the state", name)
		}
	}
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
	k.must("destroy", "-auto-approve", "-var=generation=2")
}
