package s3

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Limits of tag sets.
//
// Source: S3 User Guide object-tagging and CostAllocTagging.
const (
	maxBucketTags = 50
	maxObjectTags = 10
)

// Tag is one tag of a bucket or an object.
type Tag struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

type tagging struct {
	Tags []Tag `xml:"TagSet>Tag"`
}

// taggingBody writes <TagSet/> for an empty set, where encoding/xml would
// leave the wrapper out.
type taggingBody struct {
	Set struct {
		Tags []Tag `xml:"Tag"`
	} `xml:"TagSet"`
}

type taggingOutput struct {
	VersionID string      `rest:"header:x-amz-version-id"`
	Body      taggingBody `rest:"xml:Tagging"`
}

type bucketTaggingInput struct {
	Bucket string  `rest:"label:bucket"`
	Body   tagging `rest:"xml:Tagging"`
}

func (in *bucketTaggingInput) bucketName() string { return in.Bucket }

func (s *Service) bucketTaggingRows() []op.Row {
	return []op.Row{
		op.New("GetBucketTagging", "S3 API_GetBucketTagging", op.Read, bucketChecks(s, "s3:GetBucketTagging"), s.getBucketTagging),
		op.New("PutBucketTagging", "S3 API_PutBucketTagging", op.Write,
			func(c *op.Call, in *bucketTaggingInput) ([]op.Check, error) {
				b, err := s.bucket(c, in.Bucket)
				if err != nil {
					return nil, err
				}
				return []op.Check{s.onBucket(c, b, "s3:PutBucketTagging", requestTags(in.Body.Tags)...)}, nil
			}, s.putBucketTagging),
		op.New("DeleteBucketTagging", "S3 API_DeleteBucketTagging", op.Write, bucketChecks(s, "s3:PutBucketTagging"), s.deleteBucketTagging),
	}
}

func (s *Service) getBucketTagging(c *op.Call, in *bucketInput) (*taggingOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if len(b.Tags) == 0 {
		return nil, unset(b, "NoSuchTagSet", "The TagSet does not exist")
	}
	out := &taggingOutput{}
	out.Body.Set.Tags = b.Tags
	return out, nil
}

func (s *Service) putBucketTagging(c *op.Call, in *bucketTaggingInput) (*noContent, error) {
	if err := checkTags(in.Body.Tags, maxBucketTags); err != nil {
		return nil, err
	}
	nb := *s.buckets.Get(in.Bucket)
	nb.Tags = in.Body.Tags
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}

func (s *Service) deleteBucketTagging(c *op.Call, in *bucketInput) (*noContent, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Tags = nil
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}

// tagText is what keys and values are made of.
//
// Source: S3 User Guide object-tagging; S3 Control API_control_S3Tag.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags applies the rules for tag sets.
//
// Source: S3 User Guide tagging-managing ("Tag restrictions"); the wording as
// observed on AWS.
func checkTags(tags []Tag, most int) error {
	if len(tags) > most {
		if most == maxObjectTags {
			return op.Errorf(400, "BadRequest", "Object tags cannot be greater than %d", most)
		}
		return op.Errorf(400, "BadRequest", "Bucket tag count cannot be greater than %d", most)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:") && most == maxObjectTags:
			return invalidTag("Your TagKey cannot be prefixed with aws:", t.Key)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return invalidTag("System tags cannot be added/updated by requester", t.Key)
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || !tagText.MatchString(t.Key):
			return invalidTag("The TagKey you have provided is invalid", t.Key)
		case utf8.RuneCountInString(t.Value) > 256 || !tagText.MatchString(t.Value):
			return invalidTag("The TagValue you have provided is invalid", t.Key)
		case seen[t.Key]:
			return invalidTag("Cannot provide multiple Tags with the same key", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

func invalidTag(message, key string) error {
	return &op.Error{Status: 400, Code: "InvalidTag", Message: message, Fields: [][2]string{{"TagKey", key}}}
}

// headerTags reads the x-amz-tagging header, which is URL encoded.
func headerTags(header string) ([]Tag, error) {
	if header == "" {
		return nil, nil
	}
	bad := &op.Error{Status: 400, Code: "InvalidArgument", Message: "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
		Fields: [][2]string{{"ArgumentName", "x-amz-tagging"}, {"ArgumentValue", header}}}
	var tags []Tag
	seen := map[string]bool{}
	for _, pair := range strings.Split(header, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		if err != nil {
			return nil, bad
		}
		value, err := url.QueryUnescape(v)
		if err != nil || !utf8.ValidString(key+value) || seen[key] || !tagText.MatchString(value) {
			return nil, bad
		}
		seen[key] = true
		tags = append(tags, Tag{key, value})
	}
	return tags, nil
}
