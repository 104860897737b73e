package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type completeInput struct {
	uploadInput
	IfMatch     string `rest:"header:If-Match"`
	IfNoneMatch string `rest:"header:If-None-Match"`
	Size        *int64 `rest:"header:x-amz-mp-object-size"`
	checksumHeaders
	Parts completeParts `rest:"xml:CompleteMultipartUpload"`
}

type completeParts struct {
	Parts []completedPart `xml:"Part"`
}

type completedPart struct {
	Number int    `xml:"PartNumber"`
	ETag   string `xml:"ETag"`
	checksumHeaders
}

type completeOutput struct {
	VersionID string `rest:"header:x-amz-version-id"`
	sseOutput
	Body completeResult `rest:"xml:CompleteMultipartUploadResult"`
}

type completeResult struct {
	Location string `xml:"Location"`
	Bucket   string `xml:"Bucket"`
	Key      string `xml:"Key"`
	ETag     string `xml:"ETag"`
	checksumHeaders
}

func (s *Service) completeRows() []op.Row {
	row := op.New("CompleteMultipartUpload", "S3 API_CompleteMultipartUpload", op.Write, s.completeChecks, s.complete)
	row.Data = true
	return []op.Row{row}
}

// completeChecks asks for the key where the upload has an additional checksum.
//
// Source: S3 API_CompleteMultipartUpload, "Permissions".
func (s *Service) completeChecks(c *op.Call, in *completeInput) ([]op.Check, error) {
	u, err := s.upload(&in.uploadInput)
	decrypt := err == nil && u.Checksum.Algorithm != ""
	var keys []op.Key
	keys = present(keys, "s3:if-match", in.IfMatch)
	keys = present(keys, "s3:if-none-match", in.IfNoneMatch)
	checks, err := s.partChecks(c, &in.uploadInput, "true", decrypt, keys...)
	if err != nil || in.IfMatch == "" {
		return checks, err
	}
	match, err := s.matchCheck(c, s.buckets.Get(in.Bucket), in.Key)
	return append(checks, match), err
}

func (s *Service) complete(c *op.Call, in *completeInput) (*completeOutput, error) {
	u, err := s.upload(&in.uploadInput)
	if err != nil {
		return nil, err
	}
	b := s.buckets.Get(in.Bucket)
	if err := s.completeCondition(b, u, in); err != nil {
		return nil, err
	}
	parts, err := s.chosenParts(u, in)
	if err != nil {
		return nil, err
	}
	key, err := s.dataKey(c, b, u.Key, u.SSE)
	if err != nil {
		return nil, err
	}
	o := &Object{
		Bucket: u.Bucket, Key: u.Key, Owner: u.Owner, ACL: u.ACL, Modified: c.Now.Truncate(time.Second), SSE: u.SSE,
		Headers: u.Headers, Meta: u.Meta, Tags: u.Tags,
	}
	var body, tags, sums []byte
	for _, p := range parts {
		data, err := s.openBlob(key, p.Blob)
		if err != nil {
			return nil, err
		}
		body = append(body, data...)
		tag, err := hex.DecodeString(p.ETag)
		if err != nil {
			return nil, fmt.Errorf("s3: part %d: %w", p.Number, err)
		}
		tags = append(tags, tag...)
		sum, err := base64.StdEncoding.DecodeString(p.Checksum.Value)
		if err != nil {
			return nil, fmt.Errorf("s3: part %d: %w", p.Number, err)
		}
		sums = append(sums, sum...)
		kept := *p
		kept.Blob = ""
		o.Parts = append(o.Parts, kept)
	}
	sum := md5.Sum(tags)
	o.ETag = fmt.Sprintf("%x-%d", sum, len(parts))
	o.Checksum = wholeChecksum(u.Checksum, body, sums, len(parts))
	if err := in.verify(o, int64(len(body))); err != nil {
		return nil, err
	}
	o.Size = int64(len(body))
	if o.Blob, err = s.putBlob(c, key, body); err != nil {
		return nil, err
	}
	if err := s.place(c, b, o); err != nil {
		return nil, err
	}
	s.dropUpload(u)
	return &completeOutput{
		VersionID: s.shownVersion(o), sseOutput: sseHeaders(o.SSE),
		Body: completeResult{
			Location: "https://" + b.Name + ".s3." + b.Region + ".amazonaws.com/" + encodeKey(o.Key),
			Bucket:   b.Name, Key: o.Key, ETag: quote(o.ETag), checksumHeaders: shown(o.Checksum),
		},
	}, nil
}

