package state_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// encrypting is a room whose states OpenTofu encrypts, in a sandbox with the bucket
// and the key.
func encrypting(t *testing.T) (*sandbox.Sandbox, *room.Room, string) {
	t.Helper()
	const account = "111122223333"
	s, err := sandbox.Start(t.Context(), sandbox.Options{Account: account, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := s.Config(s.Credentials())
	if _, err := s3.NewFromConfig(cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("acme-state")}); err != nil {
		t.Fatal(err)
	}
	key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn := *key.KeyMetadata.Arn
	r, err := room.Parse("strongroom.hcl", []byte(`
name    = "acme"
account = "`+account+`"
region  = "us-east-1"
engine  = "tofu"
forge "github" {
  project = "acme/infra"
}
state {
  bucket            = "acme-state"
  client_encryption = true
  environment "production" {
    principals  = ["arn:aws:iam::222233334444:user/terraform"]
    state_keys  = ["production"]
    kms_key_arn = "`+arn+`"
  }
}
`))
	if err != nil {
		t.Fatal(err)
	}
	return s, r, arn
}

// OpenTofu takes the block, reads through its fallback what was not encrypted, writes
// it encrypted, and without the fallback refuses what is not.
func TestOpenTofuEncrypts(t *testing.T) {
	if testing.Short() {
		t.Skip("runs OpenTofu for some seconds")
	}
	i := -1
	all := enginetest.All(t)
	for n, b := range all {
		if b.Name == "OpenTofu" {
			i = n
		}
	}
	if i < 0 {
		t.Fatal("no OpenTofu: install it, or run: make tofu")
	}
	s, r, arn := encrypting(t)
	environment := state.Environments(r)[0]
	dir := t.TempDir()
	environ := engine.Environ(os.Environ(), append(s.Env(), "AWS_ACCESS_KEY_ID="+s.Credentials().AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.Credentials().SecretAccessKey), s.EnvUnset())
	block := func(key string, fallback bool) {
		t.Helper()
		b, err := state.Block(r, environment, environment.Stacks[0], key, fallback)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "backend.tf"), b.Text(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tofu := func(args ...string) (string, error) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), all[i].Path, args...)
		cmd.Dir, cmd.Env = dir, environ
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := tofu(args...); err != nil {
			t.Fatalf("tofu %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	bucket := state.NewBucket(r, s.Config(s.Credentials()))
	read := func() (*tfstate.Snapshot, []byte) {
		t.Helper()
		raw, err := bucket.Store(state.Target{Environment: "production", Stack: environment.Stacks[0]}, "").Read(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := tfstate.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		return snapshot, raw
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte("resource \"terraform_data\" \"a\" {\n  input = \"in the clear\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	block("", true)
	must("init", "-input=false")
	must("apply", "-auto-approve", "-input=false")
	before, raw := read()
	if before.Encrypted || !bytes.Contains(raw, []byte("in the clear")) {
		t.Fatalf("the state before: %+v", before)
	}
	block(arn, true)
	must("init", "-input=false", "-reconfigure")
	must("apply", "-auto-approve", "-input=false", "-replace=terraform_data.a")
	after, raw := read()
	if !after.Encrypted || after.Lineage != before.Lineage || after.Serial <= before.Serial || bytes.Contains(raw, []byte("in the clear")) {
		t.Errorf("the state after: %+v, before %+v", after, before)
	}
	block(arn, false)
	must("plan", "-input=false", "-detailed-exitcode")
	// What somebody put there without encryption is refused now.
	block("", true)
	must("init", "-input=false", "-reconfigure", "-backend-config=key=plain")
	must("apply", "-auto-approve", "-input=false")
	if _, err := bucket.S3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &r.State.Bucket, Key: aws.String("production"), CopySource: aws.String("acme-state/plain"), ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &arn}); err != nil {
		t.Fatal(err)
	}
	block(arn, false)
	if out, err := tofu("init", "-input=false", "-reconfigure"); err == nil {
		if out, err = tofu("plan", "-input=false"); err == nil {
			t.Errorf("an unencrypted state is read without the fallback:\n%s", out)
		}
	} else if !strings.Contains(out, "encrypt") {
		t.Errorf("refused, but not for its encryption:\n%s", out)
	}
}

func TestBlockOfTheHTTPBackendTakesNoKey(t *testing.T) {
	r := &room.Room{Account: "111122223333", Region: "us-east-1", State: room.State{Backend: "http", Region: "us-east-1", HTTPAddress: "https://gitlab.com/api/v4/projects/1/terraform/state"}}
	e := state.Environment{Name: "a", Stacks: []state.Stack{{Name: "a", Key: "a/terraform.tfstate"}}}
	b, err := state.Block(r, e, e.Stacks[0], "", true)
	if err != nil || b.HTTP.Address != "https://gitlab.com/api/v4/projects/1/terraform/state/a" {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = state.Block(r, e, e.Stacks[0], "arn:aws:kms:us-east-1:111122223333:key/a", true)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "state-key-backend" {
		t.Error(err)
	}
}
