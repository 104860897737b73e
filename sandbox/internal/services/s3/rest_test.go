package s3_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.etcd.io/bbolt"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// What lies on the disk is ciphertext, for SSE-S3, SSE-KMS with and without a
// bucket key, copies and multipart uploads; and a restarted sandbox opens it.
func TestAtRest(t *testing.T) {
	dir := t.TempDir()
	secret := strings.Repeat("the plaintext of the state ", 10)
	o := sandbox.Options{DataDir: dir, AccessKey: "AKIAIOSFODNN7EXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	w := start(t, o)
	w.versioned("room")
	arn := w.key()
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::room/*"}]}`)
	w.put("room", "sse-s3", secret)
	for _, bucketKey := range []bool{false, true} {
		in := putInput("room", map[bool]string{false: "kms", true: "bucket-key"}[bucketKey], secret)
		in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = "aws:kms", &arn, &bucketKey
		_, err := w.root.PutObject(ctx, in)
		w.must(err)
	}
	_, err := w.root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("room"), Key: aws.String("copy"), CopySource: aws.String("room/kms")})
	w.must(err)
	up, err := w.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("room"), Key: aws.String("part")})
	w.must(err)
	_, err = w.root.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("room"), Key: aws.String("part"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader(secret)})
	w.must(err)
	w.must(w.sb.Close())

	db, err := bbolt.Open(filepath.Join(dir, "sandbox.db"), 0o600, nil)
	w.must(err)
	blobs := 0
	w.must(db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("s3.blobs")).ForEach(func(_, v []byte) error {
			var blob struct{ Sealed []byte }
			if err := json.Unmarshal(v, &blob); err != nil {
				return err
			}
			blobs++
			if bytes.Contains(blob.Sealed, []byte("plaintext")) || len(blob.Sealed) != len(secret)+12+16 {
				t.Errorf("a blob of %d bytes is not AES-GCM ciphertext of %d", len(blob.Sealed), len(secret))
			}
			return nil
		})
	}))
	w.must(db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if bytes.Contains(v, []byte("plaintext of")) {
					t.Errorf("table %s holds the plaintext", name)
				}
				return nil
			})
		})
	}))
	w.must(db.Close())
	if blobs != 5 {
		t.Errorf("got %d blobs, want 5", blobs)
	}

	w = start(t, o)
	for _, k := range []string{"sse-s3", "kms", "bucket-key", "copy"} {
		if body, err := read(w.root, "room", k); body != secret {
			t.Errorf("%s after a restart: got %d bytes, %v", k, len(body), err)
		}
	}
	_, err = w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("room"), Key: aws.String("kms")})
	w.wantCode(err, "AccessDenied")
	list, err := w.root.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String("room"), Key: aws.String("part"), UploadId: up.UploadId})
	w.must(err)
	if len(list.Parts) != 1 {
		t.Errorf("got %d parts after a restart, want 1", len(list.Parts))
	}
}

// A presigned URL carries its x-amz- headers as parameters.
func TestPresigned(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	p := s3.NewPresignClient(w.root)
	get, err := p.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("room"), Key: aws.String("k"), ResponseContentType: aws.String("text/x")})
	w.must(err)
	client := w.sb.HTTPClient()
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Get(get.URL)
	w.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/x" {
		t.Errorf("got %s, %q", resp.Status, resp.Header.Get("Content-Type"))
	}
	bad, err := client.Get(get.URL + "&acl")
	w.must(err)
	defer bad.Body.Close()
	if bad.StatusCode != 403 {
		t.Errorf("a changed presigned URL: got %s, want 403", bad.Status)
	}
}

func TestOwnershipAndACLs(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b := aws.String("room")
	own, err := w.root.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: b})
	w.must(err)
	if o := own.OwnershipControls.Rules[0].ObjectOwnership; o != types.ObjectOwnershipBucketOwnerEnforced {
		t.Errorf("got %q", o)
	}
	_, err = w.root.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: b, ACL: types.BucketCannedACLPublicRead})
	w.wantCode(err, "AccessControlListNotSupported")
	in := putInput("room", "k", "v")
	in.ACL = types.ObjectCannedACLPublicRead
	_, err = w.root.PutObject(ctx, in)
	w.wantCode(err, "AccessControlListNotSupported")
	in = putInput("room", "k", "v")
	in.ACL = types.ObjectCannedACLPrivate
	_, err = w.root.PutObject(ctx, in)
	w.wantCode(err, "AccessControlListNotSupported")
	in = putInput("room", "k", "v")
	in.ACL = types.ObjectCannedACLBucketOwnerFullControl
	_, err = w.root.PutObject(ctx, in)
	w.must(err)
	_, err = w.root.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: b, OwnershipControls: &types.OwnershipControls{
		Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerPreferred}}}})
	w.must(err)
	_, err = w.root.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: b, ACL: types.BucketCannedACLPrivate})
	w.must(err)
	in = putInput("room", "k", "v")
	in.ACL = types.ObjectCannedACLPublicRead
	_, err = w.root.PutObject(ctx, in)
	w.wantCode(err, "NotImplemented")
}

func TestBucketTags(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b := aws.String("room")
	_, err := w.root.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
	w.must(err)
	out, err := w.root.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b})
	w.must(err)
	if len(out.TagSet) != 1 || *out.TagSet[0].Value != "1" {
		t.Errorf("got %v", out.TagSet)
	}
	for _, tag := range []types.Tag{{Key: aws.String("a,b"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("1,2")}, {Key: aws.String("AWS:a"), Value: aws.String("1")}} {
		_, err = w.root.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: []types.Tag{tag}}})
		w.wantCode(err, "InvalidTag")
	}
	for _, header := range []string{"a=1&a=2", "a=1,b=2"} {
		in := putInput("room", "k", "v")
		in.Tagging = &header
		_, err = w.root.PutObject(ctx, in)
		w.wantCode(err, "InvalidArgument")
	}
	twice := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("2")}}
	_, err = w.root.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: twice}})
	w.wantCode(err, "InvalidTag")
}

// The account's public access block applies to each of its buckets.
// Source: S3 User Guide access-control-block-public-access.
func TestAccountPublicAccess(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	_, err := w.root.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String("room")})
	w.must(err)
	call := func(method, body string) *http.Response {
		const host = sandbox.DefaultAccount + ".s3-control." + region + ".amazonaws.com"
		req, err := http.NewRequestWithContext(ctx, method, "https://"+host+"/v20180820/configuration/publicAccessBlock", strings.NewReader(body))
		w.must(err)
		req.Header.Set("x-amz-account-id", sandbox.DefaultAccount)
		sum := sha256.Sum256([]byte(body))
		hash := hex.EncodeToString(sum[:])
		req.Header.Set("x-amz-content-sha256", hash)
		c := w.sb.Credentials()
		w.must(v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, req, hash, "s3", region, time.Now()))
		client := w.sb.HTTPClient()
		t.Cleanup(client.CloseIdleConnections)
		resp, err := client.Do(req)
		w.must(err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	resp := call("GET", "")
	var unset struct { // as an S3 Control client reads it
		XMLName xml.Name `xml:"ErrorResponse"`
		Code    string   `xml:"Error>Code"`
		ID      string   `xml:"RequestId"`
	}
	w.must(xml.NewDecoder(resp.Body).Decode(&unset))
	if resp.StatusCode != 404 || unset.Code != "NoSuchPublicAccessBlockConfiguration" || unset.ID == "" {
		t.Errorf("unset: got %s, %+v", resp.Status, unset)
	}
	if resp := call("PUT", "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>"); resp.StatusCode != 200 {
		t.Errorf("put: got %s", resp.Status)
	}
	public := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::room/*"}]}`
	_, err = w.root.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("room"), Policy: &public})
	w.wantCode(err, "AccessDenied")
	if resp := call("DELETE", ""); resp.StatusCode != 204 {
		t.Errorf("delete: got %s", resp.Status)
	}
	w.policy("room", public)
}
