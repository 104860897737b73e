package s3

import (
	"net/url"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxList is the most entries of one page.
const maxList = 1000

// listInput is what all listings take. Pointers: "prefix=" sets the condition
// key to "", no prefix leaves it out.
type listInput struct {
	Bucket    string  `rest:"label:bucket"`
	Prefix    *string `rest:"query:prefix"`
	Delimiter *string `rest:"query:delimiter"`
	MaxKeys   *int    `rest:"query:max-keys"`
	Encoding  string  `rest:"query:encoding-type"`
	Optional  string  `rest:"header:x-amz-optional-object-attributes"`
}

type listV1Input struct {
	listInput
	Marker string `rest:"query:marker"`
}

type listV2Input struct {
	listInput
	Type       string `rest:"query:list-type"`
	Token      string `rest:"query:continuation-token"`
	StartAfter string `rest:"query:start-after"`
	FetchOwner bool   `rest:"query:fetch-owner"`
}

type listedObject struct {
	Key          string `xml:"Key"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
	Type         string `xml:"ChecksumType,omitempty"`
	Size         int64  `xml:"Size"`
	StorageClass string `xml:"StorageClass"`
	Owner        *Owner `xml:"Owner,omitempty"`
}

type commonPrefix struct {
	Prefix string `xml:"Prefix"`
}

type listing struct {
	Name       string         `xml:"Name"`
	Prefix     string         `xml:"Prefix"`
	Marker     *string        `xml:"Marker,omitempty"`
	NextMarker string         `xml:"NextMarker,omitempty"`
	StartAfter string         `xml:"StartAfter,omitempty"`
	Token      string         `xml:"ContinuationToken,omitempty"`
	NextToken  string         `xml:"NextContinuationToken,omitempty"`
	KeyCount   *int           `xml:"KeyCount,omitempty"`
	MaxKeys    int            `xml:"MaxKeys"`
	Delimiter  string         `xml:"Delimiter,omitempty"`
	Encoding   string         `xml:"EncodingType,omitempty"`
	Truncated  bool           `xml:"IsTruncated"`
	Contents   []listedObject `xml:"Contents"`
	Prefixes   []commonPrefix `xml:"CommonPrefixes"`
}

type listOutput struct {
	Region string  `rest:"header:x-amz-bucket-region"`
	Body   listing `rest:"xml:ListBucketResult"`
}

func (s *Service) listRows() []op.Row {
	return []op.Row{
		op.New("ListObjects", "S3 API_ListObjects", op.Read,
			func(c *op.Call, in *listV1Input) ([]op.Check, error) {
				return s.listChecks(c, &in.listInput, "s3:ListBucket")
			}, s.listV1),
		op.New("ListObjectsV2", "S3 API_ListObjectsV2", op.Read,
			func(c *op.Call, in *listV2Input) ([]op.Check, error) {
				return s.listChecks(c, &in.listInput, "s3:ListBucket")
			}, s.listV2),
	}
}

func (s *Service) listChecks(c *op.Call, in *listInput, action string) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	var keys []op.Key
	if in.Prefix != nil {
		keys = append(keys, op.Single("s3:prefix", *in.Prefix))
	}
	if in.Delimiter != nil {
		keys = append(keys, op.Single("s3:delimiter", *in.Delimiter))
	}
	if in.MaxKeys != nil {
		keys = append(keys, op.Single("s3:max-keys", itoa(*in.MaxKeys)))
	}
	return []op.Check{s.onBucket(c, b, action, keys...)}, nil
}

// page is a listing's parameters with their defaults.
type page struct {
	prefix, delimiter string
	limit             int
	encode            func(string) string
}

func (in *listInput) page() (page, error) {
	p := page{limit: maxList, encode: func(s string) string { return s }}
	if in.Prefix != nil {
		p.prefix = *in.Prefix
	}
	if in.Delimiter != nil {
		p.delimiter = *in.Delimiter
	}
	if in.MaxKeys != nil {
		if *in.MaxKeys < 0 {
			return p, invalidArgument("max-keys", itoa(*in.MaxKeys), "Argument max-keys must be an integer between 0 and 2147483647")
		}
		p.limit = min(*in.MaxKeys, maxList)
	}
	switch in.Encoding {
	case "":
	case "url":
		p.encode = encodeKey
	default:
		return p, invalidArgument("encoding-type", in.Encoding, "Invalid Encoding Method specified in Request")
	}
	if in.Optional != "" {
		return p, notImplemented("x-amz-optional-object-attributes")
	}
	return p, nil
}

// encodeKey is URL encoding as S3 applies it to keys: slashes stay.
func encodeKey(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }

// group returns the common prefix that stands for the key; empty: none does.
func (p page) group(key string) string {
	if p.delimiter == "" {
		return ""
	}
	rest := key[len(p.prefix):]
	if i := strings.Index(rest, p.delimiter); i >= 0 {
		return key[:len(p.prefix)+i+len(p.delimiter)]
	}
	return ""
}

// scan walks the current objects of a bucket behind the key or common prefix
// "after" and fills l. It returns the last entry if there is more.
func (s *Service) scan(b *Bucket, p page, after string, owner bool, l *listing) (last string) {
	seen, entries := "", 0
	key, started := "", false
	for _, o := range s.objects.From(b.Name + sep + max(p.prefix, after)) {
		if o.Bucket != b.Name || !strings.HasPrefix(o.Key, p.prefix) {
			break
		}
		if started && o.Key == key {
			continue // an older version
		}
		key, started = o.Key, true
		if o.DeleteMarker || o.Key <= after {
			continue
		}
		g := p.group(o.Key)
		if g != "" && (g == seen || g <= after) {
			continue
		}
		if entries == p.limit {
			l.Truncated = p.limit > 0
			return last
		}
		entries++
		if g != "" {
			seen, last = g, g
			l.Prefixes = append(l.Prefixes, commonPrefix{p.encode(g)})
			continue
		}
		last = o.Key
		e := listedObject{
			Key: p.encode(o.Key), LastModified: timestamp(o.Modified), ETag: quote(o.ETag), Algorithm: o.Checksum.Algorithm,
			Type: o.Checksum.Type, Size: o.Size, StorageClass: storageClass(o),
		}
		if owner {
			who := ownerOf(b.owner(o))
			e.Owner = &who
		}
		l.Contents = append(l.Contents, e)
	}
	return ""
}

func (p page) listing(b *Bucket, encoding string) listing {
	return listing{
		Name: b.Name, Prefix: p.encode(p.prefix), Delimiter: p.encode(p.delimiter), MaxKeys: p.limit, Encoding: encoding,
	}
}

func (s *Service) listV1(c *op.Call, in *listV1Input) (*listOutput, error) {
	b := s.buckets.Get(in.Bucket)
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	out := &listOutput{Region: b.Region, Body: p.listing(b, in.Encoding)}
	marker := p.encode(in.Marker)
	out.Body.Marker = &marker
	last := s.scan(b, p, in.Marker, true, &out.Body)
	if out.Body.Truncated && p.delimiter != "" {
		out.Body.NextMarker = p.encode(last)
	}
	return out, nil
}

func (s *Service) listV2(c *op.Call, in *listV2Input) (*listOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if in.Type != "2" {
		return nil, invalidArgument("list-type", in.Type, "Invalid List Type specified in Request")
	}
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	after := in.StartAfter
	if in.Token != "" {
		if after, err = openToken(in.Token); err != nil {
			return nil, err
		}
	}
	out := &listOutput{Region: b.Region, Body: p.listing(b, in.Encoding)}
	out.Body.StartAfter, out.Body.Token = p.encode(in.StartAfter), in.Token
	last := s.scan(b, p, after, in.FetchOwner, &out.Body)
	if out.Body.Truncated {
		out.Body.NextToken = sealToken(last)
	}
	n := len(out.Body.Contents) + len(out.Body.Prefixes)
	out.Body.KeyCount = &n
	return out, nil
}