// completeCondition is writeCondition for uploads, whose key may have changed
// since they began.
//
// Source: S3 API_CompleteMultipartUpload, If-Match and If-None-Match: "If a
// conflicting operation occurs during the upload S3 returns a 409
// ConditionalRequestConflict"; which changes conflict: observed on AWS.
func (s *Service) completeCondition(b *Bucket, u *Upload, in *completeInput) error {
	there := s.current(b.Name, u.Key) != nil
	header := "If-None-Match"
	if in.IfMatch != "" {
		header = "If-Match"
	}
	asked := in.IfMatch != "" || in.IfNoneMatch == "*"
	// An object that is there fails If-None-Match, one that is not If-Match,
	// whatever happened.
	if asked && there == (in.IfMatch != "") && s.latest(b.Name, u.Key).mark() != u.Found {
		return &op.Error{Status: http.StatusConflict, Code: "ConditionalRequestConflict",
			Message: "The conditional request cannot succeed due to a conflicting operation against this resource.",
			Fields:  [][2]string{{"Condition", header}, {"Key", u.Key}}}
	}
	return s.writeCondition(b, u.Key, in.IfMatch, in.IfNoneMatch)
}

// wholeChecksum is the object's checksum: over its bytes, or over the parts'
// checksums with their number behind.
func wholeChecksum(want Checksum, body, sums []byte, parts int) Checksum {
	switch {
	case want.Algorithm == "":
		return Checksum{defaultChecksum, checksum(defaultChecksum, body), fullObject}
	case want.Type == composite:
		want.Value = fmt.Sprintf("%s-%d", checksum(want.Algorithm, sums), parts)
	default:
		want.Value = checksum(want.Algorithm, body)
	}
	return want
}

// chosenParts are the parts that the request lists, which must exist, be in
// order, and be large enough but for the last.
func (s *Service) chosenParts(u *Upload, in *completeInput) ([]*Part, error) {
	if len(in.Parts.Parts) == 0 {
		return nil, op.Errorf(400, "InvalidRequest", "You must specify at least one part")
	}
	last := 0
	for _, want := range in.Parts.Parts {
		if want.Number <= last {
			return nil, &op.Error{Status: 400, Code: "InvalidPartOrder", Fields: [][2]string{{"UploadId", u.ID}},
				Message: "The list of parts was not in ascending order. Parts must be ordered by part number."}
		}
		last = want.Number
	}
	var parts []*Part
	for i, want := range in.Parts.Parts {
		p := s.parts.Get(u.partKey(want.Number))
		if p == nil || unquote(want.ETag) != p.ETag {
			return nil, invalidPart(u, want)
		}
		switch a, v := want.get(); {
		case a != "" && (a != p.Checksum.Algorithm || v != p.Checksum.Value):
			return nil, invalidPart(u, want)
		case a == "" && u.Checksum.Type == composite:
			return nil, op.Errorf(400, "InvalidRequest", "The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(u.Checksum.Algorithm), want.Number)
		}
		if u.Checksum.Type == composite && want.Number != i+1 {
			return nil, op.Errorf(400, "InvalidPart", "Part numbers must be consecutive and begin with 1 for a composite checksum")
		}
		if i < len(in.Parts.Parts)-1 && p.Size < minPartSize {
			return nil, &op.Error{Status: 400, Code: "EntityTooSmall", Message: "Your proposed upload is smaller than the minimum allowed size",
				Fields: [][2]string{{"ProposedSize", fmt.Sprint(p.Size)}, {"MinSizeAllowed", itoa(minPartSize)}, {"PartNumber", itoa(want.Number)}, {"ETag", p.ETag}}}
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func invalidPart(u *Upload, want completedPart) error {
	return &op.Error{Status: 400, Code: "InvalidPart",
		Message: "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
		Fields:  [][2]string{{"UploadId", u.ID}, {"PartNumber", itoa(want.Number)}, {"ETag", unquote(want.ETag)}}}
}

// verify compares the object with what the request says of it.
func (in *completeInput) verify(o *Object, size int64) error {
	if in.Size != nil && *in.Size != size {
		return op.Errorf(400, "InvalidRequest", "The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *in.Size, size)
	}
	if in.ChecksumType != "" && in.ChecksumType != o.Checksum.Type {
		return op.Errorf(400, "InvalidRequest", "The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", o.Checksum.Type)
	}
	algorithm, value := in.get()
	if algorithm == "" {
		return nil
	}
	if algorithm != o.Checksum.Algorithm {
		return op.Errorf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", algorithm)
	}
	// A composite value may be sent with or without its part count.
	if value != o.Checksum.Value && value+fmt.Sprintf("-%d", len(o.Parts)) != o.Checksum.Value {
		return op.Errorf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", algorithm)
	}
	return nil
}
