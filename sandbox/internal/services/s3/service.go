package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Keys is what S3 needs of KMS. Its methods run under the state's lock.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before S3 may use the key
	// for it. via is S3's service name, "s3.eu-west-2.amazonaws.com".
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// GenerateDataKey makes a 256-bit data key. It does not authorise.
	GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error)
	// Decrypt opens a blob that GenerateDataKey made. It does not authorise.
	Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error)
	// AWSManagedKey returns the ARN of the AWS managed key of a service, made
	// on first use: call it from writes only.
	AWSManagedKey(account, region, service string) (arn string, err error)
}

// Principals resolves the ARNs that a bucket policy names, so that what was
// saved means the principal that existed then.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false
	// if there is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is S3. Its methods run under the state's lock.
type Service struct {
	keys       Keys
	principals Principals

	accounts   *store.Table[Account]
	buckets    *store.Table[Bucket]
	objects    *store.Table[Object]
	blobs      *store.Table[Blob]
	uploads    *store.Table[Upload]
	parts      *store.Table[Part]
	bucketKeys *store.Table[BucketKey]
}

// New adds S3's tables to db.
func New(db *store.DB, keys Keys, principals Principals) *Service {
	return &Service{
		keys: keys, principals: principals,
		accounts:   store.NewTable[Account](db, "s3.accounts"),
		buckets:    store.NewTable[Bucket](db, "s3.buckets"),
		objects:    store.NewTable[Object](db, "s3.objects"),
		blobs:      store.NewTable[Blob](db, "s3.blobs"),
		uploads:    store.NewTable[Upload](db, "s3.uploads"),
		parts:      store.NewTable[Part](db, "s3.parts"),
		bucketKeys: store.NewTable[BucketKey](db, "s3.bucketkeys"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "s3" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "s3.amazonaws.com" }

// Rows is the table of operations.
func (s *Service) Rows() []op.Row {
	var rows []op.Row
	for _, family := range [][]op.Row{
		s.bucketRows(), s.policyRows(), s.publicAccessRows(), s.ownershipRows(), s.encryptionRows(),
		s.lifecycleRows(), s.versioningRows(), s.bucketTaggingRows(), s.unsetRows(), s.loggingRows(), s.aclRows(),
		s.putRows(), s.getRows(), s.copyRows(), s.updateEncryptionRows(), s.deleteRows(), s.objectTaggingRows(), s.attributesRows(),
		s.listRows(), s.listVersionsRows(), s.multipartRows(), s.completeRows(), s.listUploadsRows(),
	} {
		rows = append(rows, family...)
	}
	for i := range rows {
		rows[i].Event = events[rows[i].Name]
	}
	return rows
}

// events are CloudTrail's names of the operations that it calls otherwise.
//
// Source: S3 User Guide cloudtrail-logging-s3-info.
var events = map[string]string{
	"ListObjectsV2":                      "ListObjects",
	"GetBucketLifecycleConfiguration":    "GetBucketLifecycle",
	"PutBucketLifecycleConfiguration":    "PutBucketLifecycle",
	"GetBucketNotificationConfiguration": "GetBucketNotification",
	"GetObjectLockConfiguration":         "GetBucketObjectLockConfiguration",
	"GetPublicAccessBlock":               "GetAccountPublicAccessBlock",
	"PutPublicAccessBlock":               "PutAccountPublicAccessBlock",
	"DeletePublicAccessBlock":            "DeleteAccountPublicAccessBlock",
}

// bucketInput is the input of operations that read only the address.
type bucketInput struct {
	Bucket string `rest:"label:bucket"`
}

// objectInput names an object or one of its versions.
type objectInput struct {
	Bucket    string `rest:"label:bucket"`
	Key       string `rest:"label:key"`
	VersionID string `rest:"query:versionId"`
}

// noContent is the answer 204.
type noContent struct {
	Status int `rest:"status"`
}

func deleted() *noContent { return &noContent{Status: http.StatusNoContent} }

// nothing is the answer 200 without a body.
type nothing struct{}

// Owner is an S3 identity.
type Owner struct {
	ID          string `xml:"ID"`
	DisplayName string `xml:"DisplayName,omitempty"`
}

// canonicalID stands for an account in S3's ACL documents. AWS's is an opaque
// 64-digit hexadecimal number; this one is derived from the account ID.
func canonicalID(account string) string {
	sum := sha256.Sum256([]byte("canonical user " + account))
	return hex.EncodeToString(sum[:])
}

func ownerOf(account string) Owner { return Owner{ID: canonicalID(account)} }

// timestamp is S3's form of a time in XML.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func itoa(n int) string { return strconv.Itoa(n) }

func hostID(c *op.Call) string {
	sum := sha256.Sum256([]byte(c.ID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// errorDocument is S3's error document. S3 Control wraps it, and its clients
// look for the code nowhere else.
//
// Source: S3 API Reference, ErrorResponses; the AWS SDK for Go v2's S3 Control client.
func errorDocument(c *op.Call, e *op.Error) []byte {
	control := callAddress(c).control
	var b strings.Builder
	write := func(name, value string) {
		b.WriteString("<" + name + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a strings.Builder takes every write
		b.WriteString("</" + name + ">")
	}
	b.WriteString(xml.Header)
	if control {
		b.WriteString("<ErrorResponse>")
	}
	b.WriteString("<Error>")
	write("Code", e.Code)
	write("Message", e.Message)
	for _, f := range e.Fields {
		write(f[0], f[1])
	}
	if control {
		b.WriteString("</Error>")
	}
	write("RequestId", c.ID)
	write("HostId", hostID(c))
	if control {
		b.WriteString("</ErrorResponse>")
	} else {
		b.WriteString("</Error>")
	}
	return []byte(b.String())
}
