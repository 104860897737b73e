package s3_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// An object too large for one copy is copied part by part, from one version of it and no
// other, to under a key.
// Source: S3 API_UploadPartCopy: versions, ranges, the x-amz-copy-source-if headers and the
// headers of the answer.
func TestPartsCopiedFromAVersion(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	b, k := aws.String("room"), aws.String("k")
	whole := bytes.Repeat([]byte("0123456789abcdef"), 6<<20/16)
	first, err := w.root.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: bytes.NewReader(whole), Metadata: map[string]string{"a": "b"}})
	w.must(err)
	w.put("room", "k", "another version")
	arn := w.key()
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k, ServerSideEncryption: "aws:kms", SSEKMSKeyId: &arn, BucketKeyEnabled: aws.Bool(true)})
	w.must(err)
	part := func(n int32, span, source string, match *string) (*s3.UploadPartCopyOutput, error) {
		return w.root.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: &n,
			CopySource: &source, CopySourceRange: &span, CopySourceIfMatch: match})
	}
	const head, tail = "bytes=0-5242879", "bytes=5242880-6291455"
	version := "room/k?versionId=" + *first.VersionId
	for source, want := range map[string]string{
		"room/k": "PreconditionFailed", // the latest version is another one
		"room/k?versionId=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "NoSuchVersion",
		"room/none": "NoSuchKey",
	} {
		_, err := part(1, head, source, first.ETag)
		if code(err) != want {
			t.Errorf("%s: got %v, want %s", source, err, want)
		}
	}
	_, err = part(1, head, version, aws.String("0"))
	w.wantCode(err, "PreconditionFailed")
	var done []types.CompletedPart
	for i, span := range []string{head, tail} {
		n := int32(i + 1)
		out, err := part(n, span, version, first.ETag)
		w.must(err)
		if aws.ToString(out.CopySourceVersionId) != *first.VersionId || out.ServerSideEncryption != "aws:kms" || *out.SSEKMSKeyId != arn || !*out.BucketKeyEnabled || out.CopyPartResult.LastModified == nil {
			t.Errorf("part %d: got %+v", n, out)
		}
		done = append(done, types.CompletedPart{PartNumber: &n, ETag: out.CopyPartResult.ETag})
	}
	made, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	w.must(err)
	got, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: made.VersionId})
	w.must(err)
	body, err := io.ReadAll(got.Body)
	w.must(err)
	if !bytes.Equal(body, whole) || *got.SSEKMSKeyId != arn || got.Metadata["a"] != "" {
		t.Errorf("got %d bytes under %s with %v, want %d and none of the source's metadata", len(body), *got.SSEKMSKeyId, got.Metadata, len(whole))
	}
}

// A copy has the source's checksum algorithm, or the one that is asked for, over the whole
// object, however the source was put.
// Source: S3 API_CopyObject, x-amz-checksum-algorithm; S3 User Guide
// checking-object-integrity-upload, "full object" and copies of multipart objects;
// localstack's recordings of AWS (test_s3_copy_object_with_default_checksum).
func TestChecksumsOfCopies(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b := aws.String("room")
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("parts"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	w.must(err)
	part, err := w.root.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("v")), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	w.must(err)
	whole, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256}}}})
	w.must(err)
	if whole.ChecksumType != types.ChecksumTypeComposite {
		t.Fatalf("the source's checksum is %s", whole.ChecksumType)
	}
	in := putInput("room", "plain", "v")
	in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256
	plain, err := w.root.PutObject(ctx, in)
	w.must(err)
	for _, from := range []string{"parts", "plain"} {
		out, err := w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/" + from)})
		w.must(err)
		if r := out.CopyObjectResult; aws.ToString(r.ChecksumSHA256) != *plain.ChecksumSHA256 || r.ChecksumType != types.ChecksumTypeFullObject || *r.ETag != *plain.ETag {
			t.Errorf("a copy of %s: got %+v, want the whole object's %s", from, r, *plain.ChecksumSHA256)
		}
		out, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/" + from), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme})
		w.must(err)
		if r := out.CopyObjectResult; r.ChecksumCRC64NVME == nil || r.ChecksumSHA256 != nil {
			t.Errorf("a copy of %s with another algorithm: got %+v", from, r)
		}
	}
}
