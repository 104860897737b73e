package s3

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// copySource is what CopyObject and UploadPartCopy say of the source.
type copySource struct {
	Source            string     `rest:"header:x-amz-copy-source"`
	IfMatch           string     `rest:"header:x-amz-copy-source-if-match"`
	IfNoneMatch       string     `rest:"header:x-amz-copy-source-if-none-match"`
	IfModifiedSince   *time.Time `rest:"header:x-amz-copy-source-if-modified-since"`
	IfUnmodifiedSince *time.Time `rest:"header:x-amz-copy-source-if-unmodified-since"`
	ExpectedOwner     string     `rest:"header:x-amz-source-expected-bucket-owner"`
}

type copyInput struct {
	Bucket string `rest:"label:bucket"`
	Key    string `rest:"label:key"`
	copySource
	writeInput
	DestIfMatch       string `rest:"header:If-Match"`
	DestIfNoneMatch   string `rest:"header:If-None-Match"`
	MetadataDirective string `rest:"header:x-amz-metadata-directive"`
	TaggingDirective  string `rest:"header:x-amz-tagging-directive"`
	Algorithm         string `rest:"header:x-amz-checksum-algorithm"`
}

type copyOutput struct {
	VersionID     string `rest:"header:x-amz-version-id"`
	SourceVersion string `rest:"header:x-amz-copy-source-version-id"`
	sseOutput
	Body copyResult `rest:"xml:CopyObjectResult"`
}

type copyResult struct {
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	checksumHeaders
}

func (s *Service) copyRows() []op.Row {
	row := op.New("CopyObject", "S3 API_CopyObject", op.Write, s.copyChecks, s.copyObject)
	row.Asks, row.Data = missingKeyReason, true
	return []op.Row{row}
}

