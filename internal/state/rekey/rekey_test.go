package rekey_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

func TestRekey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.put("dev", 1, "")
	old := w.put("dev", 2, w.old)
	w.put("dev", 3, "")
	w.put("env:/blue/dev", 9, "")
	w.put("prod", 7, w.prod) // done already
	w.put("other", 1, "")    // nobody's
	before := w.versions("dev")

	o, err := w.job().options(w.cfg)
	w.ok(err)
	p, err := rekey.NewPlan(t.Context(), o)
	w.ok(err)
	got := []string{}
	for _, e := range p.Environments {
		for _, s := range e.States {
			got = append(got, s.Environment+" "+s.Key+" "+s.Workspace+" "+s.Action+" "+s.Now.Algorithm+" to "+s.Then.KeyARN)
		}
	}
	want := []string{
		"dev dev default copy AES256 to " + w.dev, "dev env:/blue/dev blue copy AES256 to " + w.dev, "dev dev-bootstrap default absent  to " + w.dev,
		"prod prod default keep aws:kms to " + w.prod,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the plan, -want +got:\n%s", d)
	}
	if s := p.Environments[0].States[0]; s.Versions != 2 || s.Outdated != -1 {
		t.Errorf("%+v: two older versions, nobody looked at them", s)
	}
	if d := cmp.Diff(before, w.versions("dev")); d != "" {
		t.Errorf("a plan changed something:\n%s", d)
	}

	r, err := p.Run(t.Context())
	w.ok(err)
	w.is("dev", 3, "aws:kms", w.dev)
	w.is("env:/blue/dev", 9, "aws:kms", w.dev)
	w.is("prod", 7, "aws:kms", w.prod)
	w.is("other", 1, "AES256", "")
	w.kept("dev", before)
	w.quiet("dev", "env:/blue/dev", "prod")
	if s := r.Environments[0].States[0]; !s.Done || s.Serial != 3 || s.Lineage != "0f0e0d0c" || s.Version == old || s.Version == "" {
		t.Errorf("%+v", s)
	}
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.bucket, Key: aws.String("dev")})
	w.ok(err)
	if aws.ToString(head.ContentType) != "application/json" || head.Metadata["engine"] != "terraform" || aws.ToString(head.CacheControl) != "no-store" {
		t.Errorf("what goes with the object was lost: %v %v %v", aws.ToString(head.ContentType), head.Metadata, aws.ToString(head.CacheControl))
	}
	w.tagged("dev")
	lock, err := w.store("dev.tflock").Versions(t.Context())
	w.ok(err)
	for _, v := range lock {
		if v.Deleted {
			continue
		}
		info, err := w.store("dev.tflock").HeadVersion(t.Context(), v.ID)
		w.ok(err)
		if info.Encryption.KeyARN != w.dev {
			t.Errorf("the lock file was under %+v", info.Encryption)
		}
	}
	// Once more: all is proven, and nothing written.
	all := w.versions("dev")
	w.run(w.job())
	if d := cmp.Diff(all, w.versions("dev")); d != "" {
		t.Errorf("a second run wrote something:\n%s", d)
	}
}

func (w *world) tagged(key string) {
	w.t.Helper()
	tags, err := w.s3.GetObjectTagging(context.Background(), &s3.GetObjectTaggingInput{Bucket: &w.bucket, Key: &key})
	w.ok(err)
	got := map[string]string{}
	for _, tag := range tags.TagSet {
		got[*tag.Key] = *tag.Value
	}
	if d := cmp.Diff(map[string]string{"team": "infra", "cost": "1 2"}, got); d != "" {
		w.t.Errorf("tags, -want +got:\n%s", d)
	}
}

