package ssm

import (
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func readTags(list []types.Tag) (map[string]string, error) {
	m, problem := tags.Read(list, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	if problem == "" {
		problem = tags.Check(m)
	}
	if problem != "" {
		return nil, invalid("%s", problem)
	}
	if len(m) > tags.Limit {
		return nil, tooMany()
	}
	return m, nil
}

func tooMany() *op.Error {
	return fail("TooManyTagsError", "The Targets parameter includes too many tags: a parameter has at most %d.", tags.Limit)
}

// checkTagged asks for the parameter of a tag operation.
func (s *Service) checkTagged(c *op.Call, action string, kind types.ResourceTypeForTagging, id *string, keys []op.Key) ([]op.Check, error) {
	r, err := s.place(c, kind, id)
	if err != nil {
		return nil, err
	}
	return []op.Check{s.check(c, action, r, keys...)}, nil
}

func (s *Service) place(c *op.Call, kind types.ResourceTypeForTagging, id *string) (reference, error) {
	if kind != types.ResourceTypeForTaggingParameter {
		if !slices.Contains(kind.Values(), kind) {
			return reference{}, fail("InvalidResourceType", "The resource type %q is not valid.", kind)
		}
		return reference{}, refuse("tags of the resource type " + string(kind))
	}
	return s.refer(c, text(id))
}

func (s *Service) tagged(c *op.Call, kind types.ResourceTypeForTagging, id *string) (*parameter, error) {
	r, err := s.place(c, kind, id)
	if err != nil {
		return nil, err
	}
	p, _, err := s.find(c, reference{account: r.account, name: r.name})
	if err != nil {
		return nil, fail("InvalidResourceId", "The resource ID %q is not valid. Verify that you entered the correct ID and try again.", text(id))
	}
	return p, nil
}

func (s *Service) tagRows() []op.Row {
	put := func(p *parameter, m map[string]string) {
		own := *p
		own.Tags = m
		s.parameters.Put(own.key(), &own)
	}
	return []op.Row{
		op.New("AddTagsToResource", "Systems Manager API_AddTagsToResource", op.Write,
			func(c *op.Call, in *sdk.AddTagsToResourceInput) ([]op.Check, error) {
				m, err := readTags(in.Tags)
				if err != nil {
					return nil, err
				}
				return s.checkTagged(c, "AddTagsToResource", in.ResourceType, in.ResourceId, tags.RequestKeys(m))
			},
			func(c *op.Call, in *sdk.AddTagsToResourceInput) (*sdk.AddTagsToResourceOutput, error) {
				p, err := s.tagged(c, in.ResourceType, in.ResourceId)
				if err != nil {
					return nil, err
				}
				m, err := readTags(in.Tags)
				if err != nil {
					return nil, err
				}
				all := tags.With(p.Tags, m)
				if len(all) > tags.Limit {
					return nil, tooMany()
				}
				put(p, all)
				return &sdk.AddTagsToResourceOutput{}, nil
			}),
		op.New("RemoveTagsFromResource", "Systems Manager API_RemoveTagsFromResource", op.Write,
			func(c *op.Call, in *sdk.RemoveTagsFromResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "RemoveTagsFromResource", in.ResourceType, in.ResourceId, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.RemoveTagsFromResourceInput) (*sdk.RemoveTagsFromResourceOutput, error) {
				p, err := s.tagged(c, in.ResourceType, in.ResourceId)
				if err != nil {
					return nil, err
				}
				put(p, tags.Without(p.Tags, in.TagKeys))
				return &sdk.RemoveTagsFromResourceOutput{}, nil
			}),
		op.New("ListTagsForResource", "Systems Manager API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceType, in.ResourceId, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				p, err := s.tagged(c, in.ResourceType, in.ResourceId)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListTagsForResourceOutput{TagList: []types.Tag{}}
				for _, name := range slices.Sorted(maps.Keys(p.Tags)) {
					out.TagList = append(out.TagList, types.Tag{Key: &name, Value: new(p.Tags[name])})
				}
				return out, nil
			}),
	}
}
