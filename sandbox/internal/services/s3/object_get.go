package s3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type getObjectInput struct {
	objectInput
	readConditions
	Range        string `rest:"header:Range"`
	PartNumber   *int   `rest:"query:partNumber"`
	ChecksumMode string `rest:"header:x-amz-checksum-mode"`

	CacheControl       string `rest:"query:response-cache-control"`
	ContentDisposition string `rest:"query:response-content-disposition"`
	ContentEncoding    string `rest:"query:response-content-encoding"`
	ContentLanguage    string `rest:"query:response-content-language"`
	ContentType        string `rest:"query:response-content-type"`
	Expires            string `rest:"query:response-expires"`
}

type readConditions struct {
	IfMatch           string     `rest:"header:If-Match"`
	IfNoneMatch       string     `rest:"header:If-None-Match"`
	IfModifiedSince   *time.Time `rest:"header:If-Modified-Since"`
	IfUnmodifiedSince *time.Time `rest:"header:If-Unmodified-Since"`
}

type getObjectOutput struct {
	Status        int       `rest:"status"`
	AcceptRanges  string    `rest:"header:Accept-Ranges"`
	ContentLength *int64    `rest:"header:Content-Length"`
	ContentRange  string    `rest:"header:Content-Range"`
	ETag          string    `rest:"header:ETag"`
	LastModified  time.Time `rest:"header:Last-Modified"`
	VersionID     string    `rest:"header:x-amz-version-id"`
	TagCount      int       `rest:"header:x-amz-tagging-count"`
	PartsCount    int       `rest:"header:x-amz-mp-parts-count"`
	ObjectHeaders
	Meta map[string]string `rest:"prefix:x-amz-meta-"`
	sseOutput
	checksumHeaders
	Body []byte `rest:"payload"`
}

func (s *Service) getRows() []op.Row {
	get := op.New("GetObject", "S3 API_GetObject", op.Read, s.getObjectChecks, s.getObject)
	head := op.New("HeadObject", "S3 API_HeadObject", op.Read, s.headObjectChecks, s.headObject)
	reason := missingKeyReason + "; x-amz-tagging-count is for those who may read the tags"
	get.Asks, get.Data = reason, true
	head.Asks, head.Data = reason, true
	return []op.Row{get, head}
}

func (s *Service) getObjectChecks(c *op.Call, in *getObjectInput) ([]op.Check, error) {
	return s.readChecks(c, &in.objectInput, true)
}

// headObjectChecks asks for the key only where S3 needs it: for the checksum.
//
// Source: S3 API_HeadObject, x-amz-checksum-mode.
func (s *Service) headObjectChecks(c *op.Call, in *getObjectInput) ([]op.Check, error) {
	return s.readChecks(c, &in.objectInput, strings.EqualFold(in.ChecksumMode, "ENABLED"))
}

func (s *Service) readChecks(c *op.Call, in *objectInput, decrypt bool) ([]op.Check, error) {
	checks, err := s.versionChecks(c, in, "s3:GetObject", "s3:GetObjectVersion")
	if err != nil {
		return nil, err
	}
	o := s.version(in.Bucket, in.Key, in.VersionID)
	if o == nil || o.DeleteMarker || !decrypt {
		return checks, nil
	}
	kms, err := s.keyChecks(c, s.buckets.Get(in.Bucket), "kms:Decrypt", in.Key, o.SSE)
	if err != nil {
		return deferred(checks, err)
	}
	return append(checks, kms...), nil
}

