package s3_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// Records have a request as HTTP has it, documents by the names of their elements, and
// neither credentials nor what the user put.
// Source: S3 User Guide cloudtrail-logging-understanding-s3-entries and
// cloudtrail-logging-s3-info: DeleteObjects without its keys; published records.
func TestRecordsOfRequests(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b, k := aws.String("room"), aws.String("k")
	in := putInput("room", "k", "of-the-user")
	in.Metadata, in.ContentType, in.ACL = map[string]string{"a": "of-the-user"}, aws.String("text/of-the-user"), types.ObjectCannedACLBucketOwnerFullControl
	_, err := w.root.PutObject(ctx, in)
	w.must(err)
	url, err := s3.NewPresignClient(w.root).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	w.must(err)
	req, err := http.NewRequestWithContext(ctx, url.Method, url.URL, nil)
	w.must(err)
	res, err := w.sb.HTTPClient().Do(req)
	w.must(err)
	w.must(res.Body.Close())
	arn := w.key()
	_, err = w.root.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: &arn}}}}})
	w.must(err)
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::room/none"}]}`
	w.policy("room", policy)
	_, err = w.root.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("named-key")}}}})
	w.must(err)

	got := map[string]string{}
	for _, e := range w.sb.Events() {
		raw, err := json.Marshal(map[string]any{"request": e.RequestParameters, "response": e.ResponseElements, "note": e.AdditionalEventData})
		w.must(err)
		got[e.EventName] = string(raw)
	}
	for event, words := range map[string][]string{
		"PutObject":           {`"bucketName":"room"`, `"key":"k"`, `"Host":"room.s3.` + region + `.amazonaws.com"`, `"x-amz-acl":"bucket-owner-full-control"`, `"response":{"x-amz-server-side-encryption":"AES256"}`, `"SSEApplied":"Default_SSE_S3"`, `"AuthenticationMethod":"AuthHeader"`, `"x-amz-id-2":"`, `"CipherSuite":"TLS_`},
		"GetObject":           {`"X-Amz-Expires":"900"`, `"X-Amz-Algorithm":"AWS4-HMAC-SHA256"`, `"x-id":"GetObject"`, `"response":null`, `"bytesTransferredOut":11`, `"AuthenticationMethod":"QueryString"`},
		"PutBucketEncryption": {`"ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"KMSMasterKeyID":"` + arn + `","SSEAlgorithm":"aws:kms"}`, `"encryption":""`},
		"PutBucketPolicy":     {`"bucketPolicy":{"Statement":[{"Action":"s3:GetObject","Effect":"Deny"`, `"response":null`},
		"DeleteObjects":       {`"bucketName":"room"`},
	} {
		for _, word := range words {
			if !strings.Contains(got[event], word) {
				t.Errorf("%s: %s is not in %s", event, word, got[event])
			}
		}
		for _, secret := range []string{"of-the-user", "X-Amz-Credential", "X-Amz-Signature\"", "named-key"} {
			if strings.Contains(got[event], secret) {
				t.Errorf("%s: %q is in %s", event, secret, got[event])
			}
		}
	}
}
