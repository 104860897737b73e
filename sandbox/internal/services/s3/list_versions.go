package s3

import (
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type listVersionsInput struct {
	listInput
	KeyMarker     string `rest:"query:key-marker"`
	VersionMarker string `rest:"query:version-id-marker"`
}

// listedVersion is a Version or a DeleteMarker: XMLName tells which.
type listedVersion struct {
	Key          string `xml:"Key"`
	VersionID    string `xml:"VersionId"`
	Latest       bool   `xml:"IsLatest"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag,omitempty"`
	Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
	Type         string `xml:"ChecksumType,omitempty"`
	Size         *int64 `xml:"Size,omitempty"`
	StorageClass string `xml:"StorageClass,omitempty"`
	Owner        Owner  `xml:"Owner"`
}

type versionListing struct {
	Name          string          `xml:"Name"`
	Prefix        string          `xml:"Prefix"`
	KeyMarker     string          `xml:"KeyMarker"`
	VersionMarker string          `xml:"VersionIdMarker"`
	NextKey       string          `xml:"NextKeyMarker,omitempty"`
	NextVersion   string          `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys       int             `xml:"MaxKeys"`
	Delimiter     string          `xml:"Delimiter,omitempty"`
	Encoding      string          `xml:"EncodingType,omitempty"`
	Truncated     bool            `xml:"IsTruncated"`
	Versions      []listedVersion `xml:"Version"`
	Markers       []listedVersion `xml:"DeleteMarker"`
	Prefixes      []commonPrefix  `xml:"CommonPrefixes"`
}

type listVersionsOutput struct {
	Body versionListing `rest:"xml:ListVersionsResult"`
}

func (s *Service) listVersionsRows() []op.Row {
	return []op.Row{
		op.New("ListObjectVersions", "S3 API_ListObjectVersions", op.Read,
			func(c *op.Call, in *listVersionsInput) ([]op.Check, error) {
				return s.listChecks(c, &in.listInput, "s3:ListBucketVersions")
			}, s.listVersions),
	}
}

func (s *Service) listVersions(c *op.Call, in *listVersionsInput) (*listVersionsOutput, error) {
	b := s.buckets.Get(in.Bucket)
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	if in.VersionMarker != "" && in.KeyMarker == "" {
		return nil, invalidArgument("version-id-marker", in.VersionMarker, "A version-id marker cannot be specified without a key marker.")
	}
	if err := checkVersionID(in.VersionMarker); err != nil {
		return nil, err
	}
	out := &listVersionsOutput{Body: versionListing{
		Name: b.Name, Prefix: p.encode(p.prefix), KeyMarker: p.encode(in.KeyMarker), VersionMarker: in.VersionMarker,
		MaxKeys: p.limit, Delimiter: p.encode(p.delimiter), Encoding: in.Encoding,
	}}
	s.scanVersions(b, p, in.KeyMarker, in.VersionMarker, &out.Body)
	return out, nil
}

// scanVersions walks all versions behind the marker, newest first in each key.
func (s *Service) scanVersions(b *Bucket, p page, afterKey, afterVersion string, l *versionListing) {
	// Without a version marker the whole key of the marker is behind us.
	skipping := afterVersion != ""
	seen, entries := "", 0
	lastKey, lastVersion, previous, first := "", "", "", true
	for _, o := range s.objects.From(b.Name + sep + max(p.prefix, afterKey)) {
		if o.Bucket != b.Name || !strings.HasPrefix(o.Key, p.prefix) {
			return
		}
		latest := first || o.Key != previous
		previous, first = o.Key, false
		if o.Key < afterKey || (o.Key == afterKey && afterVersion == "" && afterKey != "") {
			continue
		}
		if o.Key == afterKey && afterKey != "" && skipping {
			skipping = o.VersionID != afterVersion
			continue
		}
		g := p.group(o.Key)
		if g != "" && (g == seen || (afterKey != "" && g <= afterKey)) {
			continue
		}
		if entries == p.limit {
			if l.Truncated = p.limit > 0; l.Truncated {
				l.NextKey, l.NextVersion = p.encode(lastKey), lastVersion
			}
			return
		}
		entries++
		if g != "" {
			seen, lastKey, lastVersion = g, g, ""
			l.Prefixes = append(l.Prefixes, commonPrefix{p.encode(g)})
			continue
		}
		lastKey, lastVersion = o.Key, o.VersionID
		v := listedVersion{
			Key: p.encode(o.Key), VersionID: o.VersionID, Latest: latest, LastModified: timestamp(o.Modified), Owner: ownerOf(b.owner(o)),
		}
		if o.DeleteMarker {
			l.Markers = append(l.Markers, v)
			continue
		}
		size := o.Size
		v.ETag, v.Size, v.StorageClass = quote(o.ETag), &size, storageClass(o)
		v.Algorithm, v.Type = o.Checksum.Algorithm, o.Checksum.Type
		l.Versions = append(l.Versions, v)
	}
}
