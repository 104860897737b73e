package s3_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// Which copies of an object onto itself are legal. Source: S3 API_CopyObject; localstack's
// recordings of AWS (test_s3_copy_object_in_place...): a header that repeats what is there
// counts, ACLs and checksum algorithms do not; versity/versitygw pull request 2418.
func TestCopyOntoItself(t *testing.T) {
	w := start(t, sandbox.Options{})
	arn := w.key()
	w.versioned("room")
	b, k := aws.String("room"), aws.String("k")
	version := func() *string {
		head, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: k})
		w.must(err)
		return head.VersionId
	}
	for _, tc := range []struct {
		name string
		kms  bool // the source's encryption
		def  bool // the bucket has a default of its own
		in   s3.CopyObjectInput
		want string
	}{
		{name: "nothing", want: "InvalidRequest"},
		{name: "metadata copied", in: s3.CopyObjectInput{MetadataDirective: types.MetadataDirectiveCopy}, want: "InvalidRequest"},
		{name: "metadata replaced", in: s3.CopyObjectInput{MetadataDirective: types.MetadataDirectiveReplace}},
		{name: "metadata without the directive", in: s3.CopyObjectInput{Metadata: map[string]string{"a": "b"}}, want: "InvalidRequest"},
		{name: "tags replaced", in: s3.CopyObjectInput{TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String("a=b")}, want: "InvalidRequest"},
		{name: "the same storage class", in: s3.CopyObjectInput{StorageClass: types.StorageClassStandard}},
		{name: "the same encryption", in: s3.CopyObjectInput{ServerSideEncryption: "AES256"}},
		{name: "a key", in: s3.CopyObjectInput{ServerSideEncryption: "aws:kms", SSEKMSKeyId: &arn}},
		{name: "checksum", in: s3.CopyObjectInput{ChecksumAlgorithm: types.ChecksumAlgorithmSha1}, want: "InvalidRequest"},
		{name: "the latest version by its ID", in: s3.CopyObjectInput{CopySource: aws.String("by version")}},
		{name: "from a key to the default", kms: true},
		{name: "the bucket's own default", def: true},
	} {
		if tc.def {
			_, err := w.root.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}}}}})
			w.must(err)
		}
		in := putInput("room", "k", "v")
		if tc.kms {
			in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &arn
		}
		put, err := w.root.PutObject(ctx, in)
		w.must(err)
		tc.in.Bucket, tc.in.Key = b, k
		if tc.in.CopySource == nil {
			tc.in.CopySource = aws.String("room/k")
		} else {
			tc.in.CopySource = aws.String("room/k?versionId=" + *put.VersionId)
		}
		out, err := w.root.CopyObject(ctx, &tc.in)
		if code(err) != tc.want {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
		if err == nil && (*out.CopySourceVersionId != *put.VersionId || *out.VersionId == *put.VersionId || *version() != *out.VersionId) {
			t.Errorf("%s: got the versions %s from %s", tc.name, *out.VersionId, *out.CopySourceVersionId)
		}
	}
}

// A null version has no ID that the answer could tell. Source: localstack's recordings of AWS.
func TestCopyOfNullVersion(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	in := &s3.CopyObjectInput{Bucket: aws.String("room"), Key: aws.String("k"), CopySource: aws.String("room/k"), MetadataDirective: types.MetadataDirectiveReplace}
	for _, status := range []types.BucketVersioningStatus{types.BucketVersioningStatusSuspended, types.BucketVersioningStatusEnabled} {
		w.versioning("room", status)
		out, err := w.root.CopyObject(ctx, in)
		w.must(err)
		if out.CopySourceVersionId != nil || (*out.VersionId == "null") != (status == types.BucketVersioningStatusSuspended) {
			t.Errorf("%s: got %v from %v", status, *out.VersionId, out.CopySourceVersionId)
		}
	}
}
