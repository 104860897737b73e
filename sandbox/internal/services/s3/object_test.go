package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestObjectRoundTrip(t *testing.T) {
	for _, style := range []bool{false, true} {
		t.Run(map[bool]string{false: "virtual host", true: "path"}[style], func(t *testing.T) {
			w := start(t, sandbox.Options{})
			w.bucket("my.dotted.room")
			opt := func(o *s3.Options) { o.UsePathStyle = style }
			for _, key := range []string{"a", "env:/dev/state.tfstate", "a//b", "../up", "ü +%?&=", "x/./y"} {
				in := putInput("my.dotted.room", key, "body of "+key)
				in.Metadata = map[string]string{"owner": "me"}
				in.ContentType = aws.String("application/json")
				if !style {
					// The dots of the bucket's name do not fit the wildcard of a
					// certificate; plain HTTP shows the host's style as well.
					opt = func(o *s3.Options) { o.EndpointOptions.DisableHTTPS = true }
				}
				_, err := w.root.PutObject(ctx, in, opt)
				if err != nil {
					t.Fatalf("%q: %v", key, err)
				}
				out, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: in.Bucket, Key: &key}, opt)
				if err != nil {
					t.Fatalf("%q: %v", key, err)
				}
				body, _ := io.ReadAll(out.Body)
				if string(body) != "body of "+key || out.Metadata["owner"] != "me" || *out.ContentType != "application/json" {
					t.Errorf("%q: got %q %v %q", key, body, out.Metadata, *out.ContentType)
				}
			}
		})
	}
}

func TestHeadAndGetSemantics(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b := aws.String("room")
	put := w.put("room", "k", "0123456789")
	if *put.ETag != `"781e5e245d69b566979b86e28d23f2c7"` {
		t.Errorf("got ETag %s, want the MD5 of the body", *put.ETag)
	}
	_, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String("none")})
	if status(err) != 404 {
		t.Errorf("HEAD of a missing key: got %d, want 404", status(err))
	}
	for header, want := range map[string]struct {
		body, contentRange, code string
	}{
		"bytes=0-5242879": {"0123456789", "bytes 0-9/10", ""},
		"bytes=2-4":       {"234", "bytes 2-4/10", ""},
		"bytes=-3":        {"789", "bytes 7-9/10", ""},
		"bytes=8-":        {"89", "bytes 8-9/10", ""},
		"bytes=10-":       {"", "", "InvalidRange"},
		"bytes=-0":        {"", "", "InvalidRange"},
		"lines=1-2":       {"0123456789", "", ""},
		"bytes=4-2":       {"0123456789", "", ""},
	} {
		out, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), Range: &header})
		if code(err) != want.code {
			t.Errorf("%s: got %v, want code %q", header, err, want.code)
			continue
		}
		if err != nil {
			continue
		}
		body, _ := io.ReadAll(out.Body)
		if string(body) != want.body || aws.ToString(out.ContentRange) != want.contentRange {
			t.Errorf("%s: got %q %q, want %q %q", header, body, aws.ToString(out.ContentRange), want.body, want.contentRange)
		}
	}
	_, err = w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), IfNoneMatch: put.ETag})
	if status(err) != http.StatusNotModified {
		t.Errorf("If-None-Match: got %d, want 304", status(err))
	}
	_, err = w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), IfMatch: aws.String(`"x"`)})
	w.wantCode(err, "PreconditionFailed")
}

// Source: S3 User Guide conditional-writes. A delete marker counts as absent:
// the lock file of the S3 backend depends on it.
func TestConditionalWrites(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	lock := func() error {
		in := putInput("room", "state.tflock", "holder")
		in.IfNoneMatch = aws.String("*")
		_, err := w.root.PutObject(ctx, in)
		return err
	}
	w.must(lock())
	err := lock()
	w.wantCode(err, "PreconditionFailed")
	if status(err) != 412 {
		t.Errorf("got status %d, want 412", status(err))
	}
	_, err = w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("room"), Key: aws.String("state.tflock"), BypassGovernanceRetention: aws.Bool(true)})
	w.must(err)
	w.must(lock())

	match := func(etag string) error {
		in := putInput("room", "state", "two")
		in.IfMatch = &etag
		_, err := w.root.PutObject(ctx, in)
		return err
	}
	w.wantCode(match(`"x"`), "NoSuchKey")
	first := w.put("room", "state", "one")
	w.wantCode(match(`"x"`), "PreconditionFailed")
	w.must(match(*first.ETag))
}

