package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// The example of docs/state-secrets.md, applied by the real engine and provider as a
// pipeline would: from TF_VAR_ variables, with the state under the environment's key.
func TestSecretsThroughEncryptedState(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel()
	b := enginetest.First(t)
	w := statetest.New(t, "")
	key := w.Keys["development"]
	e, target := w.Environment("development"), w.Target("development")
	sinkKey := newSinkKey(t, w)
	dir := target.Stack.Dir
	if err := os.CopyFS(dir, os.DirFS("../../../examples/alert-sink-secrets")); err != nil {
		t.Fatal(err)
	}
	block, err := state.Block(w.Room, e, e.Stacks[0], key, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.Write(filepath.Join(dir, backend.FileName), block.Text()); err != nil {
		t.Fatal(err)
	}
	first := map[string]string{"ntfy_topic": "room-9fX2", "ntfy_token": "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2", "pushover_token": "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "pushover_user": "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"}
	run := newRun(t, w, b, dir, sinkKey)
	said := run(first, "init", "-input=false", "-no-color") + run(first, "apply", "-input=false", "-auto-approve", "-no-color")

	// The parameters are there, and the state is under the environment's key.
	parameters := ssm.NewFromConfig(w.Principals["development"])
	read := func(name string) string {
		out, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/foundations/alert-sink/" + name), WithDecryption: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.Parameter.Value)
	}
	for name, value := range first {
		if read(strings.ReplaceAll(name, "_", "-")) != value {
			t.Errorf("parameter %s is not what the pipeline has", name)
		}
	}
	under := func() {
		t.Helper()
		head, err := w.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development")})
		if err != nil || head.ServerSideEncryption != "aws:kms" || aws.ToString(head.SSEKMSKeyId) != key {
			t.Fatalf("the state: %+v, %v", head, err)
		}
	}
	under()
	k := &Checker{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, w.Owner)}, Placeholders: true}
	report, err := k.Check(t.Context(), e, target)
	if err != nil || !report.AsSpec || len(report.Placeholders) != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	values := 0
	for _, f := range report.Findings {
		if f.Path == "value" && slices.Contains(f.Rules, BySchema) {
			values++
		}
	}
	if values != 4 {
		t.Errorf("the four secrets in the state are not found: %+v", report.Findings)
	}
	// Who may read the bucket, and not decrypt, reads nothing.
	_, err = s3.NewFromConfig(w.Reader).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development")})
	if statestore.Code(err) != "AccessDenied" || !strings.Contains(err.Error(), "kms:Decrypt") {
		t.Errorf("a reader without kms:Decrypt: %v", err)
	}

	// Rotation is an apply: a new version in SSM, and again a state under the key.
	second := maps.Clone(first)
	second["ntfy_token"] = "tk_bZ83kQxW1mVpL6tYc9RgHs2nDf7Ju"
	said += run(second, "apply", "-input=false", "-auto-approve", "-no-color")
	if read("ntfy-token") != second["ntfy_token"] || read("pushover-user") != first["pushover_user"] {
		t.Error("the rotated secret is not in SSM, or another one changed")
	}
	under()
	raw, err := k.Places.Bucket.Store(target, "").Read(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Outputs struct {
			Versions struct{ Value map[string]int }
		}
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		t.Fatal("the state cannot be decoded") // and its text is not for a log
	}
	if v := kept.Outputs.Versions.Value; v["/foundations/alert-sink/ntfy-token"] != 2 || v["/foundations/alert-sink/pushover-user"] != 1 {
		t.Errorf("versions: %v", v)
	}
	for _, values := range []map[string]string{first, second} {
		for name, value := range values {
			if strings.Contains(said, value) {
				t.Errorf("the engine showed %s", name)
			}
			if text, err := json.Marshal(report); err != nil || bytes.Contains(text, []byte(value)) {
				t.Errorf("the report shows %s, %v", name, err)
			}
		}
	}

	// What the provider's real schema says is what is built in. It is asked beside the
	// stack: its state is neither read nor locked for it.
	if !Prepared(dir) {
		t.Fatal("the stack is not prepared")
	}
	plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
	if err != nil {
		t.Fatal(err)
	}
	told, err := Ask(t.Context(), b, dir, engine.Environ(os.Environ(), plugins.Set, plugins.Unset))
	if err != nil {
		t.Fatal(err)
	}
	known, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	have, want := known.providers["hashicorp/aws"], told.providers["hashicorp/aws"]
	if have.source.Version == want.source.Version {
		if d := cmp.Diff(want.sensitive, have.sensitive); d != "" {
			t.Errorf("schema_aws.json is not what the provider says: -want +got:\n%s", d)
		}
	} else {
		t.Logf("built in is version %s, here is %s: not compared", have.source.Version, want.source.Version)
	}
	if want.source.From != "engine" || len(want.sensitive) < 100 {
		t.Errorf("from %s: %d types", want.source.From, len(want.sensitive))
	}
}

func TestAskRefusesWhatIsNotPrepared(t *testing.T) {
	if _, err := Ask(context.Background(), engine.Binary{}, t.TempDir(), nil); !errors.Is(err, ErrNotPrepared) {
		t.Errorf("got %v", err)
	}
}

// newSinkKey makes the alert sink's key in the environment's account, and lets its
// principal manage parameters there.
func newSinkKey(t *testing.T, w *statetest.World) string {
	t.Helper()
	account := strings.Split(w.User("development"), ":")[4]
	root, err := w.Sandbox.RootCredentials(account)
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.Sandbox.Config(root)
	key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn := aws.ToString(key.KeyMetadata.Arn)
	_, err = iam.NewFromConfig(cfg).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("terraform"), PolicyName: aws.String("parameters"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ssm:*","Resource":"*"},{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey"],"Resource":"` + arn + `"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

// newRun returns what runs the engine in dir as the environment's principal, with
// variables as a pipeline passes them.
func newRun(t *testing.T, w *statetest.World, b engine.Binary, dir, sinkKey string) func(variables map[string]string, args ...string) string {
	t.Helper()
	plugins, err := engine.Equip(t.Context(), b, engine.Outfit{PreferLocal: true})
	if err != nil {
		t.Fatal(err)
	}
	me := w.Access["development"]
	set := append(slices.Clone(plugins.Set), w.Sandbox.Env()...)
	set = append(set, "AWS_ACCESS_KEY_ID="+me.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+me.SecretAccessKey, "AWS_SESSION_TOKEN=", "AWS_REGION="+statetest.Region, "CHECKPOINT_DISABLE=1")
	environ := engine.Environ(os.Environ(), set, append(slices.Clone(plugins.Unset), w.Sandbox.EnvUnset()...))
	return func(variables map[string]string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), b.Path, args...)
		cmd.WaitDelay = 30 * time.Second // a provider that outlives its engine holds the output
		cmd.Dir = dir
		cmd.Env = append(slices.Clone(environ), "TF_VAR_name=foundations", "TF_VAR_kms_key_arn="+sinkKey)
		for name, value := range variables {
			cmd.Env = append(cmd.Env, "TF_VAR_"+name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", b, args[0], err, out)
		}
		return string(out)
	}
}
