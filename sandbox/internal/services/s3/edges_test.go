package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// anonymous is a client without credentials.
func (w *world) anonymous() *s3.Client {
	return s3.NewFromConfig(w.config(sandbox.Credentials{}), func(o *s3.Options) { o.Credentials = aws.AnonymousCredentials{} })
}

// open makes a bucket's policy the only thing that speaks of the public.
func (w *world) open(bucket, statement string) {
	w.t.Helper()
	_, err := w.root.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &bucket})
	w.must(err)
	w.policy(bucket, `{"Version":"2012-10-17","Statement":[`+statement+`]}`)
}

// The permission to list may be limited to a prefix: then a missing key is 404
// under it and 403 elsewhere.
func TestMissingKeyUnderPrefix(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	c := w.user("ann", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::room","Condition":{"StringLike":{"s3:prefix":"env/*"}}}]}`)
	for key, want := range map[string]string{"env/state": "NoSuchKey", "state": "AccessDenied"} {
		_, err := read(c, "room", key)
		if got := code(err); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
		_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("room"), Key: &key})
		if got := map[int]string{404: "NoSuchKey", 403: "AccessDenied"}[status(err)]; got != want {
			t.Errorf("HEAD %s: got %q, want %q", key, got, want)
		}
	}
}

// Source: S3 API_PutObject, x-amz-server-side-encryption-aws-kms-key-id.
func TestKeyNobodyNamed(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	mine := w.key()
	_, err := w.root.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String("room"), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: &mine}}}}})
	w.must(err)
	put := func(c *s3.Client, key string, sse types.ServerSideEncryption) string {
		t.Helper()
		in := putInput("room", key, "v")
		in.ServerSideEncryption = sse
		out, err := c.PutObject(ctx, in)
		w.must(err)
		return aws.ToString(out.SSEKMSKeyId)
	}
	if got := put(w.root, "default", ""); got != mine {
		t.Errorf("without headers: got %q, want the bucket's %q", got, mine)
	}
	// The headers win, and they mean aws/s3: nobody needs a KMS permission.
	ann := w.user("ann", allow(`"s3:*"`, `"*"`))
	managed := put(ann, "named", "aws:kms")
	if managed == mine || !strings.Contains(managed, ":111122223333:key/") {
		t.Errorf("aws:kms without a key: got %q, want aws/s3", managed)
	}
	if body, err := read(ann, "room", "named"); body != "v" {
		t.Errorf("reading what aws/s3 protects: %v", err)
	}
	// A foreign writer's aws/s3 is its own account's, which the owner cannot open.
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::room/*"}]}`)
	if got := put(w.account("444455556666"), "foreign", "aws:kms"); !strings.Contains(got, ":444455556666:key/") {
		t.Errorf("a foreign writer: got %q", got)
	}
	_, err = read(w.root, "room", "foreign")
	w.wantCode(err, "AccessDenied")
}

// KMS's errors keep their names behind a prefix; a refusal is S3's own.
func TestErrorsOfKMS(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	const id = "/134f2428-cec1-4b25-a1ae-9048164dba47"
	for key, want := range map[string]string{
		"fake": "400 KMS.NotFoundException", id[1:]: "400 KMS.NotFoundException", "alias/none": "400 KMS.NotFoundException",
		"arn:aws:kms:" + region + ":111122223333:key" + id: "400 KMS.NotFoundException",
		"arn:aws:kms:eu-west-1:111122223333:key" + id:      "400 KMS.NotFoundException",
		"arn:aws:kms:" + region + ":444455556666:key" + id: "403 AccessDenied",
	} {
		in := putInput("room", "k", "v")
		in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &key
		_, err := w.root.PutObject(ctx, in)
		if got := fmt.Sprint(status(err), " ", code(err)); got != want {
			t.Errorf("%s: got %s (%v), want %s", key, got, err, want)
		}
	}
}

// Source: AWS Knowledge Center s3-kms-signature-version-error.
func TestAnonymousAndKMS(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	arn := w.key()
	in := putInput("room", "k", "v")
	in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &arn
	_, err := w.root.PutObject(ctx, in)
	w.must(err)
	w.open("room", `{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::room/*"}`)
	_, err = read(w.anonymous(), "room", "k")
	w.wantCode(err, "InvalidArgument")
	_, err = w.anonymous().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("room"), Key: aws.String("big")})
	w.wantCode(err, "AccessDenied")
}

// BUCKET.s3.amazonaws.com leads to the bucket's region.
func TestGlobalHost(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	get := func(url string) (int, string) {
		t.Helper()
		res, err := w.sb.HTTPClient().Get(url)
		w.must(err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		w.must(err)
		return res.StatusCode, string(body)
	}
	if got, body := get("https://room.s3.amazonaws.com/k"); got != 403 || !strings.Contains(body, "<Code>AccessDenied</Code>") {
		t.Errorf("private: got %d %s", got, body)
	}
	w.open("room", fmt.Sprintf(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::room/*","Condition":{"StringEquals":{"aws:RequestedRegion":%q}}}`, region))
	if got, body := get("https://room.s3.amazonaws.com/k"); got != 200 || body != "v" {
		t.Errorf("public: got %d %q", got, body)
	}
	if got, _ := get("https://s3.amazonaws.com/room/k"); got != 301 {
		t.Errorf("path style at us-east-1: got %d, want 301", got)
	}
	_, err := w.root.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("room"), Key: aws.String("k")}, func(o *s3.Options) {
		o.Region, o.BaseEndpoint = "us-east-1", aws.String("https://s3.amazonaws.com")
	})
	w.wantCode(err, "AuthorizationHeaderMalformed")
	if err != nil && !strings.Contains(err.Error(), "expecting '"+region+"'") {
		t.Errorf("got %v, want the right region named", err)
	}
}

// Source: S3 User Guide cloudtrail-logging-s3-info.
func TestEventNames(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	_, err := w.root.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("room")})
	w.must(err)
	_, err = w.root.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("room")})
	w.wantCode(err, "NoSuchLifecycleConfiguration")
	var names []string
	for _, e := range w.sb.Events() {
		names = append(names, e.EventName)
	}
	if got, want := strings.Join(names, " "), "CreateBucket ListObjects GetBucketLifecycle"; got != want {
		t.Errorf("got events %q, want %q", got, want)
	}
}

// Source: S3 API_HeadBucket: the region comes regardless of the permissions.
func TestHeadBucketTellsRegion(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	for host, want := range map[string]int{"s3." + region + ".amazonaws.com/room": 403, "s3.us-east-1.amazonaws.com/room": 301} {
		res, err := w.sb.HTTPClient().Transport.RoundTrip(head(t, "https://"+host))
		w.must(err)
		_ = res.Body.Close()
		if res.StatusCode != want || res.Header.Get("X-Amz-Bucket-Region") != region {
			t.Errorf("%s: got %d with %q, want %d with the region", host, res.StatusCode, res.Header.Get("X-Amz-Bucket-Region"), want)
		}
	}
}

func head(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Observed on AWS: what names a delete marker is refused as such, except where
// the object itself would be read.
func TestDeleteMarkers(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	b, k := aws.String("room"), aws.String("k")
	w.put("room", "k", "v")
	del, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
	w.must(err)
	_, err = w.root.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k})
	w.wantCode(err, "MethodNotAllowed")
	_, err = w.root.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: &types.Tagging{TagSet: []types.Tag{}}})
	w.wantCode(err, "MethodNotAllowed")
	_, err = w.root.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLPrivate})
	w.wantCode(err, "MethodNotAllowed")
	_, err = w.root.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: b, Key: k})
	w.wantCode(err, "NoSuchKey")
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/k?versionId=" + *del.VersionId)})
	w.wantCode(err, "InvalidRequest")
	_, err = w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/k")})
	w.wantCode(err, "NoSuchKey")
}

func TestSuspendedVersionIDs(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	b := aws.String("room")
	w.versioning("room", types.BucketVersioningStatusSuspended)
	if v := w.put("room", "k", "v").VersionId; v != nil {
		t.Errorf("PutObject: got %q, want no version ID", *v)
	}
	out, err := w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("to"), CopySource: aws.String("room/k")})
	w.must(err)
	got, err := w.root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String("k")})
	w.must(err)
	del, err := w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k")})
	w.must(err)
	for name, v := range map[string]*string{"CopyObject": out.VersionId, "HeadObject": got.VersionId, "DeleteObject": del.VersionId} {
		if aws.ToString(v) != "null" {
			t.Errorf("%s: got %q, want null", name, aws.ToString(v))
		}
	}
}

// An access key that was made inactive is no key. Choice inactive-access-key.
func TestAnInactiveKey(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	c := w.user("alice", allow(`"s3:*"`, `"*"`))
	_, err := read(c, "room", "k")
	w.must(err)
	keys, err := w.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("alice")})
	w.must(err)
	set := func(to iamtypes.StatusType) {
		_, err := w.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId, Status: to})
		w.must(err)
	}
	set(iamtypes.StatusTypeInactive)
	if _, err = read(c, "room", "k"); code(err) != "InvalidAccessKeyId" || status(err) != 403 {
		t.Errorf("got %v, want 403 InvalidAccessKeyId", err)
	}
	set(iamtypes.StatusTypeActive)
	_, err = read(c, "room", "k")
	w.must(err)
}
