package s3

import (
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type listPartsInput struct {
	uploadInput
	MaxParts *int `rest:"query:max-parts"`
	Marker   *int `rest:"query:part-number-marker"`
}

type listedPart struct {
	Number       int    `xml:"PartNumber"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	Size         int64  `xml:"Size"`
	checksumHeaders
}

type partListing struct {
	Bucket       string       `xml:"Bucket"`
	Key          string       `xml:"Key"`
	UploadID     string       `xml:"UploadId"`
	Initiator    Owner        `xml:"Initiator"`
	Owner        Owner        `xml:"Owner"`
	StorageClass string       `xml:"StorageClass"`
	Algorithm    string       `xml:"ChecksumAlgorithm,omitempty"`
	Type         string       `xml:"ChecksumType,omitempty"`
	Marker       int          `xml:"PartNumberMarker"`
	Next         int          `xml:"NextPartNumberMarker"`
	Max          int          `xml:"MaxParts"`
	Truncated    bool         `xml:"IsTruncated"`
	Parts        []listedPart `xml:"Part"`
}

type listPartsOutput struct {
	Body partListing `rest:"xml:ListPartsResult"`
}

type listUploadsInput struct {
	Bucket    string `rest:"label:bucket"`
	Prefix    string `rest:"query:prefix"`
	Delimiter string `rest:"query:delimiter"`
	KeyMarker string `rest:"query:key-marker"`
	IDMarker  string `rest:"query:upload-id-marker"`
	Max       *int   `rest:"query:max-uploads"`
	Encoding  string `rest:"query:encoding-type"`
}

type listedUpload struct {
	Key          string `xml:"Key"`
	UploadID     string `xml:"UploadId"`
	Initiator    Owner  `xml:"Initiator"`
	Owner        Owner  `xml:"Owner"`
	StorageClass string `xml:"StorageClass"`
	Initiated    string `xml:"Initiated"`
	Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
	Type         string `xml:"ChecksumType,omitempty"`
}

type uploadListing struct {
	Bucket    string         `xml:"Bucket"`
	KeyMarker string         `xml:"KeyMarker"`
	IDMarker  string         `xml:"UploadIdMarker"`
	NextKey   string         `xml:"NextKeyMarker"`
	NextID    string         `xml:"NextUploadIdMarker"`
	Prefix    string         `xml:"Prefix"`
	Delimiter string         `xml:"Delimiter,omitempty"`
	Encoding  string         `xml:"EncodingType,omitempty"`
	Max       int            `xml:"MaxUploads"`
	Truncated bool           `xml:"IsTruncated"`
	Uploads   []listedUpload `xml:"Upload"`
	Prefixes  []commonPrefix `xml:"CommonPrefixes"`
}

type listUploadsOutput struct {
	Body uploadListing `rest:"xml:ListMultipartUploadsResult"`
}

func (s *Service) listUploadsRows() []op.Row {
	parts := op.New("ListParts", "S3 API_ListParts", op.Read,
		func(c *op.Call, in *listPartsInput) ([]op.Check, error) {
			return s.initiatorChecks(c, &in.uploadInput, "s3:ListMultipartUploadParts")
		}, s.listParts)
	parts.Data = true
	return []op.Row{
		parts,
		op.New("ListMultipartUploads", "S3 API_ListMultipartUploads", op.Read,
			func(c *op.Call, in *listUploadsInput) ([]op.Check, error) {
				b, err := s.bucket(c, in.Bucket)
				if err != nil {
					return nil, err
				}
				return []op.Check{s.onBucket(c, b, "s3:ListBucketMultipartUploads")}, nil
			}, s.listUploads),
	}
}

func (s *Service) listParts(c *op.Call, in *listPartsInput) (*listPartsOutput, error) {
	u, err := s.upload(&in.uploadInput)
	if err != nil {
		return nil, err
	}
	limit, marker := maxList, 0
	if in.MaxParts != nil {
		limit = min(*in.MaxParts, maxList)
	}
	if in.Marker != nil {
		marker = *in.Marker
	}
	if limit < 0 || marker < 0 {
		return nil, op.Errorf(400, "InvalidArgument", "max-parts and part-number-marker must not be negative")
	}
	class := u.Headers.StorageClass
	if class == "" {
		class = "STANDARD"
	}
	out := &listPartsOutput{partListing{
		Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Initiator: u.Initiator, Owner: ownerOf(s.buckets.Get(u.Bucket).ownerOr(u.Owner)), StorageClass: class,
		Algorithm: u.Checksum.Algorithm, Type: u.Checksum.Type, Marker: marker, Max: limit,
	}}
	for _, p := range s.uploadParts(u) {
		if p.Number <= marker {
			continue
		}
		if len(out.Body.Parts) == limit {
			out.Body.Truncated = limit > 0
			break
		}
		sum := checksumHeaders{}
		if u.Checksum.Algorithm != "" {
			sum = shown(p.Checksum)
			sum.ChecksumType = ""
		}
		out.Body.Parts = append(out.Body.Parts, listedPart{p.Number, timestamp(p.Modified), quote(p.ETag), p.Size, sum})
		out.Body.Next = p.Number
	}
	return out, nil
}

func (s *Service) listUploads(c *op.Call, in *listUploadsInput) (*listUploadsOutput, error) {
	l := listInput{MaxKeys: in.Max, Prefix: &in.Prefix, Delimiter: &in.Delimiter, Encoding: in.Encoding}
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	out := &listUploadsOutput{uploadListing{
		Bucket: in.Bucket, KeyMarker: p.encode(in.KeyMarker), IDMarker: in.IDMarker, Prefix: p.encode(in.Prefix),
		Delimiter: p.encode(in.Delimiter), Encoding: in.Encoding, Max: p.limit,
	}}
	seen, entries := "", 0
	for _, u := range s.uploads.Prefix(in.Bucket + sep + in.Prefix) {
		if !strings.HasPrefix(u.Key, in.Prefix) || u.Key < in.KeyMarker ||
			(in.KeyMarker != "" && u.Key == in.KeyMarker && (in.IDMarker == "" || u.ID <= in.IDMarker)) {
			continue
		}
		g := p.group(u.Key)
		if g != "" && (g == seen || (in.KeyMarker != "" && g <= in.KeyMarker)) {
			continue
		}
		if entries == p.limit {
			out.Body.Truncated = p.limit > 0
			break
		}
		entries++
		if g != "" {
			seen = g
			out.Body.NextKey, out.Body.NextID = p.encode(g), ""
			out.Body.Prefixes = append(out.Body.Prefixes, commonPrefix{p.encode(g)})
			continue
		}
		class := u.Headers.StorageClass
		if class == "" {
			class = "STANDARD"
		}
		out.Body.NextKey, out.Body.NextID = p.encode(u.Key), u.ID
		out.Body.Uploads = append(out.Body.Uploads, listedUpload{
			p.encode(u.Key), u.ID, u.Initiator, ownerOf(s.buckets.Get(u.Bucket).ownerOr(u.Owner)), class, timestamp(u.Initiated), u.Checksum.Algorithm, u.Checksum.Type,
		})
	}
	if !out.Body.Truncated {
		out.Body.NextKey, out.Body.NextID = "", ""
	}
	return out, nil
}