// headOf is what GET and HEAD answer besides the bytes.
func (s *Service) headOf(c *op.Call, in *getObjectInput, o *Object) (*getObjectOutput, error) {
	if err := in.readConditions.check(o); err != nil {
		return nil, err
	}
	size := o.Size
	out := &getObjectOutput{
		AcceptRanges: "bytes", ContentLength: &size, ETag: quote(o.ETag), LastModified: o.Modified,
		VersionID: s.shownVersion(o), TagCount: s.tagCount(c, &in.objectInput, o), ObjectHeaders: o.Headers, Meta: o.Meta,
		sseOutput: sseHeaders(o.SSE),
	}
	switch {
	case in.ChecksumMode == "":
	case strings.EqualFold(in.ChecksumMode, "ENABLED"):
		out.checksumHeaders = shown(o.Checksum)
	default:
		return nil, invalidArgument("x-amz-checksum-mode", in.ChecksumMode, "the value is not valid")
	}
	return out, in.override(c, &out.ObjectHeaders)
}

// tagCount is how many tags the object has, for those who may read them.
//
// Source: S3 API_GetObject and API_HeadObject, x-amz-tagging-count: "when you
// have the relevant permission to read object tags".
func (s *Service) tagCount(c *op.Call, in *objectInput, o *Object) int {
	if len(o.Tags) == 0 {
		return 0
	}
	checks, err := s.versionChecks(c, in, "s3:GetObjectTagging", "s3:GetObjectVersionTagging")
	for i := range checks {
		if err == nil {
			err = c.Ask(checks[i])
		}
	}
	if err != nil {
		return 0
	}
	return len(o.Tags)
}

// override applies the response-... parameters.
func (in *getObjectInput) override(c *op.Call, h *ObjectHeaders) error {
	set := false
	for _, p := range [][2]*string{
		{&in.CacheControl, &h.CacheControl}, {&in.ContentDisposition, &h.ContentDisposition},
		{&in.ContentEncoding, &h.ContentEncoding}, {&in.ContentLanguage, &h.ContentLanguage},
		{&in.ContentType, &h.ContentType}, {&in.Expires, &h.Expires},
	} {
		if *p[0] != "" {
			*p[1], set = *p[0], true
		}
	}
	if set && c.Caller.AccessKeyID == "" {
		return op.Errorf(400, "InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")
	}
	return nil
}

// check applies RFC 9110's order: If-Match before If-Unmodified-Since,
// If-None-Match before If-Modified-Since.
//
// Source: S3 API_GetObject ("Additional considerations about request headers").
func (in *readConditions) check(o *Object) error {
	switch failed := in.failed(o); failed {
	case "":
		return nil
	case "If-Match", "If-Unmodified-Since":
		return preconditionFailed(failed)
	}
	return &op.Error{Status: http.StatusNotModified, Code: "NotModified", Message: "Not Modified",
		Header: map[string]string{"ETag": quote(o.ETag), "Last-Modified": o.Modified.UTC().Format(http.TimeFormat)}}
}

// failed names the header whose condition does not hold; empty: all do.
func (in *readConditions) failed(o *Object) string {
	switch {
	case in.IfMatch != "" && !etagIn(in.IfMatch, o.ETag):
		return "If-Match"
	case in.IfMatch == "" && in.IfUnmodifiedSince != nil && o.Modified.After(*in.IfUnmodifiedSince):
		return "If-Unmodified-Since"
	case in.IfNoneMatch != "" && etagIn(in.IfNoneMatch, o.ETag):
		return "If-None-Match"
	case in.IfNoneMatch == "" && in.IfModifiedSince != nil && !o.Modified.After(*in.IfModifiedSince):
		return "If-Modified-Since"
	}
	return ""
}

func etagIn(list, etag string) bool {
	for _, e := range strings.Split(list, ",") {
		if e = strings.TrimSpace(e); e == "*" || unquote(strings.TrimPrefix(e, "W/")) == etag {
			return true
		}
	}
	return false
}

// span is the part of an object that a request wants.
type span struct {
	from, to int64 // to is exclusive
	partial  bool
}

