package s3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Limits of multipart uploads.
//
// Source: S3 User Guide qfacts.
const (
	maxPartNumber = 10000
	minPartSize   = 5 << 20
)

type createUploadInput struct {
	Bucket string `rest:"label:bucket"`
	Key    string `rest:"label:key"`
	writeInput
	Algorithm string `rest:"header:x-amz-checksum-algorithm"`
	Type      string `rest:"header:x-amz-checksum-type"`
}

type createUploadOutput struct {
	sseOutput
	Algorithm string `rest:"header:x-amz-checksum-algorithm"`
	Type      string `rest:"header:x-amz-checksum-type"`
	Body      struct {
		Bucket   string `xml:"Bucket"`
		Key      string `xml:"Key"`
		UploadID string `xml:"UploadId"`
	} `rest:"xml:InitiateMultipartUploadResult"`
}

// uploadInput names an upload.
type uploadInput struct {
	Bucket   string `rest:"label:bucket"`
	Key      string `rest:"label:key"`
	UploadID string `rest:"query:uploadId"`
}

type uploadPartInput struct {
	uploadInput
	PartNumber *int `rest:"query:partNumber"`
}

type uploadPartOutput struct {
	ETag string `rest:"header:ETag"`
	sseOutput
	checksumHeaders
}

type uploadPartCopyInput struct {
	uploadPartInput
	copySource
	Range string `rest:"header:x-amz-copy-source-range"`
}

type uploadPartCopyOutput struct {
	SourceVersion string `rest:"header:x-amz-copy-source-version-id"`
	sseOutput
	Body copyResult `rest:"xml:CopyPartResult"`
}

func (s *Service) multipartRows() []op.Row {
	part := op.WithPrepare(op.New("UploadPart", "S3 API_UploadPart", op.Write, s.uploadPartChecks, s.uploadPart),
		prepareDigests[*uploadPartInput])
	copied := op.New("UploadPartCopy", "S3 API_UploadPartCopy", op.Write, s.uploadPartCopyChecks, s.uploadPartCopy)
	copied.Asks = missingKeyReason
	rows := []op.Row{
		op.New("CreateMultipartUpload", "S3 API_CreateMultipartUpload", op.Write, s.createUploadChecks, s.createUpload),
		part, copied,
		op.New("AbortMultipartUpload", "S3 API_AbortMultipartUpload", op.Write,
			func(c *op.Call, in *uploadInput) ([]op.Check, error) {
				return s.initiatorChecks(c, in, "s3:AbortMultipartUpload")
			},
			func(c *op.Call, in *uploadInput) (*noContent, error) {
				u, err := s.upload(in)
				if err != nil {
					return nil, err
				}
				s.dropUpload(u)
				return deleted(), nil
			}),
	}
	for i := range rows {
		rows[i].Data = true
	}
	return rows
}

func (u *Upload) storeKey() string { return objectPrefix(u.Bucket, u.Key) + u.ID }

func (u *Upload) partPrefix() string { return u.Bucket + sep + u.ID + sep }

func (u *Upload) partKey(number int) string { return u.partPrefix() + fmt.Sprintf("%05d", number) }

func (s *Service) upload(in *uploadInput) (*Upload, error) {
	if u := s.uploads.Get(objectPrefix(in.Bucket, in.Key) + in.UploadID); u != nil && in.UploadID != "" {
		return u, nil
	}
	return nil, &op.Error{Status: http.StatusNotFound, Code: "NoSuchUpload", Fields: [][2]string{{"UploadId", in.UploadID}},
		Message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."}
}

func (s *Service) bucketUploads(bucket string) []*Upload {
	var all []*Upload
	for _, u := range s.uploads.Prefix(bucket + sep) {
		all = append(all, u)
	}
	return all
}

func (s *Service) uploadParts(u *Upload) []*Part {
	var all []*Part
	for _, p := range s.parts.Prefix(u.partPrefix()) {
		all = append(all, p)
	}
	return all
}

// dropUpload forgets an upload with its parts.
func (s *Service) dropUpload(u *Upload) {
	for _, p := range s.uploadParts(u) {
		s.parts.Delete(u.partKey(p.Number))
		s.blobs.Delete(p.Blob)
	}
	s.uploads.Delete(u.storeKey())
}

// uploadChecks is one action on the key of an upload.
func (s *Service) uploadChecks(c *op.Call, in *uploadInput, action string, keys ...op.Key) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	return []op.Check{s.onObject(c, b, action, in.Key, keys...)}, nil
}

// initiatorChecks is uploadChecks for what whoever began the upload may do with it unless a
// policy denies it, and the root user of an IAM user's account as well. The other default on
// the page, the bucket's owner, is the root user that every action is open to.
// Choice s3-initiator-default.
//
// Source: S3 User Guide mpuoverview, "Multipart upload API and permissions": "By default,
// the bucket owner and the initiator of the multipart upload are allowed to perform this
// action as a part of IAM and S3 bucket policies"; API_ListParts.
func (s *Service) initiatorChecks(c *op.Call, in *uploadInput, action string) ([]op.Check, error) {
	checks, err := s.uploadChecks(c, in, action)
	if u, missing := s.upload(in); err == nil && missing == nil && c.Caller.Account != "" {
		id := u.Initiator.ID
		account := "arn:aws:iam::" + c.Caller.Account + ":user/"
		checks[0].Default = initiator(c).ID == id || c.Caller.Principal.Type == policy.Root && strings.HasPrefix(id, account)
	}
	return checks, err
}

