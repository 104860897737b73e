package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// tap reads the element Condition out of error documents, which the SDK drops.
type tap struct {
	s3.HTTPClient
	failed *string
}

var conditionElement = regexp.MustCompile(`<Condition>(.*)</Condition>`)

func (t tap) Do(r *http.Request) (*http.Response, error) {
	res, err := t.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if m := conditionElement.FindSubmatch(body); m != nil {
		*t.failed = string(m[1])
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// Source: S3 API_CopyObject, the x-amz-copy-source-if headers and their pairs.
func TestCopyConditions(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	etag := w.put("room", "from", "v").ETag
	past, future := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	for _, tc := range []struct {
		name string
		in   s3.CopyObjectInput
		want string // the failed condition, empty for none
	}{
		{"match", s3.CopyObjectInput{CopySourceIfMatch: etag}, ""},
		{"no match", s3.CopyObjectInput{CopySourceIfMatch: aws.String("x")}, "x-amz-copy-source-If-Match"},
		{"none match", s3.CopyObjectInput{CopySourceIfNoneMatch: etag}, "x-amz-copy-source-If-None-Match"},
		{"unmodified since", s3.CopyObjectInput{CopySourceIfUnmodifiedSince: past}, "x-amz-copy-source-If-Unmodified-Since"},
		{"modified since", s3.CopyObjectInput{CopySourceIfModifiedSince: future}, "x-amz-copy-source-If-Modified-Since"},
		{"match outweighs unmodified", s3.CopyObjectInput{CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: past}, ""},
		{"none match outweighs modified", s3.CopyObjectInput{CopySourceIfNoneMatch: etag, CopySourceIfModifiedSince: past}, "x-amz-copy-source-If-None-Match"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.Bucket, tc.in.Key, tc.in.CopySource = aws.String("room"), aws.String("to"), aws.String("room/from")
			var failed string
			_, err := w.root.CopyObject(ctx, &tc.in, func(o *s3.Options) { o.HTTPClient = tap{o.HTTPClient, &failed} })
			if want := map[bool]string{true: "", false: "PreconditionFailed"}[tc.want == ""]; code(err) != want {
				t.Fatalf("got %v, want %q", err, want)
			}
			if failed != tc.want {
				t.Errorf("got the condition %q, want %q", failed, tc.want)
			}
		})
	}
	// The destination's conditions are PutObject's.
	_, err := w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("room"), Key: aws.String("to"), CopySource: aws.String("room/from"), IfNoneMatch: aws.String("*")})
	w.wantCode(err, "PreconditionFailed")
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("room"), Key: aws.String("to"), CopySource: aws.String("room/from"), IfMatch: etag})
	w.must(err)
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("room"), Key: aws.String("new"), CopySource: aws.String("room/from"), IfNoneMatch: aws.String("*")})
	w.must(err)
}

// If-Match needs the right to read; the writes take no other values than these.
//
// Source: S3 User Guide conditional-writes.
func TestWriteConditions(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	etag := w.put("room", "k", "v").ETag
	put := func(c *s3.Client, match, none *string) error {
		in := putInput("room", "k", "v")
		in.IfMatch, in.IfNoneMatch = match, none
		_, err := c.PutObject(ctx, in)
		return err
	}
	writer := w.user("writer", allow(`"s3:PutObject"`, `"*"`))
	w.must(put(writer, nil, nil))
	w.wantCode(put(writer, nil, aws.String("*")), "PreconditionFailed")
	w.wantCode(put(writer, etag, nil), "AccessDenied")
	w.must(put(w.root, etag, nil))
	w.wantCode(put(w.root, aws.String("*"), nil), "NotImplemented")
	w.wantCode(put(w.root, etag, aws.String("*")), "NotImplemented")
	w.wantCode(put(w.root, nil, etag), "NotImplemented")
}

// Observed on AWS: what happened to the key during the upload is a conflict,
// unless the condition fails anyway.
func TestMultipartConflicts(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("plain")
	w.versioned("versioned")
	for _, bucket := range []string{"plain", "versioned"} {
		b, k := aws.String(bucket), aws.String("k")
		put := func() *string { return w.put(bucket, "k", "v").ETag }
		del := func() {
			_, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
			w.must(err)
		}
		begin := func() func(match, none *string) string {
			up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
			w.must(err)
			part, err := w.root.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
			w.must(err)
			return func(match, none *string) string {
				_, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId, IfMatch: match, IfNoneMatch: none,
					MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
				return code(err)
			}
		}
		want := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %s: got %q, want %q", bucket, what, got, want)
			}
		}
		star := aws.String("*")
		put()
		complete := begin()
		want("there", complete(nil, star), "PreconditionFailed")
		del()
		want("deleted meanwhile", complete(nil, star), "ConditionalRequestConflict")
		want("begun again", begin()(nil, star), "")
		put()
		complete = begin()
		want("another ETag", complete(aws.String("x"), nil), "PreconditionFailed")
		etag := put()
		want("put meanwhile", complete(etag, nil), "ConditionalRequestConflict")
		del()
		want("gone", complete(etag, nil), "NoSuchKey")
		etag = put()
		want("back again", complete(etag, nil), "ConditionalRequestConflict")
		want("begun again", begin()(etag, nil), "")
	}
}

// Source: S3 API_UploadPartCopy and API_CompleteMultipartUpload; the wording as
// observed on AWS.
func TestMultipartRefusals(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "from", "0123456789")
	b, k := aws.String("room"), aws.String("k")
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k, ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	w.must(err)
	for span, want := range map[string]string{
		"bytes=0-9": "", "bytes=9-9": "", "bytes=0-10": "size: 10", "bytes=10-11": "invalid for the source object size",
		"bytes=1-": "of the form", "bytes=-1": "of the form", "bytes=1-0": "of the form", "bytes=0-1,3-4": "of the form", "0-1": "of the form",
	} {
		_, err := w.root.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("room/from"), CopySourceRange: &span})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", span, err, want)
		}
	}
	part, err := w.root.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("room/from")})
	w.must(err)
	complete := func(parts ...types.CompletedPart) error {
		_, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}
	w.wantCode(complete(), "InvalidRequest")
	bare := types.CompletedPart{PartNumber: aws.Int32(1), ETag: part.CopyPartResult.ETag}
	if err := complete(bare); code(err) != "InvalidRequest" || !strings.Contains(err.Error(), "missing for part 1") {
		t.Errorf("a part without its checksum: got %v", err)
	}
	bare.ChecksumSHA256 = part.CopyPartResult.ChecksumSHA256
	w.must(complete(bare))
}
