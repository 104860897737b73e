package s3

import (
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// writeInput is what the operations that make objects have in common.
type writeInput struct {
	sseInput
	ObjectHeaders
	Meta    map[string]string `rest:"prefix:x-amz-meta-"`
	Tagging string            `rest:"header:x-amz-tagging"`
	ACL     string            `rest:"header:x-amz-acl"`
}

type putObjectInput struct {
	Bucket string `rest:"label:bucket"`
	Key    string `rest:"label:key"`
	writeInput
	IfMatch     string `rest:"header:If-Match"`
	IfNoneMatch string `rest:"header:If-None-Match"`
}

type putObjectOutput struct {
	ETag      string `rest:"header:ETag"`
	VersionID string `rest:"header:x-amz-version-id"`
	Size      int64  `rest:"header:x-amz-object-size"`
	sseOutput
	checksumHeaders
}

func (s *Service) putRows() []op.Row {
	put := op.WithPrepare(op.New("PutObject", "S3 API_PutObject", op.Write, s.putObjectChecks, s.putObject),
		prepareDigests[*putObjectInput])
	put.Data = true
	return []op.Row{put}
}

// writeChecks is what an object's creation must be allowed: the object itself,
// and what the request sets with it. creation is s3:ObjectCreationOperation.
//
// Source: S3 User Guide using-with-s3-policy-actions and
// conditional-writes-enforce.
func (s *Service) writeChecks(c *op.Call, b *Bucket, key string, in *writeInput, creation string, keys ...op.Key) ([]op.Check, error) {
	tags, err := headerTags(in.Tagging)
	if err != nil {
		return nil, err
	}
	keys = in.sseInput.conditionKeys(keys)
	keys = present(keys, "s3:x-amz-acl", in.ACL)
	keys = present(keys, "s3:x-amz-storage-class", in.StorageClass)
	keys = present(keys, "s3:ObjectCreationOperation", creation)
	keys = requested(keys, tags)
	checks := []op.Check{s.onObject(c, b, "s3:PutObject", key, keys...)}
	if len(tags) > 0 {
		checks = append(checks, s.onObject(c, b, "s3:PutObjectTagging", key, keys...))
	}
	// The bucket policies that AWS documents for its services' deliveries ask for an
	// ACL and allow s3:PutObject alone.
	// Source: CloudTrail User Guide "Amazon S3 bucket policy for CloudTrail".
	if in.ACL != "" && c.Caller.Principal.Type != policy.Service {
		checks = append(checks, s.onObject(c, b, "s3:PutObjectAcl", key, keys...))
	}
	return checks, nil
}

func (s *Service) putObjectChecks(c *op.Call, in *putObjectInput) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	var keys []op.Key
	keys = present(keys, "s3:if-match", in.IfMatch)
	keys = present(keys, "s3:if-none-match", in.IfNoneMatch)
	checks, err := s.writeChecks(c, b, in.Key, &in.writeInput, "true", keys...)
	if err != nil {
		return nil, err
	}
	if in.IfMatch != "" {
		match, err := s.matchCheck(c, b, in.Key)
		if err != nil {
			return nil, err
		}
		checks = append(checks, match)
	}
	e, err := s.chooseSSE(c, b, in.sseInput)
	if err != nil {
		return deferred(checks, err)
	}
	kms, err := s.keyChecks(c, b, "kms:GenerateDataKey", in.Key, e)
	if err != nil {
		return deferred(checks, err)
	}
	return append(checks, kms...), nil
}

// matchCheck is what If-Match needs besides the write.
//
// Source: S3 User Guide conditional-writes: "you must have both s3:PutObject
// and s3:GetObject permissions".
func (s *Service) matchCheck(c *op.Call, b *Bucket, key string) (op.Check, error) {
	return s.onVersion(c, b, "s3:GetObject", key, s.latest(b.Name, key))
}

// deferred keeps an error about the encryption for after the authorisation: a
// caller without permission must learn that first. The handler meets the same
// error again.
func deferred(checks []op.Check, _ error) ([]op.Check, error) { return checks, nil }

func (s *Service) putObject(c *op.Call, in *putObjectInput) (*putObjectOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if err := checkWriter(c, b, in.ACL); err != nil {
		return nil, err
	}
	if err := s.writeCondition(b, in.Key, in.IfMatch, in.IfNoneMatch); err != nil {
		return nil, err
	}
	o, err := newObject(c, b, in.Key, &in.writeInput)
	if err != nil {
		return nil, err
	}
	if o.SSE, err = s.usableSSE(c, b, in.Key, in.sseInput); err != nil {
		return nil, err
	}
	d := c.Prepared.(digests)
	o.Checksum = d.checksum
	if err := s.store(c, b, o, c.Body, d.md5); err != nil {
		return nil, err
	}
	noteSSE(c, o.SSE, in.sseInput)
	version := s.shownVersion(o)
	if version == nullVersion {
		// Observed on AWS: while versioning is suspended PutObject's answer has
		// no version ID; CopyObject's, GetObject's and DeleteObject's say null.
		version = ""
	}
	return &putObjectOutput{
		ETag: quote(o.ETag), VersionID: version,
		sseOutput: sseHeaders(o.SSE), checksumHeaders: shown(o.Checksum),
	}, nil
}

