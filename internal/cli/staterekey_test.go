package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/cli"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// rekeyWorld is a state bucket, and an environment of another account whose user may
// use its states and its key.
type rekeyWorld struct {
	t      *testing.T
	s3     *s3.Client
	kms    *kms.Client
	dir    string
	bucket string
	key    string
	user   string
}

const rekeySpec = `
name    = "rekey"
account = "111122223333"
region  = "eu-west-2"
forge "gitlab" {
  project = "acme/infra"
}
state {
  bucket = "rekey-cli-state"
  environment "development" {
    principals  = ["arn:aws:iam::222233334444:user/terraform"]
    kms_key_arn = %q
    state_keys  = ["development", "development-bootstrap"]
  }
}
`

func newRekeyWorld(t *testing.T) *rekeyWorld {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	for _, name := range append(sandbox.EnvUnset(), "STATE_KMS_KEY_ID") {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	for _, kv := range box.Env() {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	cfg := box.Config(box.Credentials())
	w := &rekeyWorld{t: t, s3: s3.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), dir: t.TempDir(), bucket: "rekey-cli-state", user: "arn:aws:iam::222233334444:user/terraform"}

	other, err := box.RootCredentials("222233334444")
	w.ok(err)
	people := iam.NewFromConfig(box.Config(other))
	_, err = people.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("terraform")})
	w.ok(err)
	_, err = people.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("terraform"), PolicyName: aws.String("state"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":"*"}}`)})
	w.ok(err)
	access, err := people.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("terraform")})
	w.ok(err)
	profiles := filepath.Join(t.TempDir(), "credentials")
	w.ok(os.WriteFile(profiles, fmt.Appendf(nil, "[dev]\naws_access_key_id = %s\naws_secret_access_key = %s\n", *access.AccessKey.AccessKeyId, *access.AccessKey.SecretAccessKey), 0o600))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", profiles)

	w.key = w.newKey(w.user)
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}})
	w.ok(err)
	_, err = w.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &w.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	w.ok(err)
	w.policy("")
	w.ok(os.WriteFile(filepath.Join(w.dir, room.SpecFile), fmt.Appendf(nil, rekeySpec, w.key), 0o644))
	return w
}

func (w *rekeyWorld) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// newKey makes a key that its account administers and one user uses.
func (w *rekeyWorld) newKey(user string) string {
	w.t.Helper()
	use := ""
	if user != "" {
		use = `,{"Effect":"Allow","Principal":{"AWS":"` + user + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":"*"}`
	}
	out, err := w.kms.CreateKey(w.t.Context(), &kms.CreateKeyInput{Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}` + use + `]}`)})
	w.ok(err)
	return *out.KeyMetadata.Arn
}

// policy is the bucket's: the user's states, and one more statement.
func (w *rekeyWorld) policy(more string) {
	w.t.Helper()
	_, err := w.s3.PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: &w.bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Sid":"States","Effect":"Allow","Principal":{"AWS":"` + w.user + `"},"Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::rekey-cli-state/development","arn:aws:s3:::rekey-cli-state/development-bootstrap"]}` + more + `]}`)})
	w.ok(err)
}

