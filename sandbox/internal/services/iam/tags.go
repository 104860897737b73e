package iam

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func sdkTags(tags []Tag) []types.Tag {
	if len(tags) == 0 {
		return nil
	}
	out := make([]types.Tag, 0, len(tags))
	for _, t := range tags {
		out = append(out, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out
}

// TagText tells whether s is made of the characters that tag keys and values
// may have.
// Source: IAM User Guide, id_tags, "Rules for tagging": letters, digits,
// spaces, and _ . : / = + @ -.
func TagText(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Zs, r) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}

// newTags adds tags to old ones: the same key, whatever its case, is replaced.
func newTags(old []Tag, add []types.Tag) ([]Tag, error) {
	out := slices.Clone(old)
	seen := map[string]bool{}
	for i, t := range add {
		if t.Key == nil || t.Value == nil {
			return nil, invalid("Value null at 'tags.%d.member' failed to satisfy constraint: Member must have a key and a value", i+1)
		}
		key, value := *t.Key, *t.Value
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128 || !TagText(key):
			return nil, invalid("Value '%s' at 'tags.%d.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+ and have a length of 1 to 128", key, i+1)
		case utf8.RuneCountInString(value) > 256 || !TagText(value):
			return nil, invalid("Value '%s' at 'tags.%d.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]* and have a length of 0 to 256", value, i+1)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, badInput("Tag keys that begin with aws: are reserved, got %q", key)
		case seen[strings.ToLower(key)]:
			return nil, badInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(key)] = true
		out = slices.DeleteFunc(out, func(o Tag) bool { return strings.EqualFold(o.Key, key) })
		out = append(out, Tag{key, value})
	}
	if len(out) > 50 {
		return nil, limit("The number of tags has reached the maximum limit.")
	}
	slices.SortFunc(out, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// withoutTags takes tags off, whatever the case of their keys.
func withoutTags(old []Tag, keys []string) []Tag {
	return slices.DeleteFunc(slices.Clone(old), func(o Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, o.Key) })
	})
}

// tagKeys are the condition keys that tags in a request set.
func tagKeys(tags []types.Tag) []op.Key {
	if len(tags) == 0 {
		return nil
	}
	var keys []op.Key
	var names []string
	for _, t := range tags {
		keys = append(keys, op.Single("aws:RequestTag/"+str(t.Key), str(t.Value)))
		names = append(names, str(t.Key))
	}
	return append(keys, op.Multi("aws:TagKeys", names...))
}

// creating is the check of an operation that creates a resource: with tags the
// caller must be allowed to tag it as well.
// Source: IAM User Guide, id_tags_users and its siblings, "Permissions
// required".
func (s *Service) creating(c *op.Call, action, tagAction, arn string, tags []types.Tag, boundary *string) []op.Check {
	keys := tagKeys(tags)
	own := slices.Clone(keys)
	if boundary != nil {
		own = append(own, op.Single("iam:PermissionsBoundary", *boundary))
	}
	checks := s.one(c, action, arn, nil, own...)
	if len(tags) > 0 {
		checks = append(checks, s.one(c, tagAction, arn, nil, keys...)...)
	}
	return checks
}