// usableSSE is chooseSSE for handlers: the error that the checks put off comes
// here, before anything is written.
func (s *Service) usableSSE(c *op.Call, b *Bucket, key string, in sseInput) (SSE, error) {
	e, err := s.chooseSSE(c, b, in)
	if err != nil {
		return e, err
	}
	_, err = s.keyChecks(c, b, "kms:GenerateDataKey", key, e)
	return e, err
}

// newObject checks what the request says of the object and returns a record
// without bytes.
func newObject(c *op.Call, b *Bucket, key string, in *writeInput) (*Object, error) {
	tags, err := headerTags(in.Tagging)
	if err != nil {
		return nil, err
	}
	if err := checkTags(tags, maxObjectTags); err != nil {
		return nil, err
	}
	size := 0
	for k, v := range in.Meta {
		size += len(k) + len(v)
	}
	if size > 2048 {
		return nil, op.Errorf(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	h := in.ObjectHeaders
	switch h.StorageClass {
	case "STANDARD":
		h.StorageClass = ""
	case "", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR":
	case "GLACIER", "DEEP_ARCHIVE":
		return nil, notImplemented("the storage class %s", h.StorageClass)
	default:
		return nil, op.Errorf(400, "InvalidStorageClass", "The storage class you specified is not valid")
	}
	h.ContentEncoding = withoutChunked(h.ContentEncoding)
	if h.ContentType == "" {
		h.ContentType = "binary/octet-stream"
	}
	return &Object{
		Bucket: b.Name, Key: key, Owner: b.newOwner(c, in.ACL), ACL: canned(in.ACL), Headers: h, Meta: in.Meta, Tags: tags,
		Modified: c.Now.Truncate(time.Second),
	}, nil
}

// withoutChunked takes the framing off a Content-Encoding header.
//
// Source: S3 API sigv4-streaming: S3 stores the encoding without aws-chunked.
func withoutChunked(encoding string) string {
	var kept []string
	for _, e := range strings.Split(encoding, ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
			kept = append(kept, e)
		}
	}
	return strings.Join(kept, ",")
}

// store seals the bytes of o and makes it the newest version of its key.
func (s *Service) store(c *op.Call, b *Bucket, o *Object, body []byte, md5 string) error {
	key, e, err := s.newDataKey(c, b, o.Key, o.SSE)
	if err != nil {
		return err
	}
	o.SSE, o.Size = e, int64(len(body))
	if o.ETag == "" {
		if o.ETag, err = etag(c, e, md5); err != nil {
			return err
		}
	}
	if o.Blob, err = s.putBlob(c, key, body); err != nil {
		return err
	}
	return s.place(c, b, o)
}

// writeCondition applies If-Match and If-None-Match to the current version. A
// delete marker counts as absent. S3's ConditionalRequestConflict for requests that race
// cannot happen here: writes run alone, and the second one sees what the first did.
// Choice s3-conditional-copy.
//
// Source: S3 User Guide conditional-writes.
func (s *Service) writeCondition(b *Bucket, key, ifMatch, ifNoneMatch string) error {
	o := s.current(b.Name, key)
	switch {
	case ifMatch != "" && ifNoneMatch != "":
		return refusedCondition("If-Match,If-None-Match", "Multiple conditional request headers present in the request")
	case ifNoneMatch != "" && ifNoneMatch != "*":
		return refusedCondition("If-None-Match", "We don't accept the provided value of If-None-Match header for this API")
	case ifMatch == "*":
		return refusedCondition("If-Match", "We don't accept the provided value of If-Match header for this API")
	}
	if ifNoneMatch != "" {
		if o != nil {
			return preconditionFailed("If-None-Match")
		}
	}
	if ifMatch == "" {
		return nil
	}
	if o == nil {
		return &op.Error{Status: http.StatusNotFound, Code: "NoSuchKey", Message: "The specified key does not exist.", Fields: [][2]string{{"Key", key}}}
	}
	if unquote(ifMatch) != o.ETag {
		return preconditionFailed("If-Match")
	}
	return nil
}

// refusedCondition is S3's own refusal, which AWS answers with 501.
func refusedCondition(header, why string) error {
	return &op.Error{Status: 400, Code: "NotImplemented", Message: "A header you provided implies functionality that is not implemented",
		Fields: [][2]string{{"Header", header}, {"additionalMessage", why}}}
}

func preconditionFailed(condition string) error {
	return &op.Error{Status: http.StatusPreconditionFailed, Code: "PreconditionFailed",
		Message: "At least one of the pre-conditions you specified did not hold", Fields: [][2]string{{"Condition", condition}}}
}