// source reads x-amz-copy-source: /BUCKET/KEY?versionId=ID, URL encoded.
func (in *copySource) source() (*objectInput, error) {
	path, query, _ := strings.Cut(in.Source, "?")
	bad := invalidArgument("x-amz-copy-source", in.Source, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	if strings.HasPrefix(path, "arn:") {
		return nil, notImplemented("access points as the copy source")
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, bad
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || bucket == "" || key == "" {
		return nil, bad
	}
	o := &objectInput{Bucket: bucket, Key: key}
	if query == "" {
		return o, nil
	}
	q, err := url.ParseQuery(query)
	if err != nil || len(q) != 1 || len(q["versionId"]) != 1 {
		return nil, bad
	}
	o.VersionID = q.Get("versionId")
	return o, nil
}

// sourceChecks is what reading the source must be allowed. The source may be
// in another region than the request: S3 fetches it.
func (s *Service) sourceChecks(c *op.Call, in *copySource) (*objectInput, []op.Check, error) {
	src, err := in.source()
	if err != nil {
		return nil, nil, err
	}
	if err := checkVersionID(src.VersionID); err != nil {
		return nil, nil, err
	}
	b := s.buckets.Get(src.Bucket)
	if b == nil {
		return nil, nil, &op.Error{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist", Fields: [][2]string{{"BucketName", src.Bucket}}}
	}
	if err := expectOwner(c, "X-Amz-Source-Expected-Bucket-Owner", b); err != nil {
		return nil, nil, err
	}
	action, keys := "s3:GetObject", []op.Key(nil)
	if src.VersionID != "" {
		action, keys = "s3:GetObjectVersion", []op.Key{op.Single("s3:VersionId", src.VersionID)}
	}
	o := s.version(src.Bucket, src.Key, src.VersionID)
	read, err := s.onVersion(c, b, action, src.Key, o, keys...)
	if err != nil {
		return nil, nil, err
	}
	checks := []op.Check{read}
	if o == nil || o.DeleteMarker {
		return src, checks, nil
	}
	kms, err := s.keyChecks(c, b, "kms:Decrypt", src.Key, o.SSE)
	if err != nil {
		return src, checks, nil // the handler meets the error again
	}
	return src, append(checks, kms...), nil
}

func (s *Service) copyChecks(c *op.Call, in *copyInput) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	src, checks, err := s.sourceChecks(c, &in.copySource)
	if err != nil {
		return nil, err
	}
	copied := s.version(src.Bucket, src.Key, src.VersionID)
	if in.TaggingDirective != "REPLACE" && copied != nil && len(copied.Tags) > 0 {
		// Source: S3 API_CopyObject: copying tags needs s3:GetObjectTagging on
		// the source and s3:PutObjectTagging on the destination.
		action, keys := "s3:GetObjectTagging", []op.Key(nil)
		if src.VersionID != "" {
			action, keys = "s3:GetObjectVersionTagging", []op.Key{op.Single("s3:VersionId", src.VersionID)}
		}
		checks = append(checks, s.onObject(c, s.buckets.Get(src.Bucket), action, src.Key, existing(keys, copied)...))
	}
	keys := []op.Key{op.Single("s3:x-amz-copy-source", strings.TrimPrefix(in.Source, "/"))}
	keys = present(keys, "s3:x-amz-metadata-directive", in.MetadataDirective)
	keys = present(keys, "s3:if-match", in.DestIfMatch)
	keys = present(keys, "s3:if-none-match", in.DestIfNoneMatch)
	write, err := s.writeChecks(c, b, in.Key, &in.writeInput, "true", keys...)
	if err != nil {
		return nil, err
	}
	checks = append(checks, write...)
	if in.DestIfMatch != "" {
		match, err := s.matchCheck(c, b, in.Key)
		if err != nil {
			return nil, err
		}
		checks = append(checks, match)
	}
	if in.TaggingDirective != "REPLACE" && copied != nil && len(copied.Tags) > 0 {
		checks = append(checks, s.onObject(c, b, "s3:PutObjectTagging", in.Key, requested(nil, copied.Tags)...))
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

// openSource finds the source object, applies the conditions and opens it.
func (s *Service) openSource(c *op.Call, in *copySource) (*Object, []byte, error) {
	src, err := in.source()
	if err != nil {
		return nil, nil, err
	}
	if o := s.version(src.Bucket, src.Key, src.VersionID); o != nil && o.DeleteMarker && src.VersionID != "" {
		return nil, nil, op.Errorf(400, "InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	o, err := s.readable(c, src)
	if err != nil {
		return nil, nil, err
	}
	cond := readConditions{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince}
	if failed := cond.failed(o); failed != "" {
		// A copy has no 304: every condition that fails is 412.
		// Source: S3 API_CopyObject, the x-amz-copy-source-if headers.
		return nil, nil, preconditionFailed("x-amz-copy-source-" + failed)
	}
	body, err := s.plaintext(c, s.buckets.Get(o.Bucket), o)
	return o, body, err
}

func (s *Service) copyObject(c *op.Call, in *copyInput) (*copyOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if err := checkWriter(c, b, in.ACL); err != nil {
		return nil, err
	}
	if err := checkDirectives(in); err != nil {
		return nil, err
	}
	if err := s.writeCondition(b, in.Key, in.DestIfMatch, in.DestIfNoneMatch); err != nil {
		return nil, err
	}
	source, body, err := s.openSource(c, &in.copySource)
	if err != nil {
		return nil, err
	}
	if err := copyable(source.Size); err != nil {
		return nil, err
	}
	o, err := newObject(c, b, in.Key, &in.writeInput)
	if err != nil {
		return nil, err
	}
	if err := in.changes(b, source); err != nil {
		return nil, err
	}
	if in.MetadataDirective != "REPLACE" {
		class := o.Headers.StorageClass
		o.Headers, o.Meta = source.Headers, source.Meta
		o.Headers.StorageClass = class
	}
	if in.TaggingDirective != "REPLACE" {
		o.Tags = source.Tags
	}
	if o.SSE, err = s.usableSSE(c, b, in.Key, in.sseInput); err != nil {
		return nil, err
	}
	algorithm := strings.ToUpper(in.Algorithm)
	if algorithm == "" {
		algorithm = cmp.Or(source.Checksum.Algorithm, defaultChecksum)
	}
	if newHash(algorithm) == nil {
		return nil, invalidArgument("x-amz-checksum-algorithm", in.Algorithm, "Checksum algorithm provided is unsupported")
	}
	// What is known of the source is not computed again.
	if o.Checksum = source.Checksum; o.Checksum.Algorithm != algorithm || o.Checksum.Type != fullObject {
		o.Checksum = Checksum{algorithm, checksum(algorithm, body), fullObject}
	}
	md5 := ""
	if o.SSE.Algorithm != sseKMS {
		md5 = md5Hex(body)
	}
	sourceVersion := s.shownVersion(source)
	if sourceVersion == nullVersion {
		sourceVersion = "" // observed on AWS: only a source that has an ID of its own is told
	}
	if err := s.store(c, b, o, body, md5); err != nil {
		return nil, err
	}
	noteSSE(c, o.SSE, in.sseInput)
	return &copyOutput{
		VersionID: s.shownVersion(o), SourceVersion: sourceVersion, sseOutput: sseHeaders(o.SSE),
		Body: copyResult{LastModified: timestamp(o.Modified), ETag: quote(o.ETag), checksumHeaders: shown(o.Checksum)},
	}, nil
}

// changes refuses the copy of an object onto itself that asks for nothing new. What
// counts is that the request says something, not that it differs from what is there; a
// source that is named by its version makes it a copy like any other. Encryption that the
// request does not name is the bucket's default: a source under KMS changes by it.
//
// Source: S3 API_CopyObject and Error, InvalidRequest; observed on AWS (storage class,
// encryption and bucket default; ACLs and checksum algorithms do not count); a named
// version: versity/versitygw pull request 2418.
func (in *copyInput) changes(b *Bucket, source *Object) error {
	src, err := in.source()
	switch {
	case err != nil:
		return err
	case source.Bucket != in.Bucket || source.Key != in.Key || src.VersionID != "":
	case in.MetadataDirective == "REPLACE" || in.StorageClass != "":
	case in.Encryption != "" || in.BucketKey != nil || b.Encryption != nil || source.SSE.Algorithm != sseS3:
	default:
		return op.Errorf(400, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return nil
}

// maxCopy is the most that one copy takes: more is copied part by part.
//
// Source: S3 API_CopyObject: "You can copy an object of up to 5 GB".
const maxCopy = 5 << 30

func copyable(size int64) error {
	if size > maxCopy {
		return op.Errorf(400, "InvalidRequest", "The specified copy source is larger than the maximum allowable size for a copy source: %d", maxCopy)
	}
	return nil
}

func checkDirectives(in *copyInput) error {
	for name, v := range map[string]string{"x-amz-metadata-directive": in.MetadataDirective, "x-amz-tagging-directive": in.TaggingDirective} {
		if v != "" && v != "COPY" && v != "REPLACE" {
			return &op.Error{Status: http.StatusBadRequest, Code: "InvalidArgument", Message: "Unknown directive.",
				Fields: [][2]string{{"ArgumentName", name}, {"ArgumentValue", v}}}
		}
	}
	return nil
}