// wanted reads Range and partNumber.
func (in *getObjectInput) wanted(o *Object, out *getObjectOutput) (span, error) {
	if in.PartNumber != nil {
		if in.Range != "" {
			return span{}, op.Errorf(400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
		}
		return partSpan(o, *in.PartNumber, out)
	}
	return rangeSpan(in.Range, o.Size)
}

// rangeSpan reads a Range header. One that is not understood is ignored, and
// so are several ranges, as HTTP allows.
//
// Source: S3 API_GetObject ("Range"); RFC 9110 section 14.2.
func rangeSpan(header string, size int64) (span, error) {
	whole := span{0, size, false}
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return whole, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return whole, nil
	}
	unsatisfiable := &op.Error{Status: http.StatusRequestedRangeNotSatisfiable, Code: "InvalidRange", Message: "The requested range is not satisfiable",
		Fields: [][2]string{{"RangeRequested", header}, {"ActualObjectSize", strconv.FormatInt(size, 10)}},
		Header: map[string]string{"Content-Range": fmt.Sprintf("bytes */%d", size)}}
	if first == "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil {
			return whole, nil
		}
		if n == 0 || size == 0 {
			return span{}, unsatisfiable
		}
		return span{max(size-int64(n), 0), size, true}, nil
	}
	from, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return whole, nil
	}
	to := size
	if last != "" {
		n, err := strconv.ParseUint(last, 10, 62)
		if err != nil || n < from {
			return whole, nil
		}
		to = min(int64(n)+1, size)
	}
	if int64(from) >= size {
		return span{}, unsatisfiable
	}
	return span{int64(from), to, true}, nil
}

func partSpan(o *Object, number int, out *getObjectOutput) (span, error) {
	if number < 1 || number > max(len(o.Parts), 1) {
		return span{}, &op.Error{Status: http.StatusRequestedRangeNotSatisfiable, Code: "InvalidPartNumber", Message: "The requested partnumber is not satisfiable",
			Fields: [][2]string{{"PartNumberRequested", itoa(number)}, {"ActualPartCount", itoa(max(len(o.Parts), 1))}}}
	}
	if o.Parts == nil {
		return span{0, o.Size, true}, nil
	}
	out.PartsCount = len(o.Parts)
	var from int64
	for _, p := range o.Parts[:number-1] {
		from += p.Size
	}
	return span{from, from + o.Parts[number-1].Size, true}, nil
}

// cut sets length, range and status of the response.
func (out *getObjectOutput) cut(sp span, size int64) {
	n := sp.to - sp.from
	out.ContentLength = &n
	if sp.partial && size > 0 {
		out.Status = http.StatusPartialContent
		out.ContentRange = fmt.Sprintf("bytes %d-%d/%d", sp.from, sp.to-1, size)
		if n != size {
			// The checksum is the whole object's: it would not match.
			out.checksumHeaders = checksumHeaders{}
		}
	}
}

func (s *Service) headObject(c *op.Call, in *getObjectInput) (*getObjectOutput, error) {
	o, err := s.readable(c, &in.objectInput)
	if err != nil {
		return nil, err
	}
	out, err := s.headOf(c, in, o)
	if err != nil {
		return nil, err
	}
	sp, err := in.wanted(o, out)
	if err != nil {
		return nil, err
	}
	out.cut(sp, o.Size)
	return out, nil
}

func (s *Service) getObject(c *op.Call, in *getObjectInput) (*getObjectOutput, error) {
	out, err := s.headObject(c, in)
	if err != nil {
		return nil, err
	}
	o := s.version(in.Bucket, in.Key, in.VersionID)
	body, err := s.plaintext(c, s.buckets.Get(in.Bucket), o)
	if err != nil {
		return nil, err
	}
	sp, err := in.wanted(o, out)
	if err != nil {
		return nil, err
	}
	out.Body = body[sp.from:sp.to]
	return out, nil
}

// plaintext opens an object's bytes. The caller's right to the key was a check.
func (s *Service) plaintext(c *op.Call, b *Bucket, o *Object) ([]byte, error) {
	if _, err := s.keyChecks(c, b, "kms:Decrypt", o.Key, o.SSE); err != nil {
		return nil, err
	}
	key, err := s.dataKey(c, b, o.Key, o.SSE)
	if err != nil {
		return nil, err
	}
	return s.openBlob(key, o.Blob)
}