func (w *rekeyWorld) put(key string, serial int, resources ...string) string {
	w.t.Helper()
	list := []string{}
	for _, r := range resources {
		list = append(list, fmt.Sprintf(`{"mode":"managed","type":"random_password","name":%q,"provider":"provider[\"registry.terraform.io/hashicorp/random\"]","instances":[{"schema_version":0,"attributes":{"id":"none","result":"hush"}}]}`, r))
	}
	out, err := w.s3.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &w.bucket, Key: &key, Body: strings.NewReader(
		fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"0f0e","outputs":{},"resources":[%s]}`, serial, strings.Join(list, ",")))})
	w.ok(err)
	return aws.ToString(out.VersionId)
}

// run runs the program, and checks its exit status and what it says.
func (w *rekeyWorld) run(status int, args []string, says ...string) (stdout string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"state", args[0], "--dir", w.dir}, args[1:]...)
	got := cli.Run(w.t.Context(), args, strings.NewReader(""), &out, &errs, os.Environ())
	all := out.String() + errs.String()
	if got != status {
		w.t.Errorf("%q: status %d, want %d:\n%s", args, got, status, all)
	}
	for _, s := range says {
		if !strings.Contains(all, s) {
			w.t.Errorf("%q does not say %q:\n%s", args, s, all)
		}
	}
	if strings.Contains(all, "hush") {
		w.t.Errorf("%q shows what a state holds", args)
	}
	return out.String()
}

func (w *rekeyWorld) under(key string) string {
	w.t.Helper()
	out, err := w.s3.HeadObject(w.t.Context(), &s3.HeadObjectInput{Bucket: &w.bucket, Key: &key})
	w.ok(err)
	return string(out.ServerSideEncryption) + aws.ToString(out.SSEKMSKeyId)
}

// The whole way: a plan, the key, older versions, back to SSE-S3, to a former key, and
// to an earlier version.
func TestStateRekeyAndRollback(t *testing.T) {
	w := newRekeyWorld(t)
	first := w.put("development", 3, "a")
	w.put("development", 4, "a", "b")
	w.put("development-bootstrap", 9, "c")

	plan := []string{"development: SSE-KMS " + w.key, "SSE-S3", "SSE-KMS " + w.key[len(w.key)-36:][:8]}
	w.run(0, []string{"rekey", "--plan"}, plan...)
	w.run(0, []string{"rekey"}, "nothing was done: stdin is not a terminal; add --yes to do it")
	if got := w.under("development"); got != "AES256" {
		t.Fatalf("a plan put it under %s", got)
	}
	w.run(0, []string{"rekey", "--yes", "--principal-profile", "development=dev"}, "development: 2 of 2 states done: 2 copied, 2 proven", "older versions stay as they are", "1 of 2  development")
	if got := w.under("development"); got != "aws:kms"+w.key {
		t.Errorf("it is under %s", got)
	}
	w.run(0, []string{"rekey", "--all-versions", "--yes", "--stack", "development", "--principal-profile", "development=dev"}, "2 older versions changed in place")

	var answer struct {
		FormatVersion int `json:"format_version"`
		Done          bool
		Environments  []struct{ States []struct{ Action string } }
		Checks        []struct {
			Findings []struct{ Check, Status string }
		}
	}
	w.ok(json.Unmarshal([]byte(w.run(0, []string{"rekey", "--format", "json", "--principal-profile", "development=dev"})), &answer))
	if answer.FormatVersion != 1 || !answer.Done || answer.Environments[0].States[0].Action != "keep" || len(answer.Checks) != 2 {
		t.Errorf("%+v", answer)
	}
	checks := []string{}
	for _, f := range answer.Checks[0].Findings {
		checks = append(checks, f.Check+" "+f.Status)
	}
	for _, want := range []string{"encryption ok", "contents ok", "principal-reads ok", "reader-refused ok"} {
		if !slices.Contains(checks, want) {
			t.Errorf("%q is not among %q", want, checks)
		}
	}

	// A principal whose own policy does not reach the key could not read it any more.
	former := w.newKey("")
	w.run(2, []string{"rollback", "--to-key", former, "--stack", "development-bootstrap", "--yes", "--principal-profile", "development=dev"}, "state-principal-reads", "0 of 1 state done", "development-bootstrap was copied and is NOT proven")
	w.run(0, []string{"rekey", "--yes", "--principal-profile", "development=dev"}, "1 copied, 2 proven")

	// The knob comes first, and so does the bucket policy.
	t.Setenv("STATE_KMS_KEY_ID", w.key)
	w.run(1, []string{"rollback", "--to", "sse-s3", "--yes"}, "state-rollback-knob", "unset STATE_KMS_KEY_ID")
	os.Unsetenv("STATE_KMS_KEY_ID")
	w.policy(`,{"Sid":"OnlyUnderTheKey","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::rekey-cli-state/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}`)
	w.run(1, []string{"rollback", "--to", "sse-s3", "--yes"}, "state-rekey-denied", "statement OnlyUnderTheKey")
	w.policy("")
	w.run(0, []string{"rollback", "--to", "sse-s3", "--plan"}, "versions still need "+w.key, "development.tflock", "(current)", "schedule-key-deletion")
	w.run(0, []string{"rollback", "--to", "sse-s3", "--yes", "--principal-profile", "development=dev"}, "2 copied, 2 proven to be SSE-S3", "versions still need "+w.key, "schedule-key-deletion")
	if got := w.under("development"); got != "AES256" {
		t.Errorf("it is under %s", got)
	}

	// An earlier version, by its ID and by its serial.
	w.run(1, []string{"rollback", "--to-version", "3", "--yes"}, "state-rollback-which", "--stack development-bootstrap --workspace default")
	w.run(1, []string{"rollback", "--to-version", "77", "--stack", "development", "--yes"}, "state-rollback-version", "state history")
	diff := []string{"from  serial 4", "to    serial 3", "removed  random_password.b", "0 added, 0 changed, 1 removed"}
	w.run(0, []string{"rollback", "--to-version", "3", "--stack", "development"}, diff...)
	w.run(0, []string{"rollback", "--to-version", first, "--stack", "development", "--yes", "--principal-profile", "development=dev"}, append(diff, "1 copied, 1 proven")...)
	w.run(0, []string{"rollback", "--to-version", "3", "--stack", "development", "--principal-profile", "development=dev"}, "both hold the same", "0 copied, 1 proven")
	w.run(0, []string{"rollback", "--to-version", "4", "--stack", "development", "--yes", "--principal-profile", "development=dev"}, "added  random_password.b")

	w.run(1, []string{"rollback"}, "give one of --to sse-s3")
	w.run(1, []string{"rollback", "--to", "dsse"}, "is not sse-s3")
	w.run(1, []string{"rollback", "--to", "sse-s3", "--all-versions", "--yes"}, "state-rekey-versions")
}

// Without anybody who could tell what the principal may do, the states are copied and
// that answer is not known: it is said before and after, nothing is called proven, and
// the next environment is not begun.
func TestStateRekeyWithHalfAnAnswer(t *testing.T) {
	w := newStateWorld(t)
	for _, name := range []string{"development", "production"} {
		w.Put(name, statetest.State(3, 2), "")
	}
	under := func(name string) string {
		t.Helper()
		out, err := w.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(statetest.Bucket), Key: &name})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.SSEKMSKeyId)
	}
	const note = "note: whether arn:aws:iam::222233334444:user/terraform reads the states of development cannot be told afterwards"
	w.run(0, []string{"rekey", "--plan"}, note, "add --principal-profile development=PROFILE", "add --principal-profile production=PROFILE")
	w.run(1, []string{"rekey", "--yes"}, note, "development: 1 of 1 state done: 1 copied, 0 proven to be SSE-KMS "+w.Keys["development"], "NOT PROVEN: of 1 state not everything could be told",
		"unknown  principal-reads, of 1 state: whether arn:aws:iam::222233334444:user/terraform may read it is not known", "mend: add --principal-profile development=PROFILE",
		"state-unproven", "nothing was begun of production", "--env ENV")
	if under("development") != w.Keys["development"] || under("production") != "" {
		t.Errorf("development is under %q, production under %q", under("development"), under("production"))
	}
	var answer struct {
		Done, Proven bool
		Checks       []struct {
			Findings []struct{ Check, Status string }
		}
	}
	// The next one by itself, and then all are proven, though nothing is left to copy.
	w.answer(w.run(1, []string{"rekey", "--yes", "--env", "production", "--format", "json"}), &answer)
	if !answer.Done || answer.Proven || len(answer.Checks) != 1 || under("production") != w.Keys["production"] {
		t.Errorf("%+v; production is under %q", answer, under("production"))
	}
	w.run(1, []string{"rekey"}, "production: 1 of 1 state done: 0 copied, 0 proven")
	w.answer(w.run(0, []string{"rekey", "--format", "json", "--principal-profile", "development=dev-admin", "--principal-profile", "production=prod", "--reader-profile", "reader"}), &answer)
	if !answer.Done || !answer.Proven || len(answer.Checks) != 2 {
		t.Errorf("%+v", answer)
	}

	// What is proven is proven under the key that a state is really under.
	made, err := w.KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	former := *made.KeyMetadata.Arn
	w.run(2, []string{"rollback", "--to-key", former, "--env", "development", "--yes", "--principal-profile", "development=dev-admin"}, "state-principal-reads", "may not read it: the state account does not let it kms:Decrypt (decided, not tried)")
	w.run(2, []string{"verify", "--env", "development", "--principal-profile", "development=dev-admin"}, "FAILED  principal-reads  arn:aws:iam::222233334444:user/terraform may not read it")
}
