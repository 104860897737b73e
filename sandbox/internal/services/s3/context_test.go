package s3_test

import (
	"encoding/base64"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// What a request adds to the encryption context is part of it for ever: who may decrypt
// with it alone reads this object and no other.
// Source: S3 API_PutObject, x-amz-server-side-encryption-context.
func TestAddedEncryptionContext(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	arn := w.key()
	put := func(key, context string, bucketKey bool) error {
		in := putInput("room", key, "v")
		in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = "aws:kms", &arn, &bucketKey
		if context != "" {
			in.SSEKMSEncryptionContext = aws.String(base64.StdEncoding.EncodeToString([]byte(context)))
		}
		_, err := w.root.PutObject(ctx, in)
		return err
	}
	w.must(put("with", `{"team":"audit"}`, false))
	w.must(put("with-bucket-key", `{"team":"audit"}`, true))
	w.must(put("other", `{"team":"other"}`, true))
	w.must(put("without", "", true))
	reader := w.user("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*",
		"Condition":{"StringEquals":{"kms:EncryptionContext:team":"audit"}}}]}`)
	for key, want := range map[string]string{"with": "", "with-bucket-key": "", "other": "AccessDenied", "without": "AccessDenied"} {
		if _, err := read(reader, "room", key); code(err) != want {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
	for _, bad := range []string{"team", `{"aws:s3:arn":"x"}`, `{"a":1}`} {
		w.wantCode(put("bad", bad, false), "InvalidArgument")
	}
	in := putInput("room", "bad", "v")
	in.SSEKMSEncryptionContext = aws.String(base64.StdEncoding.EncodeToString([]byte(`{"a":"b"}`)))
	_, err := w.root.PutObject(ctx, in)
	w.wantCode(err, "InvalidArgument")
	if _, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("room"), Key: aws.String("bad")}); code(err) != "NotFound" {
		t.Errorf("a refused object is there: %v", err)
	}
}
