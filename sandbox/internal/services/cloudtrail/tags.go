package cloudtrail

import (
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	for _, t := range list {
		if _, twice := out[text(t.Key)]; twice {
			return nil, fail("InvalidTagParameterException", "Duplicate tag keys are not allowed.")
		}
		out[text(t.Key)] = text(t.Value)
	}
	if len(out) > tags.Limit {
		return nil, tooMany()
	}
	if problem := tags.Check(out); problem != "" {
		return nil, fail("InvalidTagParameterException", "%s", problem)
	}
	return out, nil
}

func tooMany() *op.Error {
	return fail("TagsLimitExceededException", "The number of tags per trail, event data store, dashboard, or channel has exceeded the permitted amount. Currently, the limit is %d.", tags.Limit)
}

func tagNames(list []types.Tag) (names []string) {
	for _, t := range list {
		names = append(names, text(t.Key))
	}
	return names
}

// tagged finds the trail of a tag operation, which takes ARNs alone.
func (s *Service) tagged(c *op.Call, id *string) (*trail, error) {
	p, err := s.placeARN(text(id))
	if err != nil {
		return nil, err
	}
	t, err := p.home(c)
	if p.trail == nil {
		return nil, fail("ResourceNotFoundException", "The specified resource %s is not found.", p.arn)
	}
	return t, err
}

func (s *Service) tagRows() []op.Row {
	put := func(t *trail, m map[string]string) {
		own := *t
		own.Tags = m
		s.trails.Put(own.key(), &own)
	}
	return []op.Row{
		op.New("AddTags", "CloudTrail API_AddTags", op.Write,
			func(c *op.Call, in *sdk.AddTagsInput) ([]op.Check, error) {
				p, err := s.placeARN(text(in.ResourceId))
				if err != nil {
					return nil, err
				}
				asked, err := tagMap(in.TagsList)
				if err != nil {
					return nil, err
				}
				return []op.Check{{Action: "cloudtrail:AddTags", Resource: p.resource(), Context: tags.RequestKeys(asked)}}, nil
			},
			func(c *op.Call, in *sdk.AddTagsInput) (*sdk.AddTagsOutput, error) {
				t, err := s.tagged(c, in.ResourceId)
				if err != nil {
					return nil, err
				}
				asked, err := tagMap(in.TagsList)
				if err != nil {
					return nil, err
				}
				all := tags.With(t.Tags, asked)
				if len(all) > tags.Limit {
					return nil, tooMany()
				}
				put(t, all)
				return &sdk.AddTagsOutput{}, nil
			}),
		op.New("RemoveTags", "CloudTrail API_RemoveTags", op.Write,
			func(c *op.Call, in *sdk.RemoveTagsInput) ([]op.Check, error) {
				p, err := s.placeARN(text(in.ResourceId))
				if err != nil {
					return nil, err
				}
				return []op.Check{{Action: "cloudtrail:RemoveTags", Resource: p.resource(), Context: tags.NameKeys(tagNames(in.TagsList))}}, nil
			},
			func(c *op.Call, in *sdk.RemoveTagsInput) (*sdk.RemoveTagsOutput, error) {
				t, err := s.tagged(c, in.ResourceId)
				if err != nil {
					return nil, err
				}
				put(t, tags.Without(t.Tags, tagNames(in.TagsList)))
				return &sdk.RemoveTagsOutput{}, nil
			}),
		op.New("ListTags", "CloudTrail API_ListTags", op.Read, s.checkListTags, s.listTags),
	}
}

// checkListTags asks for every trail that is named.
func (s *Service) checkListTags(_ *op.Call, in *sdk.ListTagsInput) (checks []op.Check, err error) {
	if n := len(in.ResourceIdList); n < 1 || n > 20 {
		return nil, fail("InvalidParameterException", "ResourceIdList has 1 to 20 ARNs, not %d.", n)
	}
	for _, id := range in.ResourceIdList {
		p, err := s.placeARN(id)
		if err != nil {
			return nil, err
		}
		checks = append(checks, op.Check{Action: "cloudtrail:ListTags", Resource: p.resource()})
	}
	return checks, nil
}

func (s *Service) listTags(c *op.Call, in *sdk.ListTagsInput) (*sdk.ListTagsOutput, error) {
	if text(in.NextToken) != "" {
		return nil, fail("InvalidTokenException", "The token is not valid.") // one page holds all
	}
	out := &sdk.ListTagsOutput{ResourceTagList: []types.ResourceTag{}}
	for _, id := range in.ResourceIdList {
		t, err := s.tagged(c, &id)
		if err != nil {
			return nil, err
		}
		list := []types.Tag{}
		for _, name := range slices.Sorted(maps.Keys(t.Tags)) {
			list = append(list, types.Tag{Key: &name, Value: new(t.Tags[name])})
		}
		out.ResourceTagList = append(out.ResourceTagList, types.ResourceTag{ResourceId: &id, TagsList: list})
	}
	return out, nil
}