func TestVersions(t *testing.T) {
	w := start(t, sandbox.Options{})
	b := aws.String("room")
	w.bucket("room")
	if v := w.put("room", "k", "null").VersionId; v != nil {
		t.Errorf("an unversioned bucket shows the version %q", *v)
	}
	w.versioning("room", types.BucketVersioningStatusEnabled)
	one, two := w.put("room", "k", "one"), w.put("room", "k", "two")
	del, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k")})
	w.must(err)
	if !aws.ToBool(del.DeleteMarker) || del.VersionId == nil {
		t.Fatalf("got %+v, want a delete marker", del)
	}
	_, err = read(w.root, "room", "k")
	w.wantCode(err, "NoSuchKey")
	_, err = w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), VersionId: del.VersionId})
	w.wantCode(err, "MethodNotAllowed")
	list, err := w.root.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b})
	w.must(err)
	var got []string
	for _, v := range list.Versions {
		got = append(got, *v.VersionId)
	}
	if want := []string{*two.VersionId, *one.VersionId, "null"}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got versions %v, want newest first %v", got, want)
	}
	if len(list.DeleteMarkers) != 1 || !*list.DeleteMarkers[0].IsLatest || *list.Versions[0].IsLatest {
		t.Errorf("got markers %+v", list.DeleteMarkers)
	}
	// Deleting the marker brings the object back.
	_, err = w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k"), VersionId: del.VersionId})
	w.must(err)
	if body, err := read(w.root, "room", "k"); body != "two" {
		t.Errorf("got %q, %v, want the version before the marker", body, err)
	}
	for id, want := range map[string]string{*one.VersionId: "one", "null": "null"} {
		out, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), VersionId: &id})
		w.must(err)
		if body, _ := io.ReadAll(out.Body); string(body) != want {
			t.Errorf("version %s: got %q, want %q", id, body, want)
		}
	}
	_, err = w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), VersionId: aws.String("short")})
	w.wantCode(err, "InvalidArgument")
	_, err = w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("k"), VersionId: aws.String(strings.Repeat("a", 32))})
	w.wantCode(err, "NoSuchVersion")

	// Suspended: the null version is replaced, the others stay.
	w.versioning("room", types.BucketVersioningStatusSuspended)
	w.put("room", "k", "null again")
	list, err = w.root.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b})
	w.must(err)
	if len(list.Versions) != 3 || *list.Versions[0].VersionId != "null" || !*list.Versions[0].IsLatest {
		t.Errorf("after suspension: got %d versions, first %s", len(list.Versions), *list.Versions[0].VersionId)
	}
}

func TestChecksums(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	// The check values of "123456789": CRC RevEng catalogue and FIPS 180-4.
	for algorithm, want := range map[types.ChecksumAlgorithm]string{
		types.ChecksumAlgorithmCrc32:     "y/Q5Jg==",
		types.ChecksumAlgorithmCrc32c:    "4waSgw==",
		types.ChecksumAlgorithmCrc64nvme: "rosUhgp5mIg=",
		types.ChecksumAlgorithmSha1:      "98O8HYCOBHMq32eZZczDTKeuNEE=",
		types.ChecksumAlgorithmSha256:    "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		in := putInput("room", string(algorithm), "123456789")
		in.ChecksumAlgorithm = algorithm
		_, err := w.root.PutObject(ctx, in)
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		out, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key, ChecksumMode: types.ChecksumModeEnabled})
		w.must(err)
		got := map[types.ChecksumAlgorithm]*string{
			types.ChecksumAlgorithmCrc32: out.ChecksumCRC32, types.ChecksumAlgorithmCrc32c: out.ChecksumCRC32C,
			types.ChecksumAlgorithmCrc64nvme: out.ChecksumCRC64NVME, types.ChecksumAlgorithmSha1: out.ChecksumSHA1,
			types.ChecksumAlgorithmSha256: out.ChecksumSHA256,
		}[algorithm]
		if aws.ToString(got) != want {
			t.Errorf("%s: got %q, want %q", algorithm, aws.ToString(got), want)
		}
	}
	in := putInput("room", "bad", "123456789")
	in.ContentMD5 = aws.String("AAAAAAAAAAAAAAAAAAAAAA==")
	_, err := w.root.PutObject(ctx, in)
	w.wantCode(err, "BadDigest")
	in = putInput("room", "bad", "123456789")
	in.ChecksumSHA256 = aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	_, err = w.root.PutObject(ctx, in)
	w.wantCode(err, "BadDigest")
}

