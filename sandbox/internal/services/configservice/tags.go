package configservice

import (
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// tagged is the recorder that an ARN names: nothing else here has tags.
func (s *Service) tagged(c *op.Call, arn *string) (*recorder, error) {
	if r := s.recorders.Get(place(c.Caller.Account, c.Region)); r != nil && r.arn() == text(arn) {
		return r, nil
	}
	return nil, fault("ResourceNotFoundException", "ResourceArn '%s' does not exist.", text(arn))
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) []op.Check {
	resource := op.Resource{ARN: text(arn), Account: c.Caller.Account}
	if r, err := s.tagged(c, arn); err == nil {
		resource.Tags = r.Tags
	}
	return []op.Check{{Action: "config:" + action, Resource: resource, Context: keys}}
}

func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	r, err := s.tagged(c, arn)
	if err != nil {
		return err
	}
	own := *r
	own.Tags = change(r.Tags)
	if problem := tags.Check(own.Tags); problem != "" {
		return fault("ValidationException", "%s", problem)
	}
	s.recorders.Put(place(own.Account, own.Region), &own)
	return nil
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "AWS Config API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				given, err := tagMap(in.Tags)
				return s.checkTagged(c, "TagResource", in.ResourceArn, tags.RequestKeys(given)), err
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				given, err := tagMap(in.Tags)
				if err != nil {
					return nil, err
				}
				return &sdk.TagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.With(m, given) })
			}),
		op.New("UntagResource", "AWS Config API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys)), nil
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				return &sdk.UntagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.Without(m, in.TagKeys) })
			}),
		op.New("ListTagsForResource", "AWS Config API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceArn, nil), nil
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				r, err := s.tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListTagsForResourceOutput{Tags: []types.Tag{}}
				for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
					out.Tags = append(out.Tags, types.Tag{Key: &name, Value: new(r.Tags[name])})
				}
				return out, nil
			}),
	}
}
