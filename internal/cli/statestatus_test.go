package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/internal/cli"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// stateWorld is the world of statetest for commands: its owner is the environment's
// credentials, everybody else a profile.
type stateWorld struct{ *statetest.World }

func newStateWorld(t testing.TB) *stateWorld {
	t.Helper()
	w := &stateWorld{statetest.New(t, "")}
	for _, name := range append(sandbox.EnvUnset(), state.KeyVariable) {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	// Go reads the proxy of a process once: the SDK gets an address, engines the proxy.
	for _, kv := range append(w.Sandbox.Env(), "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "AWS_ENDPOINT_URL="+strings.Replace(w.Sandbox.URL(), "http:", "https:", 1)) {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	var b strings.Builder
	admin, err := w.Sandbox.RootCredentials("222233334444")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]sandbox.Credentials{"dev": w.Access["development"], "prod": w.Access["production"], "reader": w.ReaderAccess, "nobody": w.Stranger("nobody"), "dev-admin": admin, "wrong": {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wrong"}} {
		fmt.Fprintf(&b, "[profile %s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, c.AccessKeyID, c.SecretAccessKey)
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	return w
}

// run runs "strongroom state" with the room's directory, and wants an exit status and
// texts in what it says.
func (w *stateWorld) run(code int, args []string, says ...string) string {
	w.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"state"}, args...)
	environ := append(os.Environ(), append(w.Sandbox.Env(), "AWS_ENDPOINT_URL=")...)
	got := cli.Run(w.Context(), append(args, "--dir", w.Dir), strings.NewReader(""), &stdout, &stderr, environ)
	all := stdout.String() + stderr.String()
	if got != code {
		w.Errorf("%v: exit status %d, want %d:\n%s", args, got, code, all)
	}
	for _, s := range says {
		if !strings.Contains(all, s) {
			w.Errorf("%v: no %q in:\n%s", args, s, all)
		}
	}
	return stdout.String()
}

// answer reads an answer in JSON, whose lists are never null.
func (w *stateWorld) answer(text string, v any) {
	w.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil || !strings.HasPrefix(text, "{\n  \"format_version\": 1,") || strings.Contains(text, "drift\": null") {
		w.Errorf("%v:\n%s", err, text)
	}
}

func TestStateStatusVerifyUnlock(t *testing.T) {
	w := newStateWorld(t)
	w.Put("development", statetest.State(3, 2), w.Keys["development"])
	w.Put("env:/blue/development", statetest.State(1, 0), w.Keys["development"])
	dev := []string{"--env", "development"}
	tried := append(dev, "--principal-profile", "development=dev", "--reader-profile", "reader")

	// Half an answer is none: the principal's own policies are in an account that there are
	// no credentials for. With them it is decided, with its own it is tried.
	const unread = "whether arn:aws:iam::222233334444:user/terraform may read it is not known: its own policies have to allow it as well, and were not read: there are no credentials for account 222233334444"
	w.run(1, append([]string{"verify"}, dev...), "development  infra  s3://acme-tf-backend/development", "workspace blue", "unknown  principal-reads  "+unread, "mend: add --principal-profile development=PROFILE", "ok       reader-refused   the key policy lets nobody decrypt", "2 states: 0 as they should be, 0 not, 2 cannot be told; 2 answers were decided and not tried")
	w.run(0, append([]string{"verify", "--principal-profile", "development=dev-admin"}, dev...), "policies on both sides let arn:aws:iam::222233334444:user/terraform read it (decided, not tried)", "2 states: 2 as they should be, 0 not, 0 cannot be told; 4 answers were decided and not tried")
	w.run(0, append([]string{"verify"}, tried...), "it was read with the principal's credentials", "HeadObject was answered, GetObject refused", "0 answers were decided")
	// Who asks as the principal, as a pipeline does, needs no profile.
	w.run(0, append([]string{"verify", "--profile", "dev", "--reader-profile", "reader", "--format", "json"}, dev...), "it was read with the principal's credentials")
	// Somebody else's reading says nothing about the principal.
	for profile, says := range map[string]string{"prod": "are of account 333344445555, and it is of 222233334444", "reader": "are of account 111122223333, and it is of 222233334444", "wrong": "do not work: InvalidClientTokenId"} {
		w.run(1, append([]string{"verify", "--principal-profile", "development=" + profile}, dev...), "state-principal-profile", says, "--principal-profile development=PROFILE")
		w.run(1, append([]string{"rekey", "--yes", "--principal-profile", "development=" + profile}, dev...), "state-principal-profile", says)
		w.run(0, append([]string{"status", "--principal-profile", "development=" + profile}, dev...), says)
	}
	var verified struct {
		States []struct {
			Environment, Workspace string
			Findings               []struct{ Check, Status string }
		}
	}
	w.answer(w.run(0, append([]string{"verify", "--format", "json"}, tried...)), &verified)
	if len(verified.States) != 2 || verified.States[1].Workspace != "blue" || len(verified.States[0].Findings) != 7 {
		t.Errorf("%+v", verified)
	}
	w.run(0, append([]string{"status"}, dev...), "ENVIRONMENT", "?          ?", "free", "the spec has no baseline with an audit trail", "not known: development: principal-reads: "+unread+"; add --principal-profile development=PROFILE")
	w.run(0, append([]string{"status", "--principal-profile", "development=dev-admin"}, dev...), "reads, decided  yes")
	w.run(0, append([]string{"status", "--principal-profile", "development=dev"}, dev...), "reads ", "yes")

	// What is not.
	w.run(2, []string{"verify"}, "FAILED  exists", "apply the stack")
	w.Put("production", statetest.State(9, 1), "")
	prod := []string{"--env", "production", "--principal-profile", "production=prod"}
	w.run(2, append([]string{"verify"}, prod...), "FAILED  encryption", "mend: run: strongroom state rekey --env production", "it is SSE-S3, and has to be SSE-KMS under "+w.Keys["production"])
	w.run(0, append([]string{"verify", "--sse-s3"}, prod...), "1 state: 1 as they should be")
	w.run(1, []string{"verify", "--env", "production", "--sse-s3"}, "there are no credentials for account 333344445555")
	w.run(2, append([]string{"verify", "--sse-s3"}, dev...), "strongroom state rollback --to sse-s3")
	var rows struct {
		States []struct {
			Environment, Exists string
			Contents            struct{ Serial *int }
			Drift, Doubts       []string
			Encryption          struct {
				Key string `json:"kms_key_arn"`
			}
		}
	}
	w.answer(w.run(0, []string{"status", "--format", "json"}), &rows)
	if len(rows.States) != 3 || *rows.States[0].Contents.Serial != 3 || rows.States[0].Encryption.Key != w.Keys["development"] || len(rows.States[2].Drift) == 0 {
		t.Errorf("%+v", rows)
	}
	w.run(0, []string{"status", "--profile", "reader"}, "?", "kms:Decrypt")
	w.run(0, []string{"status", "--profile", "nobody", "--env", "production"}, "not known: production: other workspaces: s3://acme-tf-backend cannot be listed: AccessDenied", "?")

	// The principal's half is missing.
	w.KeyPolicy("development")
	w.run(2, append([]string{"verify"}, dev...), "FAILED  principal-reads", "the state account does not let it kms:Decrypt")
	w.KeyPolicy("development", statetest.Statement("Allow", w.User("development"), "", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"))

	// The variable is one environment's.
	t.Setenv(state.KeyVariable, w.Keys["production"])
	w.run(1, append([]string{"verify"}, dev...), "cannot encrypt the states of development")
	w.run(0, []string{"status"}, "STATE_KMS_KEY_ID is one environment's")

	// The guard.
	guard := append([]string{"status", "--guard"}, dev...)
	w.run(2, guard, "NO", "cannot encrypt the states of development")
	os.Unsetenv(state.KeyVariable)
	w.run(2, guard, "the bucket's default is SSE-S3", "mend: set STATE_KMS_KEY_ID to "+w.Keys["development"])
	t.Setenv(state.KeyVariable, w.Keys["development"])
	w.run(0, guard, "ok  development  infra: SSE-KMS under "+w.Keys["development"])
	var first struct {
		Stacks []struct {
			As    string `json:"as_the_spec_says"`
			Notes []string
		}
	}
	w.answer(w.run(0, append(guard, "--format", "json")), &first)
	if len(first.Stacks) != 1 || first.Stacks[0].As != "yes" || first.Stacks[0].Notes == nil {
		t.Errorf("%+v", first)
	}

	// Locks.
	w.run(0, []string{"unlock"}, "nothing is locked")
	lock := func(environment, who string) *tfstate.LockInfo {
		l := &tfstate.LockInfo{ID: "lock-of-" + environment, Who: who, Operation: "OperationTypeApply", Created: w.Sandbox.Now()}
		if err := state.NewBucket(w.Room, w.Owner).Store(w.Target(environment), "").Lock(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	lock("development", "ann@elsewhere")
	w.run(0, []string{"unlock"}, "held by  ann@elsewhere", "for      OperationTypeApply", "holder   elsewhere", "nothing was done: stdin is not a terminal; add --yes")
	mine := state.NewLock("StrongroomTest")
	if err := state.NewBucket(w.Room, w.Owner).Store(w.Target("production"), "").Lock(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	w.run(1, []string{"unlock", "--yes"}, "2 states are locked", "--id ID")
	w.run(2, []string{"unlock", "--yes", "--id", "another"}, "no state is locked with the ID")
	w.run(2, []string{"unlock", "--yes", "--env", "production"}, "STILL RUNS", fmt.Sprintf("process %d", os.Getpid()), "kill -INT")
	var locks struct {
		Locks []struct {
			ID, Holder string
			Released   bool
		}
	}
	w.answer(w.run(0, []string{"unlock", "--yes", "--id", "lock-of-development", "--format", "json"}), &locks)
	if len(locks.Locks) != 2 || !locks.Locks[0].Released || locks.Locks[1].Released || locks.Locks[1].Holder != "alive" {
		t.Errorf("%+v", locks)
	}
	lock("development", "ann@elsewhere")
	w.run(0, []string{"unlock", "--yes", "--env", "development"}, "s3://acme-tf-backend/development is unlocked")
	w.run(0, []string{"unlock", "--env", "development"}, "nothing is locked")
}

// A plan is made where the stack is, as its principal, and only of the state that is
// asked about.
func TestStateVerifyPlanCheck(t *testing.T) {
	w := newStateWorld(t)
	key := w.Keys["development"]
	w.Put("development", statetest.State(1, 0), key)
	dir := filepath.Join(w.Dir, "stacks", "development")
	check := []string{"verify", "--env", "development", "--plan-check", "--principal-profile", "development=dev"}
	w.run(1, check, "unknown  plan-no-op", "there is no stack in "+dir)
	if err := os.MkdirAll(filepath.Join(dir, ".terraform"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file("backend.tf", "terraform {\n  backend \"local\" {}\n}\n")
	w.run(1, check, "is local, not the spec's s3", "strongroom state backend --env development --stack infra --write")
	backend := "terraform {\n  backend \"s3\" {\n    bucket = \"" + statetest.Bucket + "\"\n    key = \"KEY\"\n    region = \"us-east-1\"\n    encrypt = true\n    kms_key_id = \"" + key + "\"\n  }\n}\n"
	file("backend.tf", strings.Replace(backend, "KEY", "production", 1))
	w.run(1, check, "is of another state: production")
	file("backend.tf", strings.Replace(backend, "KEY", "development", 1))
	file(".terraform/environment", "blue")
	w.run(0, check, "skipped  plan-no-op", "workspace blue is selected")
	file(".terraform/environment", "default")
	file("main.tf", "resource \"terraform_data\" \"a\" {}\n")
	t.Setenv("STRONGROOM_ENGINE", enginetest.First(t).Path)
	w.run(2, check, "FAILED  plan-no-op", "there is something to do: create terraform_data.a")
	// With what a person would plan with, and as the principal, whichever profile is its own.
	file("main.tf", "variable \"region\" {}\n\noutput \"b\" {\n  value = var.region == \"as applied\" ? null : 1\n}\n")
	check = append([]string{"verify", "--env", "development", "--plan-check", "--principal-profile", "development=dev-admin"}, check[3:]...)
	w.run(1, check, "unknown  plan-no-op", "No value for required variable")
	t.Setenv("TF_VAR_region", "another one")
	w.run(2, check, "there is something to do: output b")
	t.Setenv("TF_VAR_region", "as applied")
	w.run(0, check, "ok  plan-no-op", "there is nothing to do")
}

// What is wrong with credentials, rights or the spec is said as such, once, with a way
// out, and never passes for an answer.
func TestStateWhatIsWrongIsSaid(t *testing.T) {
	w := newStateWorld(t)
	key := w.Keys["development"]
	w.Put("development", statetest.State(1, 0), key)
	dev := []string{"--env", "development"}
	all := func(says ...string) {
		t.Helper()
		for _, verb := range []string{"verify", "rekey"} {
			w.run(1, append([]string{verb}, dev...), says...)
		}
		w.run(0, append([]string{"status"}, dev...), "not known: development: other workspaces: "+says[0])
	}
	allow := func(statements string) {
		t.Helper()
		client := iam.NewFromConfig(w.Owner)
		if _, err := client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("op"), PolicyName: aws.String("own"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` + statements + `]}`)}); err != nil {
			t.Fatal(err)
		}
	}
	op := w.Stranger("op")
	t.Setenv("AWS_ACCESS_KEY_ID", op.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", op.SecretAccessKey)
	allow(`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"*"}`)
	all("s3://acme-tf-backend cannot be listed: AccessDenied", "that may s3:ListBucket")
	allow(`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`)
	w.run(1, append([]string{"verify"}, dev...), "unknown  exists  HeadObject was refused (403): it takes s3:GetObject")
	w.run(0, append([]string{"status"}, dev...), "not known: s3://acme-tf-backend/development: HeadObject was refused (403)")
	w.run(2, append([]string{"grants"}, dev...), "UNKNOWN: how s3://acme-tf-backend/development is encrypted is not known: HeadObject was refused")

	// The spec has the alias alone: another environment's key is noticed all the same.
	w.EditSpec("    kms_key_arn = \""+key+"\"\n", "")
	if _, err := w.KMS.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/acme-tf-state-development"), TargetKeyId: &key}); err != nil {
		t.Fatal(err)
	}
	allow(`{"Effect":"Deny","Action":"kms:DescribeKey","Resource":"*"}`)
	const unread = "which key alias/acme-tf-state-development is may not be asked: AccessDeniedException"
	w.run(1, append([]string{"verify"}, dev...), unread, "write kms_key_arn into the spec's environment development")
	w.run(1, append([]string{"grants"}, dev...), unread)
	w.run(0, append([]string{"status"}, dev...), "not known: development: the environment's key: "+unread)
	guard := append([]string{"status", "--guard"}, dev...)
	t.Setenv(state.KeyVariable, key)
	w.run(1, guard, "?   development  infra: the environment's key is not known: "+unread)
	allow(`{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`)
	w.run(0, append([]string{"verify", "--principal-profile", "development=dev"}, dev...))
	other, err := w.KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(state.KeyVariable, *other.KeyMetadata.Arn)
	w.run(1, append([]string{"verify"}, dev...), "STATE_KMS_KEY_ID names another key than the one behind alias/acme-tf-state-development", "export STATE_KMS_KEY_ID="+key)
	w.run(2, guard, "the spec says SSE-KMS under "+key)
	os.Unsetenv(state.KeyVariable)

	w.EditSpec("bucket    = \"acme-tf-backend\"", "bucket    = \"acme-no-bucket\"")
	all("there is no bucket acme-no-bucket", "apply modules/state-backend")
	w.EditSpec("    kms_key_arn = \""+w.Keys["production"]+"\"\n", "")
	w.EditSpec("bucket    = \"acme-no-bucket\"", "bucket    = \"acme-tf-backend\"\n  region    = \"eu-west-1\"")
	w.run(0, append([]string{"status"}, dev...), "not known: development: other workspaces: bucket acme-tf-backend is not in eu-west-1", "aws s3api get-bucket-location")
	w.EditSpec("\n  region    = \"eu-west-1\"", "")

	// Without credentials nothing was asked.
	os.Unsetenv("AWS_ACCESS_KEY_ID")
	os.Unsetenv("AWS_SECRET_ACCESS_KEY")
	for _, verb := range []string{"status", "verify", "grants", "rekey"} {
		w.run(1, append([]string{verb}, dev...), "aws-credentials", "strongroom credentials explain")
	}
	w.run(1, guard, "?   development  infra: the environment's key is not known: there are no AWS credentials")
}