func TestListPages(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	keys := []string{"a", "a-b", "a/1", "a/2", "b", "c/1", "c/2/3", "d"}
	for _, k := range keys {
		w.put("room", k, "old")
		w.put("room", k, "new")
	}
	_, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("room"), Key: aws.String("b")})
	w.must(err)
	for size := int32(1); size <= 9; size++ {
		var got []string
		p := s3.NewListObjectsV2Paginator(w.root, &s3.ListObjectsV2Input{Bucket: aws.String("room"), MaxKeys: &size})
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			w.must(err)
			for _, o := range out.Contents {
				got = append(got, *o.Key)
			}
		}
		if s := strings.Join(got, " "); s != "a a-b a/1 a/2 c/1 c/2/3 d" {
			t.Errorf("pages of %d: got %q", size, s)
		}
		got = nil
		p = s3.NewListObjectsV2Paginator(w.root, &s3.ListObjectsV2Input{Bucket: aws.String("room"), MaxKeys: &size, Delimiter: aws.String("/")})
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			w.must(err)
			for _, o := range out.Contents {
				got = append(got, *o.Key)
			}
			for _, c := range out.CommonPrefixes {
				got = append(got, *c.Prefix)
			}
		}
		if len(got) != 5 {
			t.Errorf("pages of %d by delimiter: got %q", size, got)
		}
		versions := 0
		vp := s3.NewListObjectVersionsPaginator(w.root, &s3.ListObjectVersionsInput{Bucket: aws.String("room"), MaxKeys: &size})
		for vp.HasMorePages() {
			out, err := vp.NextPage(ctx)
			w.must(err)
			versions += len(out.Versions) + len(out.DeleteMarkers)
		}
		if versions != 17 {
			t.Errorf("pages of %d: got %d versions, want 17", size, versions)
		}
	}
	v1, err := w.root.ListObjects(ctx, &s3.ListObjectsInput{Bucket: aws.String("room"), Prefix: aws.String("c/"), Delimiter: aws.String("/")})
	w.must(err)
	if len(v1.Contents) != 1 || len(v1.CommonPrefixes) != 1 || *v1.CommonPrefixes[0].Prefix != "c/2/" {
		t.Errorf("got %v %v", v1.Contents, v1.CommonPrefixes)
	}
	// "YmFk" is base64 of a key, and no token.
	for _, token := range []string{"bad", "YmFk", "not base64!"} {
		_, err := w.root.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("room"), ContinuationToken: &token})
		w.wantCode(err, "InvalidArgument")
		_, err = w.root.ListBuckets(ctx, &s3.ListBucketsInput{ContinuationToken: &token})
		w.wantCode(err, "InvalidArgument")
	}
}

