package kms

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxTags is the quota of tags of a key.
const maxTags = 50

// validTags refuses tags that a request must not carry.
//
// Source: KMS API_TagResource, TagException.
func validTags(tags []types.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		if t.TagKey == nil {
			return missing("tags.member.tagKey")
		}
		if t.TagValue == nil {
			return missing("tags.member.tagValue")
		}
		if err := length("tags.member.tagKey", len([]rune(*t.TagKey)), 1, 128); err != nil {
			return err
		}
		if err := length("tags.member.tagValue", len([]rune(*t.TagValue)), 0, 256); err != nil {
			return err
		}
		if strings.HasPrefix(strings.ToLower(*t.TagKey), "aws:") {
			return fail("TagException", "Tags beginning with aws: are reserved")
		}
		if seen[*t.TagKey] {
			return fail("TagException", "Duplicate tag keys")
		}
		seen[*t.TagKey] = true
	}
	if len(tags) > maxTags {
		return fail("TagException", "Too many tags")
	}
	return nil
}

// requestTagKeys are aws:RequestTag/KEY and aws:TagKeys.
func requestTagKeys(tags []types.Tag) []op.Key {
	if len(tags) == 0 {
		return nil
	}
	var keys []op.Key
	var names []string
	for _, t := range tags {
		keys = append(keys, op.Single("aws:RequestTag/"+*t.TagKey, *t.TagValue))
		names = append(names, *t.TagKey)
	}
	return append(keys, op.Multi("aws:TagKeys", names...))
}

func tagMap(tags []types.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := map[string]string{}
	for _, t := range tags {
		m[*t.TagKey] = *t.TagValue
	}
	return m
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		keyOp[sdk.TagResourceInput, sdk.TagResourceOutput]{
			name: "TagResource", access: op.Write, reach: ownKey,
			id: func(in *sdk.TagResourceInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.TagResourceInput, _ *key) (ask, error) {
				if in.Tags == nil {
					return ask{}, missing("Tags")
				}
				if err := validTags(in.Tags); err != nil {
					return ask{}, err
				}
				return ask{keys: requestTagKeys(in.Tags)}, nil
			},
			do: func(c *op.Call, in *sdk.TagResourceInput, k *key) (*sdk.TagResourceOutput, error) {
				if err := k.kept(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				if k.Tags == nil {
					k.Tags = map[string]string{}
				}
				maps.Copy(k.Tags, tagMap(in.Tags))
				if len(k.Tags) > maxTags {
					return nil, fail("LimitExceededException", "Too many tags")
				}
				s.put(k)
				return &sdk.TagResourceOutput{}, nil
			},
		}.row(s),
		keyOp[sdk.UntagResourceInput, sdk.UntagResourceOutput]{
			name: "UntagResource", access: op.Write, reach: ownKey,
			id: func(in *sdk.UntagResourceInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.UntagResourceInput, _ *key) (ask, error) {
				if in.TagKeys == nil {
					return ask{}, missing("TagKeys")
				}
				return ask{keys: []op.Key{op.Multi("aws:TagKeys", in.TagKeys...)}}, nil
			},
			do: func(c *op.Call, in *sdk.UntagResourceInput, k *key) (*sdk.UntagResourceOutput, error) {
				if err := k.kept(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				for _, name := range in.TagKeys {
					delete(k.Tags, name)
				}
				s.put(k)
				return &sdk.UntagResourceOutput{}, nil
			},
		}.row(s),
		keyOp[sdk.ListResourceTagsInput, sdk.ListResourceTagsOutput]{
			name: "ListResourceTags", reach: ownKey,
			id: func(in *sdk.ListResourceTagsInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.ListResourceTagsInput, _ *key) (ask, error) {
				return ask{}, pageArgs(in.Limit, 50)
			},
			do: func(_ *op.Call, in *sdk.ListResourceTagsInput, k *key) (*sdk.ListResourceTagsOutput, error) {
				tags := []types.Tag{}
				for _, name := range slices.Sorted(maps.Keys(k.Tags)) {
					tags = append(tags, types.Tag{TagKey: &name, TagValue: new(k.Tags[name])})
				}
				page, next, err := paged(tags, func(t types.Tag) string { return *t.TagKey }, in.Limit, 50, in.Marker)
				return &sdk.ListResourceTagsOutput{Tags: page, NextMarker: next, Truncated: next != nil}, err
			},
		}.row(s),
	}
}
