package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func toKey(bucket, key, version, arn string, bucketKey bool) *s3.UpdateObjectEncryptionInput {
	in := &s3.UpdateObjectEncryptionInput{Bucket: &bucket, Key: &key,
		ObjectEncryption: &types.ObjectEncryptionMemberSSEKMS{Value: types.SSEKMSEncryption{KMSKeyArn: &arn, BucketKeyEnabled: &bucketKey}}}
	if version != "" {
		in.VersionId = &version
	}
	return in
}

// The encryption changes and nothing else does; the former key is not needed any longer.
// Source: S3 API_UpdateObjectEncryption; S3 User Guide update-sse-encryption.
func TestUpdateObjectEncryption(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	former, next := w.key(), w.key()
	in := putInput("room", "k", "v1")
	in.Metadata, in.Tagging, in.ChecksumAlgorithm = map[string]string{"a": "b"}, aws.String("team=audit"), types.ChecksumAlgorithmSha256
	in.ContentType = aws.String("application/json")
	first, err := w.root.PutObject(ctx, in)
	w.must(err)
	in = putInput("room", "k", "v2")
	in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &former
	second, err := w.root.PutObject(ctx, in)
	w.must(err)
	head := func(version string) *s3.HeadObjectOutput {
		out, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key, VersionId: &version, ChecksumMode: types.ChecksumModeEnabled})
		w.must(err)
		return out
	}
	for _, tc := range []struct {
		version, named, body string
		bucketKey            bool
	}{
		{*first.VersionId, *first.VersionId, "v1", true},
		{*second.VersionId, "", "v2", false},
		{*second.VersionId, "", "v2", true}, // a bucket key alone is a change too
	} {
		before := head(tc.version)
		w.must(w.sb.Advance(time.Minute))
		_, err := w.root.UpdateObjectEncryption(ctx, toKey("room", "k", tc.named, next, tc.bucketKey))
		w.must(err)
		after := head(tc.version)
		if after.ServerSideEncryption != "aws:kms" || *after.SSEKMSKeyId != next || aws.ToBool(after.BucketKeyEnabled) != tc.bucketKey {
			t.Errorf("%s: got %s under %v, bucket key %v", tc.body, after.ServerSideEncryption, after.SSEKMSKeyId, after.BucketKeyEnabled)
		}
		if *after.ETag != *before.ETag || !after.LastModified.Equal(*before.LastModified) || *after.VersionId != tc.version ||
			aws.ToString(after.ChecksumSHA256) != aws.ToString(before.ChecksumSHA256) || after.Metadata["a"] != before.Metadata["a"] ||
			*after.ContentType != *before.ContentType || aws.ToInt32(after.TagCount) != aws.ToInt32(before.TagCount) || *after.ContentLength != 2 {
			t.Errorf("%s: something else has changed: %+v, then %+v", tc.body, before, after)
		}
	}
	if head(*first.VersionId).ChecksumSHA256 == nil || *head(*first.VersionId).TagCount != 1 {
		t.Error("the first version has lost its checksum or its tag")
	}
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &former})
	w.must(err)
	for version, body := range map[string]string{*first.VersionId: "v1", *second.VersionId: "v2"} {
		got, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key, VersionId: &version})
		w.must(err)
		if b, _ := io.ReadAll(got.Body); string(b) != body {
			t.Errorf("got %q, want %q", b, body)
		}
	}
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &next})
	w.must(err)
	_, err = read(w.root, "room", "k")
	w.wantCode(err, "KMS.DisabledException")
	_, err = w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &former})
	w.must(err)
	_, err = w.root.UpdateObjectEncryption(ctx, toKey("room", "k", "", former, false)) // what is under a disabled key stays there
	w.wantCode(err, "KMS.DisabledException")
	for _, e := range w.sb.Events() {
		if e.EventName == "UpdateObjectEncryption" && (e.EventCategory != "Data" || e.RequestParameters["key"] != "k") {
			t.Errorf("got the event %+v", e)
		}
	}
}

// A multipart object keeps its parts and the ETag that they make.
func TestUpdateEncryptionOfParts(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b, k := aws.String("room"), aws.String("k")
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
	w.must(err)
	var parts []types.CompletedPart
	for n, body := range []io.Reader{reader(5 << 20), strings.NewReader("end")} {
		part, err := w.root.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(int32(n + 1)), Body: body})
		w.must(err)
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(n + 1)), ETag: part.ETag})
	}
	done, err := w.root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	w.must(err)
	_, err = w.root.UpdateObjectEncryption(ctx, toKey("room", "k", "", w.key(), true))
	w.must(err)
	got, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(2)})
	w.must(err)
	if body, _ := io.ReadAll(got.Body); string(body) != "end" || *got.ETag != *done.ETag || *got.PartsCount != 2 {
		t.Errorf("got %q of %d parts with %s, want the last of two with %s", body, *got.PartsCount, *got.ETag, *done.ETag)
	}
}

