package migrate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// The destination is encrypted as the spec says, state and lock file, or it is not
// proven.
func TestUnderTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("local")
	arn := w.newKey()
	o := w.order("run", "s3")
	o.To.S3.KMSKeyARN, o.To.S3.LockFile = arn, true
	got := w.start(o).wait()
	if got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.log)
	}
	if e := got.result.Workspaces[0].Encryption; e.Algorithm != "aws:kms" || e.KeyARN != arn {
		t.Errorf("%+v", e)
	}
	versions := must(t, w.s3.ListObjectVersions, &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	locks := 0
	for _, v := range versions.Versions {
		head := must(t, w.s3.HeadObject, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: v.Key, VersionId: v.VersionId})
		if aws.ToString(head.SSEKMSKeyId) != arn {
			t.Errorf("%s is not under the key: %s", aws.ToString(v.Key), head.ServerSideEncryption)
		}
		if strings.HasSuffix(aws.ToString(v.Key), ".tflock") {
			locks++
		}
	}
	if locks == 0 {
		t.Error("nobody has locked the destination")
	}
	if raw, err := os.ReadFile(filepath.Join(w.dir, "backend.tf")); err != nil || string(raw) != string(o.To.Text()) {
		t.Errorf("%v\n%s", err, raw)
	}
	w.plansNothing()
	// Back, and there again, under another key: it is there already, as it was, and so
	// the engine writes nothing.
	w.finishes("local")
	o.To.S3.KMSKeyARN = w.newKey()
	w.refused(o, 2, "strongroom state rekey --env development")
	w.nothingLost("local", "s3", nil)
}

// Without lock files the source is tagged.
func TestWithoutLockFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3")
	o := w.order("run", "local")
	o.NoLocking = true
	got := w.start(o).wait()
	if got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.log)
	}
	tags := must(t, w.s3.GetObjectTagging, &s3.GetObjectTaggingInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Key) != "strongroom-moved-to" || aws.ToString(tags.TagSet[0].Value) != "local" {
		t.Errorf("%+v", tags.TagSet)
	}
	versions := must(t, w.s3.ListObjectVersions, &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: aws.String(key + ".tflock")})
	if len(versions.Versions) != 0 {
		t.Error("a lock file was written where none may be")
	}
	o.Verb = "retire"
	if got := w.start(o).wait(); got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.log)
	}
	if s, _ := w.get("s3", "default"); s != nil {
		t.Errorf("it is still there: %+v", s)
	}
}

// What OpenTofu encrypts is compared by OpenTofu, and is on no disk in the clear.
func TestEncryptedByOpenTofu(t *testing.T) {
	t.Parallel()
	for _, b := range enginetest.All(t) {
		if b.Name != engine.OpenTofu {
			continue
		}
		w := newWorld(t, b)
		sealed := backend.Block{Local: &backend.Local{}, Encryption: &backend.Encryption{KMSKeyARN: w.newKey(), Region: "eu-west-2"}}
		w.write("backend.tf", string(sealed.Text()))
		w.write("main.tf", `resource "terraform_data" "b" { input = "hush-${"hush"}" }`)
		for _, args := range [][]string{{"init", "-input=false"}, {"apply", "-auto-approve", "-input=false"}} {
			if out, err := w.engineRuns(args...); err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
		before, _ := w.get("local", "default")
		if before == nil || !before.Encrypted {
			t.Fatalf("%+v is not encrypted", before)
		}
		o := w.order("run", "s3")
		o.KillAt = "step verify" // on the way, to go on with it
		if !w.ended(w.start(o)) {
			t.Fatal("it was not killed")
		}
		w.finishes("s3")
		got, raw := w.get("s3", "default")
		if got == nil || !got.Encrypted || got.Lineage != before.Lineage || got.Serial < before.Serial {
			t.Errorf("S3 has %+v, want %+v", got, before)
		}
		w.plansNothing()
		for name, text := range w.everything() {
			if strings.Contains(text, "hush-hush") {
				t.Errorf("%s holds the state in the clear", name)
			}
		}
		if strings.Contains(string(raw), "hush-hush") {
			t.Error("S3 holds the state in the clear")
		}
	}
}

// everything is all files of the stack and of the journals, by path.
func (w *world) everything() map[string]string {
	all := map[string]string{}
	for _, dir := range []string{w.dir, w.home} {
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if raw, err := os.ReadFile(path); err == nil {
					all[path] = string(raw)
				}
			}
			return nil
		})
	}
	return all
}

// newKey makes a KMS key.
func (w *world) newKey() string {
	w.t.Helper()
	cfg := w.sandbox.Config(w.sandbox.Credentials())
	cfg.Region = "eu-west-2"
	made, err := kms.NewFromConfig(cfg).CreateKey(w.t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(made.KeyMetadata.Arn)
}

// Turning the encryption on is not a move's.
func TestEncryptionIsNotTurnedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("local")
	o := w.order("run", "s3")
	o.To.Encryption = &backend.Encryption{KMSKeyARN: "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", Region: "eu-west-2"}
	w.refused(o, 1, "the stack has no encryption block")
}

// The destination's key goes half way, and comes back.
func TestKeyGoesHalfWay(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"disabled", "scheduled for deletion"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at("local")
			cfg := w.sandbox.Config(w.sandbox.Credentials())
			cfg.Region = "eu-west-2"
			keys := kms.NewFromConfig(cfg)
			o := w.order("run", "s3")
			o.To.S3.KMSKeyARN = w.newKey()
			id := aws.String(o.To.S3.KMSKeyARN)
			o.StopAt = "step copy"
			c := w.start(o)
			w.stops(c)
			var err error
			if i == 0 {
				_, err = keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: id})
			} else {
				_, err = keys.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: id})
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.goesOn(); got.code != 1 || !strings.Contains(got.log, "KMS.") {
				t.Errorf("exit status %d\n%s", got.code, got.log)
			}
			w.nothingLost("local", "s3", nil)
			if i == 1 {
				_, err = keys.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: id})
			}
			if err == nil {
				_, err = keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: id})
			}
			if err != nil {
				t.Fatal(err)
			}
			o.StopAt = ""
			if got := w.start(o).wait(); got.code != 0 {
				t.Errorf("exit status %d\n%s", got.code, got.log)
			}
			w.nothingLost("s3", "s3", nil)
		})
	}
}
