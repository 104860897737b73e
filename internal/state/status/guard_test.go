package status_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/status"
)

// guarded is a stack of the environment development, which nothing was done with yet.
type guarded struct {
	*statetest.World
	as  aws.Config
	dir string
	env map[string]string
}

func newGuarded(t *testing.T) *guarded {
	w := statetest.New(t, "")
	return &guarded{w, w.Owner, filepath.Join(w.Dir, "stacks", "development"), map[string]string{}}
}

// file writes one of the stack's files; without text it goes.
func (g *guarded) file(name, text string) {
	g.Helper()
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		g.Fatal(err)
	}
	if text == "" {
		_ = os.Remove(path)
	} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		g.Fatal(err)
	}
}

func (g *guarded) ask() *status.First {
	g.Helper()
	guard := &status.Guard{Room: g.Room, Bucket: state.NewBucket(g.Room, g.as), Getenv: func(k string) string { return g.env[k] }}
	e := g.Environment("development")
	f, err := guard.Stack(g.Context(), e, e.Stacks[0])
	if err != nil {
		g.Fatal(err)
	}
	return f
}

func (g *guarded) expect(what, as, says string) *status.First {
	g.Helper()
	f := g.ask()
	if f.As != as || !strings.Contains(f.Why+" "+strings.Join(f.Notes, " "), says) || (f.As == "yes") != (f.Why == "") {
		g.Errorf("%s: %+v, want %s with %q", what, f, as, says)
	}
	return f
}

// block is a backend block of the state, with more in it.
func block(key, more string) string {
	return "terraform {\n  backend \"s3\" {\n    bucket = \"" + statetest.Bucket + "\"\n    key = \"" + key + "\"\n    region = \"us-east-1\"\n" + more + "  }\n}\n"
}

func TestGuard(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	own, other := g.Keys["development"], g.Keys["production"]

	// Before there is a stack: the knob decides.
	f := g.expect("no knob", "no", "it would ask for no encryption, and the bucket's default is SSE-S3; the spec says SSE-KMS under "+own)
	if f.By != "strongroom state backend" || !strings.Contains(f.Fix, "set STATE_KMS_KEY_ID to "+own) {
		t.Errorf("%+v", f)
	}
	g.env[state.KeyVariable] = own
	if f := g.expect("the knob", "yes", ""); f.Encryption.KeyARN != own {
		t.Errorf("%+v", f)
	}
	g.env[state.KeyVariable] = other
	g.expect("another environment's key", "no", "cannot encrypt the states of development")
	g.env[state.KeyVariable] = "alias/acme-tf-state-development"
	g.expect("an alias", "no", "alias/acme-tf-state-development")

	// The block that is there decides, whatever the knob says.
	g.env[state.KeyVariable] = own
	g.file("backend.tf", block("development", ""))
	f = g.expect("the block from before", "no", "it would ask for no encryption")
	if f.By != filepath.Join(g.dir, "backend.tf") || !strings.Contains(f.Fix, "strongroom state backend --env development --stack infra --write") {
		t.Errorf("%+v", f)
	}
	g.env = map[string]string{}
	kms := "    encrypt = true\n    kms_key_id = \"" + own + "\"\n"
	g.file("backend.tf", block("development", kms))
	g.expect("the block with the key", "yes", "")
	g.file("backend.tf", block("development", strings.Replace(kms, "true", "false", 1)))
	g.expect("a key that is not sent", "no", "it would ask for no encryption")
	g.file("backend.tf", block("development", "    kms_key_id = \""+own+"\"\n"))
	g.expect("a key without encrypt", "no", "it would ask for no encryption")
	g.file("backend.tf", block("development", "    encrypt = true\n"))
	g.expect("encrypt alone", "no", "it would ask for SSE-S3")
	g.env["AWS_SSE_CUSTOMER_KEY"] = "hush"
	if f := g.expect("a customer's key", "no", "SSE-C"); strings.Contains(f.Why+f.Fix, "hush") {
		t.Errorf("%+v", f)
	}
	g.env = map[string]string{}
	g.file("backend.tf", block("development", strings.ReplaceAll(kms, own, other)))
	g.expect("the block with another key", "no", "it would ask for SSE-KMS under "+other)
	g.file("backend.tf", block("development", strings.ReplaceAll(kms, own, "alias/acme-tf-state-development")))
	g.expect("the block with an alias", "no", "alias/acme-tf-state-development")
	g.file("backend.tf", block("development", "    encrypt = var.encrypt\n"))
	g.expect("an expression", "unknown", "neither true nor false")
	g.file("backend.tf", block("production", kms))
	g.expect("another state's block", "no", "is of another state, production")
	g.file("backend.tf", "terraform {\n  backend \"local\" {}\n}\n")
	g.expect("a file", "no", "it would go to the local backend")
	g.file("backend.tf", "terraform {\n")
	g.expect("no HCL", "no", "")

	// What the block leaves to -backend-config is what the last init was given.
	g.file("backend.tf", "terraform {\n  backend \"s3\" {}\n}\n")
	g.expect("a partial block", "unknown", "no init was run here")
	cached := `{"version":3,"backend":{"type":"s3","config":{"bucket":"` + statetest.Bucket + `","key":"KEY","encrypt":true,"kms_key_id":"` + own + `"},"hash":1}}`
	g.file(".terraform/terraform.tfstate", strings.Replace(cached, "KEY", "development", 1))
	g.expect("a partial block, prepared", "yes", "")
	g.file(".terraform/terraform.tfstate", strings.Replace(cached, "KEY", "staging", 1))
	g.expect("prepared for another state", "no", "is of another state")
	g.file(".terraform/terraform.tfstate", "")
	g.file("backend.tf", "")
	g.file("main.tf", "resource \"terraform_data\" \"a\" {}\n")
	g.expect("no block", "no", "there is no backend block in "+g.dir+" yet")
	g.env[state.KeyVariable] = own
	g.expect("no block, and the knob", "yes", "there is no backend block")
}