// Source: S3 API_UpdateObjectEncryption, "Errors".
func TestUpdateEncryptionRefusals(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	w.put("room", "k", "v")
	arn := w.key()
	other := strings.Replace(arn, ":"+sandbox.DefaultAccount+":", ":999999999999:", 1)
	_, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("room"), Key: aws.String("gone")})
	w.must(err)
	for _, tc := range []struct{ key, version, arn, want, text string }{
		{"k", "", "alias/aws/s3", "InvalidRequest", "valid AWS KMS key"},
		{"k", "", strings.Replace(arn, ":key/", ":alias/", 1), "InvalidRequest", "valid AWS KMS key"},
		{"k", "", arn[strings.LastIndexByte(arn, '/')+1:], "InvalidRequest", "valid AWS KMS key"},
		{"k", "", "", "InvalidRequest", "require an AWS KMS key"},
		{"k", "", other, "AccessDenied", "owned by the same account as the bucket"},
		{"k", "", strings.Replace(arn, region, "ca-west-1", 1), "KMS.NotFoundException", "ca-west-1"},
		{"k", "", arn[:len(arn)-4] + "0000", "KMS.NotFoundException", "does not exist"},
		{"none", "", arn, "NoSuchKey", ""},
		{"gone", "", arn, "NoSuchKey", ""},
		{"k", "0", arn, "InvalidArgument", ""},
	} {
		_, err := w.root.UpdateObjectEncryption(ctx, toKey("room", tc.key, tc.version, tc.arn, false))
		if code(err) != tc.want || err != nil && !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s under %q: got %v, want %s %q", tc.key, tc.arn, err, tc.want, tc.text)
		}
	}
	for body, want := range map[string]string{
		`<ObjectEncryption/>`:                              "Valid values are SSEKMS",
		`<ObjectEncryption><SSE-S3/></ObjectEncryption>`:   "Valid values are SSEKMS",
		`<ObjectEncryption><DSSE-KMS/></ObjectEncryption>`: "DSSE-KMS or SSE-C",
		`<ObjectEncryption><SSE-KMS><BucketKeyEnabled>1</BucketKeyEnabled><KMSKeyArn>` + arn + `</KMSKeyArn></SSE-KMS></ObjectEncryption>`: "true or false",
		`<ObjectEncryption><Other/></ObjectEncryption>`: "MalformedXML",
	} {
		if status, got := w.rawEncryption(body); status != 400 || !strings.Contains(got, want) {
			t.Errorf("%s: got %d %s, want 400 and %q", body, status, got, want)
		}
	}
	if head, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("room"), Key: aws.String("k")}); err != nil || head.ServerSideEncryption != "AES256" {
		t.Errorf("a refusal has changed the object: %v %v", head, err)
	}
}

// rawEncryption sends a body that the SDK would not.
func (w *world) rawEncryption(body string) (int, string) {
	w.t.Helper()
	cfg := w.config(w.sb.Credentials())
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://room.s3."+region+".amazonaws.com/k?encryption=", strings.NewReader(body))
	w.must(err)
	sum := md5.Sum([]byte(body))
	req.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	creds, err := cfg.Credentials.Retrieve(ctx)
	w.must(err)
	w.must(v4.NewSigner().SignHTTP(ctx, creds, req, "UNSIGNED-PAYLOAD", "s3", region, w.sb.Now()))
	res, err := cfg.HTTPClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	w.must(err)
	return res.StatusCode, b.String()
}

// Source: S3 API_UpdateObjectEncryption, "Permissions"; the condition keys: Service
// Authorization Reference, list_amazons3.
func TestUpdateEncryptionPermissions(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	former, next := w.key(), w.key()
	reset := func() {
		in := putInput("room", "k", "v")
		in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &former
		_, err := w.root.PutObject(ctx, in)
		w.must(err)
	}
	const s3Part = `{"Effect":"Allow","Action":"s3:UpdateObjectEncryption","Resource":"arn:aws:s3:::room/*"}`
	kmsPart := func(actions, arn string) string {
		return `{"Effect":"Allow","Action":` + actions + `,"Resource":"` + arn + `"}`
	}
	from, to := kmsPart(`["kms:Decrypt","kms:ReEncryptFrom"]`, former), kmsPart(`["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*","kms:ReEncrypt*"]`, next)
	doc := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	for name, tc := range map[string]struct{ policy, want string }{
		"all":          {doc(s3Part, from, to), ""},
		"no-s3":        {doc(from, to, `{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":"*"}`), "AccessDenied"},
		"no-former":    {doc(s3Part, to), "AccessDenied"},
		"no-next":      {doc(s3Part, from), "AccessDenied"},
		"no-decrypt":   {doc(s3Part, to, kmsPart(`"kms:ReEncryptFrom"`, former)), "AccessDenied"},
		"no-reencrypt": {doc(s3Part, from, kmsPart(`["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey"]`, next)), "AccessDenied"},
		"one-key-only": {doc(s3Part, from, to, `{"Effect":"Deny","Action":"s3:UpdateObjectEncryption","Resource":"*",
			"Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+next+`"}}}`), ""},
		"another-key-only": {doc(s3Part, from, to, `{"Effect":"Deny","Action":"s3:UpdateObjectEncryption","Resource":"*",
			"Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+former+`"}}}`), "AccessDenied"},
		"via-s3": {doc(s3Part, from, to, `{"Effect":"Deny","Action":"kms:*","Resource":"*",
			"Condition":{"StringNotEquals":{"kms:ViaService":"s3.`+region+`.amazonaws.com"}}}`), ""},
	} {
		reset()
		_, err := w.user(name, tc.policy).UpdateObjectEncryption(ctx, toKey("room", "k", "", next, false))
		if code(err) != tc.want {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