func TestMultipart(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	arn := w.key()
	b, k := aws.String("room"), aws.String("big")
	for _, sse := range []types.ServerSideEncryption{types.ServerSideEncryptionAes256, types.ServerSideEncryptionAwsKms} {
		create := &s3.CreateMultipartUploadInput{Bucket: b, Key: k, ServerSideEncryption: sse, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
		if sse == types.ServerSideEncryptionAwsKms {
			create.SSEKMSKeyId = &arn
		}
		up, err := w.root.CreateMultipartUpload(ctx, create)
		w.must(err)
		var parts []types.CompletedPart
		var whole []byte
		for i, n := range []int{5 << 20, 1600} {
			body, _ := io.ReadAll(reader(n))
			whole = append(whole, body...)
			number := int32(i + 1)
			p, err := w.root.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: &number, Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
			w.must(err)
			parts = append(parts, types.CompletedPart{PartNumber: &number, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
		}
		listed, err := w.root.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: up.UploadId})
		w.must(err)
		uploads, err := w.root.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b})
		w.must(err)
		if len(listed.Parts) != 2 || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *up.UploadId {
			t.Errorf("got %d parts and %d uploads", len(listed.Parts), len(uploads.Uploads))
		}
		complete := func(parts ...types.CompletedPart) error {
			out, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
			if err == nil && (!strings.HasSuffix(*out.ETag, `-2"`) || !strings.HasSuffix(aws.ToString(out.ChecksumCRC32), "-2")) {
				t.Errorf("got ETag %s checksum %s, want composites of 2", *out.ETag, aws.ToString(out.ChecksumCRC32))
			}
			return err
		}
		w.wantCode(complete(parts[1], parts[0]), "InvalidPartOrder")
		wrong := parts[0]
		wrong.ETag = aws.String("x")
		w.wantCode(complete(wrong, parts[1]), "InvalidPart")
		w.must(complete(parts...))
		got, err := read(w.root, "room", "big")
		if err != nil || got != string(whole) {
			t.Errorf("%s: got %d bytes, %v, want %d", sse, len(got), err, len(whole))
		}
		second, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(2)})
		w.must(err)
		if n, _ := io.Copy(io.Discard, second.Body); n != 1600 || *second.PartsCount != 2 {
			t.Errorf("part 2: got %d bytes of %d parts", n, *second.PartsCount)
		}
		w.wantCode(complete(parts...), "NoSuchUpload")
	}
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
	w.must(err)
	cp, err := w.root.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1),
		CopySource: aws.String("room/big"), CopySourceRange: aws.String("bytes=0-9")})
	w.must(err)
	next, err := w.root.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(2), CopySource: aws.String("room/big")})
	w.must(err)
	_, err = w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{
			{PartNumber: aws.Int32(1), ETag: cp.CopyPartResult.ETag, ChecksumCRC32: cp.CopyPartResult.ChecksumCRC32},
			{PartNumber: aws.Int32(2), ETag: next.CopyPartResult.ETag, ChecksumCRC32: next.CopyPartResult.ChecksumCRC32}}}})
	w.wantCode(err, "EntityTooSmall")
	_, err = w.root.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId})
	w.must(err)
}

func TestCopyAndTags(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	b := aws.String("room")
	in := putInput("room", "from +ü", "body")
	in.Tagging, in.Metadata = aws.String("a=1&b=x%20y"), map[string]string{"m": "1"}
	_, err := w.root.PutObject(ctx, in)
	w.must(err)
	out, err := w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/from%20%2B%C3%BC")})
	w.must(err)
	if out.CopySourceVersionId == nil || out.VersionId == nil || out.CopyObjectResult.ETag == nil {
		t.Errorf("got %+v", out)
	}
	head, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String("to")})
	w.must(err)
	tags, err := w.root.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: aws.String("to")})
	w.must(err)
	if head.Metadata["m"] != "1" || len(tags.TagSet) != 2 || *tags.TagSet[1].Value != "x y" {
		t.Errorf("got metadata %v, tags %v", head.Metadata, tags.TagSet)
	}
	_, err = w.root.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: b, Key: aws.String("to")})
	w.must(err)
	tags, err = w.root.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: aws.String("to")})
	w.must(err)
	if len(tags.TagSet) != 0 {
		t.Errorf("got tags %v after deletion", tags.TagSet)
	}
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/to")})
	w.wantCode(err, "InvalidRequest")
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/none")})
	w.wantCode(err, "NoSuchKey")
	attrs, err := w.root.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: b, Key: aws.String("to"),
		ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag, types.ObjectAttributesObjectSize, types.ObjectAttributesChecksum}})
	w.must(err)
	if *attrs.ObjectSize != 4 || attrs.Checksum == nil || *attrs.ETag == "" {
		t.Errorf("got %+v", attrs)
	}
}