// The bucket decides what is not asked for, and what it refuses.
func TestGuardAsksTheBucket(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	own, other := g.Keys["development"], g.Keys["production"]
	g.DefaultEncryption(own, true)
	if f := g.expect("the bucket's default is the key", "yes", ""); !f.Encryption.BucketKey {
		t.Errorf("%+v", f)
	}
	g.DefaultEncryption(own[strings.LastIndexByte(own, '/')+1:], false)
	g.expect("the same by its ID", "yes", "")
	g.DefaultEncryption(other, true)
	g.expect("the bucket's default is another key", "no", "the bucket's default is SSE-KMS under "+other)
	deny := `{"Sid":"DenyUploadWithoutSSEKMS","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + statetest.Bucket + `/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}`
	g.BucketPolicy(deny)
	g.expect("the bucket would refuse it", "no", `the bucket policy would refuse it, by statement "DenyUploadWithoutSSEKMS"`)
	g.DefaultEncryption(own, true)
	g.expect("so it would with the right default", "no", `would refuse it, by statement "DenyUploadWithoutSSEKMS"`)
	g.env[state.KeyVariable] = own
	g.expect("and not with the knob", "yes", "")
	g.BucketPolicy(strings.NewReplacer(`"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}`, `"ArnNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+other+`"}`).Replace(deny))
	g.expect("the bucket wants another key", "no", "would refuse it")
	g.BucketPolicy(strings.NewReplacer(`"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}`, `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`).Replace(deny))
	g.expect("a denial that turns on the address", "yes", "")

	// With no rights at all the block alone is enough, and says what was not looked at.
	g.as = g.Principals["production"]
	g.expect("without rights", "yes", "was not looked at")
	g.env = map[string]string{}
	g.expect("without rights and without the knob", "unknown", "the bucket's default cannot be read")
}

func TestGuardOfClientEncryption(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.EditSpec("\nstate {\n", "\nengine = \"tofu\"\n\nstate {\n  client_encryption = true\n")
	own := g.Keys["development"]
	g.expect("no knob", "no", "OpenTofu would not encrypt it")
	g.env[state.KeyVariable] = own
	if f := g.expect("the knob", "yes", ""); !f.Client {
		t.Errorf("%+v", f)
	}
	g.file("backend.tf", block("development", "    encrypt = true\n    kms_key_id = \""+own+"\"\n"))
	g.expect("a block without encryption", "no", "OpenTofu would not encrypt it")
	g.file("encryption.tf", "terraform {\n  encryption {\n    state {\n      method = method.aes_gcm.a\n    }\n  }\n}\n")
	f := g.expect("with", "yes", "")
	var b bytes.Buffer
	if err := status.GuardTable(&b, []*status.First{f}); err != nil || !strings.Contains(b.String(), "encrypted by OpenTofu before") || !strings.Contains(b.String(), "1 stack: the first write of 1 would") {
		t.Errorf("%s, %v", &b, err)
	}
}
