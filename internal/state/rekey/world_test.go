package rekey_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// world is a state bucket with two environments, each with a key of its own.
type world struct {
	t       testing.TB
	box     *sandbox.Sandbox
	cfg     aws.Config
	s3      *s3.Client
	kms     *kms.Client
	bucket  string
	dir     string
	journal string
	// dev and prod are the environments' keys, old is a third one.
	dev, prod, old string
}

var worlds atomic.Int64

// bucketRegion is the region of the sandbox.
var bucketRegion = &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}

// environments are the keys of states, by environment, in the spec's order.
type environments []struct {
	name string
	keys []string
}

var two = environments{{"dev", []string{"dev", "dev-bootstrap"}}, {"prod", []string{"prod"}}}

func newWorld(t testing.TB, envs environments) *world {
	t.Helper()
	b := box(t)
	w := &world{t: t, box: b, cfg: b.Config(b.Credentials())}
	w.s3, w.kms = s3.NewFromConfig(w.cfg), kms.NewFromConfig(w.cfg)
	w.dev, w.prod, w.old = w.key(), w.key(), w.key()
	w.again(envs)
	return w
}

// again makes a new bucket and a new room, for the same keys.
func (w *world) again(envs environments) {
	t := w.t
	t.Helper()
	w.bucket, w.dir = fmt.Sprintf("rekey-state-%d", worlds.Add(1)), t.TempDir()
	w.journal = filepath.Join(w.dir, ".strongroom")
	w.ok(os.Mkdir(w.journal, 0o755))
	_, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.bucket, CreateBucketConfiguration: bucketRegion})
	w.ok(err)
	_, err = w.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &w.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	w.ok(err)
	spec := `
name    = "rekey"
account = "` + sandbox.DefaultAccount + `"
region  = "eu-west-2"
forge "gitlab" {
  project = "acme/infra"
}
state {
  bucket = "` + w.bucket + `"
`
	for i, e := range envs {
		quoted := make([]string, len(e.keys))
		for k, key := range e.keys {
			quoted[k] = fmt.Sprintf("%q", key)
		}
		spec += fmt.Sprintf("  environment %q {\n    principals = [\"arn:aws:iam::%012d:user/terraform\"]\n    kms_key_arn = %q\n    state_keys = [%s]\n  }\n",
			e.name, 222233334444+i, []string{w.dev, w.prod}[i], strings.Join(quoted, ", "))
	}
	w.ok(os.WriteFile(filepath.Join(w.dir, room.SpecFile), []byte(spec+"}\n"), 0o644))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) key() string {
	w.t.Helper()
	out, err := w.kms.CreateKey(context.Background(), &kms.CreateKeyInput{})
	w.ok(err)
	return aws.ToString(out.KeyMetadata.Arn)
}

// stateText is a state of a serial, which holds a secret and what else is asked for.
func stateText(serial uint64, more string) []byte {
	return fmt.Appendf(nil, `{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"0f0e0d0c","outputs":{},"resources":[
	{"mode":"managed","type":"random_password","name":"p%d","instances":[{"attributes":{"id":"none","result":"hush-%s"}}]}]}`, serial, serial, more)
}

// put writes a state, as an engine does: under the key, or as the bucket does.
func (w *world) put(key string, serial uint64, kmsKey string) (version string) {
	w.t.Helper()
	return w.putText(key, stateText(serial, key), kmsKey)
}

func (w *world) putText(key string, text []byte, kmsKey string) (version string) {
	w.t.Helper()
	in := &s3.PutObjectInput{
		Bucket: &w.bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
		Metadata: map[string]string{"engine": "terraform"}, Tagging: aws.String("team=infra&cost=1%202"), CacheControl: aws.String("no-store"),
	}
	if kmsKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &kmsKey
	}
	out, err := w.s3.PutObject(context.Background(), in)
	w.ok(err)
	return aws.ToString(out.VersionId)
}

func (w *world) store(key string) *statestore.S3 {
	return &statestore.S3{Client: w.s3, Bucket: w.bucket, Key: key}
}

func (w *world) job() job { return job{Room: w.dir, Journal: w.journal} }

// run runs a job that has to come to its end.
func (w *world) run(j job) *rekey.Result {
	w.t.Helper()
	r, err := j.run(context.Background(), w.cfg)
	w.ok(err)
	return r
}

// refused runs a job that has to be refused by a rule.
func (w *world) refused(j job, rule string) *diag.Diagnostic {
	w.t.Helper()
	r, err := j.run(context.Background(), w.cfg)
	return wantRule(w.t, err, rule, fmt.Sprintf("%+v", r))
}

func wantRule(t testing.TB, err error, rule, got string) *diag.Diagnostic {
	t.Helper()
	for _, d := range diag.All(err) {
		if d.Rule == rule {
			if d.Why == "" || d.Fix == "" || strings.Contains(d.Error()+d.Why+d.Fix, "hush") {
				t.Errorf("%+v: wants a reason and a fix, and nothing of the state", d)
			}
			return d
		}
	}
	t.Fatalf("want %s, got %v, %s", rule, err, got)
	return nil
}

// is checks a state's current version: its encryption, its serial, that it is whole.
func (w *world) is(key string, serial uint64, algorithm, kmsKey string) *statestore.Info {
	w.t.Helper()
	info, err := w.store(key).Head(context.Background())
	w.ok(err)
	if info == nil {
		w.t.Fatalf("%s is gone", key)
	}
	if info.Encryption.Algorithm != algorithm || info.Encryption.KeyARN != kmsKey {
		w.t.Errorf("%s is under %+v, want %s %s", key, info.Encryption, algorithm, kmsKey)
	}
	if got := w.serial(key); got != serial {
		w.t.Errorf("%s has serial %d, want %d", key, got, serial)
	}
	return info
}

func (w *world) serial(key string) uint64 {
	w.t.Helper()
	raw, err := w.store(key).Read(context.Background(), "")
	w.ok(err)
	s, err := tfstate.Read(raw)
	w.ok(err)
	return s.Serial
}

// quiet checks that nothing was left behind: no lock, no journal, no upload.
func (w *world) quiet(keys ...string) {
	w.t.Helper()
	for _, key := range keys {
		if l, err := w.store(key).Locked(context.Background()); err != nil || l != nil {
			w.t.Errorf("%s is still locked: %+v, %v", key, l, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(w.journal, "*")); len(left) > 0 {
		w.t.Errorf("%v is left", left)
	}
	out, err := w.s3.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &w.bucket})
	w.ok(err)
	if len(out.Uploads) > 0 {
		w.t.Errorf("%d uploads are left", len(out.Uploads))
	}
}

// versions maps the version IDs of a state to the digests of what they hold.
func (w *world) versions(key string) map[string]string {
	w.t.Helper()
	list, err := w.store(key).Versions(context.Background())
	w.ok(err)
	out := map[string]string{}
	for _, v := range list {
		if v.Deleted {
			continue
		}
		raw, err := w.store(key).Read(context.Background(), v.ID)
		if errors.Is(err, statestore.ErrNone) {
			continue
		}
		w.ok(err)
		out[v.ID] = string(raw)
	}
	return out
}

// kept checks that every version that there was is there, byte for byte.
func (w *world) kept(key string, before map[string]string) {
	w.t.Helper()
	after := w.versions(key)
	for id, text := range before {
		if after[id] != text {
			w.t.Errorf("version %s of %s was lost or changed", id, key)
		}
	}
}