// Old versions, and those of lock files, are changed in place: same ID, same bytes.
func TestAllVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, environments{{"dev", []string{"dev"}}})
	w.put("dev", 1, "")
	w.put("dev", 2, w.old)
	w.putText("dev.tflock", []byte(`{"ID":"gone"}`), w.old)
	_, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &w.bucket, Key: aws.String("dev.tflock")})
	w.ok(err)
	w.put("dev", 3, w.dev)
	before := w.versions("dev")
	j := w.job()
	j.AllVersions, j.CountNeeds = true, true
	r := w.run(j)
	if s := r.Environments[0].States[0]; s.Outdated != 3 || s.Updated != 3 || s.Action != rekey.Keep {
		t.Errorf("%+v: wants three versions updated", s)
	}
	if len(r.Needs) != 0 {
		t.Errorf("%+v is still needed", r.Needs)
	}
	if d := cmp.Diff(before, w.versions("dev")); d != "" {
		t.Errorf("versions came or changed:\n%s", d)
	}
	for _, key := range []string{"dev", "dev.tflock"} {
		list, err := w.store(key).Versions(t.Context())
		w.ok(err)
		for _, v := range list {
			if v.Deleted {
				continue
			}
			if info, err := w.store(key).HeadVersion(t.Context(), v.ID); err != nil || info.Encryption.KeyARN != w.dev {
				t.Errorf("version %s of %s: %+v, %v", v.ID, key, info, err)
			}
		}
	}
	j.To = &rekey.Goal{Algorithm: rekey.SSES3}
	w.refused(j, "state-rekey-versions")
}

// What is too large for one request is copied part by part, and loses nothing.
func TestCopyInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, environments{{"dev", []string{"dev"}}})
	text := largeState(11 << 20)
	w.putText("dev", text, "")
	j := w.job()
	j.Limits = rekey.Limits{Copy: 6 << 20, Part: 5 << 20}
	w.run(j)
	w.is("dev", 4, "aws:kms", w.dev)
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.bucket, Key: aws.String("dev"), PartNumber: aws.Int32(1)})
	w.ok(err)
	if aws.ToInt32(head.PartsCount) != 3 || aws.ToString(head.ContentType) != "application/json" || head.Metadata["engine"] != "terraform" || aws.ToString(head.CacheControl) != "no-store" {
		t.Errorf("%d parts, %v %v %v", aws.ToInt32(head.PartsCount), aws.ToString(head.ContentType), head.Metadata, aws.ToString(head.CacheControl))
	}
	w.tagged("dev")
	if raw, err := w.store("dev").Read(t.Context(), ""); err != nil || string(raw) != string(text) {
		t.Errorf("%d bytes, %v: not what was copied", len(raw), err)
	}
	w.quiet("dev")
}

// largeState is a state of serial 4 with much space in it, which is cheap to read.
func largeState(space int) []byte {
	text := stateText(4, "dev")
	return slices.Concat(text[:1], bytes.Repeat([]byte{' '}, space), text[1:])
}

// A Bucket Key changes the encryption context, so an object without one is not yet as
// the bucket has it.
func TestBucketKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, environments{{"dev", []string{"dev"}}})
	w.put("dev", 1, w.dev)
	_, err := w.s3.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{Bucket: &w.bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}}},
	}})
	w.ok(err)
	j := w.job()
	j.AllVersions = true
	w.run(j)
	for id := range w.versions("dev") {
		info, err := w.store("dev").HeadVersion(t.Context(), id)
		w.ok(err)
		if want := (statestore.Encryption{Algorithm: "aws:kms", KeyARN: w.dev, BucketKey: true}); info.Encryption != want {
			t.Errorf("version %s: %+v, want %+v", id, info.Encryption, want)
		}
	}
}

// A storage class that a copy does not name would become another one.
func TestStorageClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, environments{{"dev", []string{"dev"}}})
	w.put("dev", 1, "")
	_, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &w.bucket, Key: aws.String("dev"), CopySource: aws.String(w.bucket + "/dev"), StorageClass: types.StorageClassStandardIa})
	w.ok(err)
	w.run(w.job())
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.bucket, Key: aws.String("dev")})
	w.ok(err)
	if head.StorageClass != types.StorageClassStandardIa {
		t.Errorf("the storage class is now %q", head.StorageClass)
	}
}