// partChecks is s3:PutObject with the encryption headers that the upload was
// made with, and the key for reading parts back.
//
// Source: S3 User Guide mpuoverview (permissions) and API_UploadPart. That the
// condition keys of the parts are those of CreateMultipartUpload is an
// inference: bucket policies that demand the header let multipart uploads pass.
// Choice s3-part-headers.
func (s *Service) partChecks(c *op.Call, in *uploadInput, creation string, decrypt bool, keys ...op.Key) ([]op.Check, error) {
	keys = append(keys, op.Single("s3:ObjectCreationOperation", creation))
	u, missing := s.upload(in)
	if missing == nil {
		keys = (&sseInput{Encryption: u.Encryption, KMSKeyID: u.KMSKeyID}).conditionKeys(keys)
	}
	checks, err := s.uploadChecks(c, in, "s3:PutObject", keys...)
	if err != nil || missing != nil || !decrypt {
		return checks, err
	}
	kms, err := s.keyChecks(c, s.buckets.Get(in.Bucket), "kms:Decrypt", in.Key, u.SSE)
	if err != nil {
		return deferred(checks, err)
	}
	return append(checks, kms...), nil
}

func (s *Service) createUploadChecks(c *op.Call, in *createUploadInput) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	if c.Caller.Account == "" {
		// However public the bucket is: aws/aws-sdk-cpp issue 1575.
		return nil, op.Errorf(http.StatusForbidden, "AccessDenied", "Anonymous users cannot initiate multipart uploads.  Please authenticate.")
	}
	checks, err := s.writeChecks(c, b, in.Key, &in.writeInput, "false")
	if err != nil {
		return nil, err
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

func (s *Service) createUpload(c *op.Call, in *createUploadInput) (*createUploadOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if err := checkWriter(c, b, in.ACL); err != nil {
		return nil, err
	}
	o, err := newObject(c, b, in.Key, &in.writeInput)
	if err != nil {
		return nil, err
	}
	sum, err := uploadChecksum(in.Algorithm, in.Type)
	if err != nil {
		return nil, err
	}
	e, err := s.usableSSE(c, b, in.Key, in.sseInput)
	if err != nil {
		return nil, err
	}
	id, err := randomID(c, 64)
	if err != nil {
		return nil, err
	}
	if _, e, err = s.newDataKey(c, b, in.Key, e); err != nil {
		return nil, err
	}
	u := &Upload{
		Bucket: b.Name, Key: in.Key, ID: id, Initiated: c.Now, Owner: o.Owner, ACL: o.ACL, SSE: e,
		Initiator: initiator(c),
		Headers:   o.Headers, Meta: o.Meta, Tags: o.Tags, Checksum: sum,
		Encryption: in.Encryption, KMSKeyID: in.KMSKeyID, Found: s.latest(b.Name, in.Key).mark(),
	}
	s.uploads.Put(u.storeKey(), u)
	noteSSE(c, e, in.sseInput)
	out := &createUploadOutput{sseOutput: sseHeaders(e), Algorithm: sum.Algorithm, Type: sum.Type}
	out.Body.Bucket, out.Body.Key, out.Body.UploadID = b.Name, in.Key, id
	return out, nil
}

// initiator is who begins an upload: an account by its canonical ID, an IAM user by its
// ARN. That a role's session has its ARN too is an inference from the user's: no page and
// no published answer shows one. Choice s3-initiator-of-a-session.
//
// Source: S3 API_Initiator.
func initiator(c *op.Call) Owner {
	p := &c.Caller.Principal
	if p.Type == policy.Root {
		return ownerOf(p.Account)
	}
	return Owner{ID: p.ARN, DisplayName: lastSegment(p.ARN)}
}

func lastSegment(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// uploadChecksum is the algorithm and type of an upload.
//
// Source: S3 User Guide checking-object-integrity-upload.
func uploadChecksum(algorithm, kind string) (Checksum, error) {
	algorithm = strings.ToUpper(algorithm)
	if algorithm == "" {
		if kind != "" {
			return Checksum{}, op.Errorf(400, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return Checksum{}, nil
	}
	if newHash(algorithm) == nil {
		return Checksum{}, op.Errorf(400, "InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	if kind == "" {
		kind = composite
		if algorithm == "CRC64NVME" {
			kind = fullObject
		}
	}
	bad := kind != composite && kind != fullObject
	bad = bad || (kind == composite && algorithm == "CRC64NVME")
	bad = bad || (kind == fullObject && strings.HasPrefix(algorithm, "SHA"))
	if bad {
		return Checksum{}, op.Errorf(400, "InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(algorithm))
	}
	return Checksum{Algorithm: algorithm, Type: kind}, nil
}

func (s *Service) uploadPartChecks(c *op.Call, in *uploadPartInput) ([]op.Check, error) {
	return s.partChecks(c, &in.uploadInput, "false", true)
}

func (s *Service) uploadPart(c *op.Call, in *uploadPartInput) (*uploadPartOutput, error) {
	u, err := s.upload(&in.uploadInput)
	if err != nil {
		return nil, err
	}
	d := c.Prepared.(digests)
	if sent, _, err := requestChecksum(c.HTTP.Header); err == nil && u.Checksum.Algorithm != "" && sent != u.Checksum.Algorithm {
		if sent != "" || u.Checksum.Type == composite {
			if sent == "" {
				sent = "null"
			}
			return nil, op.Errorf(400, "InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
				strings.ToLower(u.Checksum.Algorithm), strings.ToLower(sent))
		}
		d = digestsOf(c.Body, u.Checksum.Algorithm)
	}
	p, err := s.putPart(c, u, in.PartNumber, c.Body, d)
	if err != nil {
		return nil, err
	}
	sum := shown(p.Checksum)
	sum.ChecksumType = ""
	return &uploadPartOutput{ETag: quote(p.ETag), sseOutput: sseHeaders(u.SSE), checksumHeaders: sum}, nil
}

// putPart seals a part under the upload's data key. A part of the same number
// is replaced.
func (s *Service) putPart(c *op.Call, u *Upload, number *int, body []byte, d digests) (*Part, error) {
	if number == nil || *number < 1 || *number > maxPartNumber {
		return nil, &op.Error{Status: 400, Code: "InvalidArgument", Message: "Part number must be an integer between 1 and 10000, inclusive",
			Fields: [][2]string{{"ArgumentName", "partNumber"}}}
	}
	key, err := s.dataKey(c, s.buckets.Get(u.Bucket), u.Key, u.SSE)
	if err != nil {
		return nil, err
	}
	tag, err := etag(c, u.SSE, d.md5)
	if err != nil {
		return nil, err
	}
	blob, err := s.putBlob(c, key, body)
	if err != nil {
		return nil, err
	}
	id := u.partKey(*number)
	if old := s.parts.Get(id); old != nil {
		s.blobs.Delete(old.Blob)
	}
	p := &Part{Number: *number, Size: int64(len(body)), ETag: tag, Modified: c.Now.Truncate(time.Second), Blob: blob, Checksum: d.checksum}
	s.parts.Put(id, p)
	return p, nil
}

func (s *Service) uploadPartCopyChecks(c *op.Call, in *uploadPartCopyInput) ([]op.Check, error) {
	_, source, err := s.sourceChecks(c, &in.copySource)
	if err != nil {
		return nil, err
	}
	checks, err := s.partChecks(c, &in.uploadInput, "false", true, op.Single("s3:x-amz-copy-source", strings.TrimPrefix(in.Source, "/")))
	return append(source, checks...), err
}

// copySpan reads x-amz-copy-source-range, which unlike Range must name both ends
// and lie within the source.
//
// Source: S3 API_UploadPartCopy, x-amz-copy-source-range; the errors as
// observed on AWS.
func copySpan(header string, size int64) (span, error) {
	refuse := func(message string) error {
		return &op.Error{Status: 400, Code: "InvalidArgument", Message: message,
			Fields: [][2]string{{"ArgumentName", "x-amz-copy-source-range"}, {"ArgumentValue", header}}}
	}
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, two := strings.Cut(spec, "-")
	from, err1 := strconv.ParseUint(first, 10, 62)
	to, err2 := strconv.ParseUint(last, 10, 62)
	switch {
	case !ok || !two || err1 != nil || err2 != nil || to < from:
		return span{}, refuse("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	case int64(from) >= size:
		return span{}, op.Errorf(400, "InvalidRequest", "The specified copy range is invalid for the source object size")
	case int64(to) >= size:
		return span{}, refuse(fmt.Sprintf("Range specified is not valid for source object of size: %d", size))
	}
	return span{int64(from), int64(to) + 1, true}, nil
}

func (s *Service) uploadPartCopy(c *op.Call, in *uploadPartCopyInput) (*uploadPartCopyOutput, error) {
	u, err := s.upload(&in.uploadInput)
	if err != nil {
		return nil, err
	}
	source, body, err := s.openSource(c, &in.copySource)
	if err != nil {
		return nil, err
	}
	if in.Range != "" {
		sp, err := copySpan(in.Range, source.Size)
		if err != nil {
			return nil, err
		}
		body = body[sp.from:sp.to]
	}
	if err := copyable(int64(len(body))); err != nil {
		return nil, err
	}
	p, err := s.putPart(c, u, in.PartNumber, body, digestsOf(body, u.Checksum.Algorithm))
	if err != nil {
		return nil, err
	}
	sum := shown(p.Checksum)
	sum.ChecksumType = ""
	return &uploadPartCopyOutput{
		SourceVersion: s.shownVersion(source), sseOutput: sseHeaders(u.SSE),
		Body: copyResult{LastModified: timestamp(p.Modified), ETag: quote(p.ETag), checksumHeaders: sum},
	}, nil
}
