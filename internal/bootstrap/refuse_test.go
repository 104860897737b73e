package bootstrap_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// edit changes a file of the room, and returns how to change it back.
func (w *world) edit(name, from, to string) (undo func()) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	before := read(w.t, path)
	after := strings.Replace(string(before), from, to, 1)
	if after == string(before) {
		w.t.Fatalf("%s has no %q", name, from)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(path, before, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
}

// stranger is the root of another account in the same sandbox.
func (w *world) stranger() aws.Config {
	w.t.Helper()
	client, err := sandbox.Dial(w.get(sandbox.ControlVariable))
	if err != nil {
		w.t.Fatal(err)
	}
	env, err := client.Environment(context.Background(), "999988887777")
	if err != nil {
		w.t.Fatal(err)
	}
	set := map[string]string{}
	for _, v := range env.Set {
		set[v.Name] = v.Value
	}
	return w.configOf(set["AWS_ACCESS_KEY_ID"], set["AWS_SECRET_ACCESS_KEY"])
}

// What must be refused before anything is changed, and how it is said.
func TestRefused(t *testing.T) {
	engineNeeded(t)
	t.Parallel()
	w := newWorld(t, enginetest.Chosen(t)[0])
	ctx := context.Background()
	c := s3.NewFromConfig(w.config(), func(o *s3.Options) { o.UsePathStyle = true })

	undo := w.edit(room.SpecFile, "111122223333", "888877776666")
	w.refused(2, "these credentials are of account 111122223333; the room is in account 888877776666")
	undo()
	undo = w.edit("src/providers.tf", "region ", "profile = \"mine\"\n  region ")
	w.refused(2, "profile")
	undo()
	w.refused(1, "these credentials are not accepted: InvalidClientTokenId", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE")
	w.refused(2, "the plan was declined", "STRONGROOM_TEST_ANSWER=no")

	other := s3.NewFromConfig(w.stranger(), func(o *s3.Options) { o.UsePathStyle = true })
	create := &s3.CreateBucketInput{Bucket: aws.String("kill-test-state"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}
	if _, err := other.CreateBucket(ctx, create); err != nil {
		t.Fatal(err)
	}
	w.refused(2, `bucket name "kill-test-state" is taken, and not by account 111122223333`)
	if _, err := other.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: create.Bucket}); err != nil {
		t.Fatal(err)
	}

	// From here on there is a bucket that no bootstrap made.
	bucket := aws.String("kill-test-state")
	if _, err := c.CreateBucket(ctx, create); err != nil {
		t.Fatal(err)
	}
	w.refused(2, `aws_s3_bucket "kill-test-state" is already in account 111122223333, and not of this room`)
	if _, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}}); err != nil {
		t.Fatal(err)
	}
	put := func(key, body string) {
		t.Helper()
		if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	drop := func(key string) {
		t.Helper()
		if _, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(key)}); err != nil {
			t.Fatal(err)
		}
	}
	lock := "bootstrap/terraform.tfstate.tflock"
	put(lock, `{"ID":"1-2-3","Operation":"OperationTypeApply","Who":"eve@elsewhere","Created":"2026-01-02T03:04:05Z"}`)
	w.refused(1, "the state is locked by eve@elsewhere")
	drop(lock)
	state := "bootstrap/terraform.tfstate"
	put(state, `{"version":4,"serial":3,"lineage":"l","resources":[{"sec`)
	w.refused(1, "the state in the bucket cannot be read: not a whole state")
	drop(state)
	w.refused(2, "was deleted, and there is none here either")

	undo = w.edit(room.SpecFile, `region  = "eu-west-2"`, `region  = "eu-west-1"`)
	w.refused(2, "exists, but not in eu-west-1")
	undo()
	if !missing(w.stack("terraform.tfstate")) {
		t.Error("a refused bootstrap left a state")
	}
}
