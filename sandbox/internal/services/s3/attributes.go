package s3

import (
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type attributesInput struct {
	objectInput
	Attributes string `rest:"list:x-amz-object-attributes"`
	MaxParts   *int   `rest:"header:x-amz-max-parts"`
	PartMarker *int   `rest:"header:x-amz-part-number-marker"`
}

type attributesOutput struct {
	LastModified time.Time  `rest:"header:Last-Modified"`
	VersionID    string     `rest:"header:x-amz-version-id"`
	Body         attributes `rest:"xml:GetObjectAttributesResponse"`
}

type attributes struct {
	ETag         string           `xml:"ETag,omitempty"`
	Checksum     *checksumHeaders `xml:"Checksum,omitempty"`
	Parts        *attributeParts  `xml:"ObjectParts,omitempty"`
	StorageClass string           `xml:"StorageClass,omitempty"`
	Size         *int64           `xml:"ObjectSize,omitempty"`
}

type attributeParts struct {
	Total     int             `xml:"PartsCount"`
	Marker    int             `xml:"PartNumberMarker"`
	Next      int             `xml:"NextPartNumberMarker"`
	Max       int             `xml:"MaxParts"`
	Truncated bool            `xml:"IsTruncated"`
	Parts     []attributePart `xml:"Part"`
}

type attributePart struct {
	Number int   `xml:"PartNumber"`
	Size   int64 `xml:"Size"`
	checksumHeaders
}

func (s *Service) attributesRows() []op.Row {
	row := op.New("GetObjectAttributes", "S3 API_GetObjectAttributes", op.Read, s.attributesChecks, s.getAttributes)
	row.Asks, row.Data = missingKeyReason, true
	return []op.Row{row}
}

// attributesChecks asks for the object, its attributes, and the key.
//
// Source: S3 API_GetObjectAttributes, "Permissions". That the key is asked for
// only with the checksum is an inference from API_HeadObject.
func (s *Service) attributesChecks(c *op.Call, in *attributesInput) ([]op.Check, error) {
	checks, err := s.readChecks(c, &in.objectInput, strings.Contains(in.Attributes, "Checksum"))
	if err != nil {
		return nil, err
	}
	more, err := s.versionChecks(c, &in.objectInput, "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes")
	return append(checks, more...), err
}

func (s *Service) getAttributes(c *op.Call, in *attributesInput) (*attributesOutput, error) {
	o, err := s.readable(c, &in.objectInput)
	if err != nil {
		return nil, err
	}
	if in.Attributes == "" {
		return nil, invalidArgument("x-amz-object-attributes", "", "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	out := &attributesOutput{LastModified: o.Modified, VersionID: s.shownVersion(o)}
	for _, name := range strings.Split(in.Attributes, ",") {
		switch strings.TrimSpace(name) {
		case "ETag":
			out.Body.ETag = o.ETag
		case "Checksum":
			sum := shown(o.Checksum)
			// The part count is not part of the value here.
			if a, v := sum.get(); a != "" {
				*sum.field(a), _, _ = strings.Cut(v, "-")
			}
			out.Body.Checksum = &sum
		case "ObjectParts":
			out.Body.Parts, err = attributesOfParts(o, in)
			if err != nil {
				return nil, err
			}
		case "StorageClass":
			out.Body.StorageClass = storageClass(o)
		case "ObjectSize":
			out.Body.Size = &o.Size
		default:
			return nil, invalidArgument("x-amz-object-attributes", name, "Invalid attribute name specified")
		}
	}
	return out, nil
}

func storageClass(o *Object) string {
	if o.Headers.StorageClass == "" {
		return "STANDARD"
	}
	return o.Headers.StorageClass
}

// attributesOfParts is nil for an object that was not uploaded in parts. Only
// parts that were uploaded with a checksum are listed one by one.
func attributesOfParts(o *Object, in *attributesInput) (*attributeParts, error) {
	if o.Parts == nil {
		return nil, nil
	}
	limit, marker := 1000, 0
	if in.MaxParts != nil {
		limit = min(*in.MaxParts, 1000)
	}
	if in.PartMarker != nil {
		marker = *in.PartMarker
	}
	if limit < 0 || marker < 0 {
		return nil, op.Errorf(400, "InvalidArgument", "x-amz-max-parts and x-amz-part-number-marker must not be negative")
	}
	p := &attributeParts{Total: len(o.Parts), Marker: marker, Max: limit}
	if o.Checksum.Type != composite {
		return p, nil
	}
	for i, part := range o.Parts {
		if i < marker {
			continue
		}
		if len(p.Parts) == limit {
			p.Truncated = true
			break
		}
		sum := shown(part.Checksum)
		sum.ChecksumType = ""
		p.Parts = append(p.Parts, attributePart{Number: i + 1, Size: part.Size, checksumHeaders: sum})
		p.Next = i + 1
	}
	return p, nil
}
