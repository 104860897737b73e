package cloudwatch

import (
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func readTags(list []types.Tag) (map[string]string, error) {
	m, problem := tags.Read(list, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	if problem == "" {
		problem = tags.Check(m)
	}
	if problem == "" && len(m) > tags.Limit {
		problem = "The maximum number of tags has been exceeded"
	}
	if problem != "" {
		return nil, wrongValue("%s", problem)
	}
	return m, nil
}

// tagged finds the alarm of a tag operation.
func (s *Service) tagged(c *op.Call, arn *string) (*alarm, error) {
	region, account, name, ok := arnParts(text(arn))
	if ok && region == c.Region {
		if a := s.alarms.Get(alarmKey(account, region, name)); a != nil {
			return a, nil
		}
	}
	return nil, op.Errorf(404, "ResourceNotFoundException", "The resource with ARN %s does not exist", text(arn))
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
	region, account, name, ok := arnParts(text(arn))
	if arn == nil {
		return nil, missing("ResourceARN")
	}
	if !ok || region != c.Region {
		return nil, wrongValue("The value %s for parameter ResourceARN is invalid: the sandbox has tags of alarms of the request's region alone.", *arn)
	}
	r := op.Resource{ARN: *arn, Account: account}
	if a := s.alarms.Get(alarmKey(account, region, name)); a != nil {
		r.Tags = a.Tags
	}
	return []op.Check{{Action: "cloudwatch:" + action, Resource: r, Context: keys}}, nil
}

func (s *Service) tagRows() []op.Row {
	put := func(a *alarm, m map[string]string) {
		own := *a
		own.Tags = m
		s.alarms.Put(own.key(), &own)
	}
	return []op.Row{
		op.New("TagResource", "CloudWatch API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				m, err := readTags(in.Tags)
				if err != nil {
					return nil, err
				}
				return s.checkTagged(c, "TagResource", in.ResourceARN, tags.RequestKeys(m))
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				a, err := s.tagged(c, in.ResourceARN)
				if err != nil {
					return nil, err
				}
				m, err := readTags(in.Tags)
				if err != nil {
					return nil, err
				}
				all := tags.With(a.Tags, m)
				if len(all) > tags.Limit {
					return nil, wrongValue("The maximum number of tags has been exceeded")
				}
				put(a, all)
				return &sdk.TagResourceOutput{}, nil
			}),
		op.New("UntagResource", "CloudWatch API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "UntagResource", in.ResourceARN, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				a, err := s.tagged(c, in.ResourceARN)
				if err != nil {
					return nil, err
				}
				put(a, tags.Without(a.Tags, in.TagKeys))
				return &sdk.UntagResourceOutput{}, nil
			}),
		op.New("ListTagsForResource", "CloudWatch API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceARN, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				a, err := s.tagged(c, in.ResourceARN)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListTagsForResourceOutput{Tags: []types.Tag{}}
				for _, name := range slices.Sorted(maps.Keys(a.Tags)) {
					out.Tags = append(out.Tags, types.Tag{Key: &name, Value: new(a.Tags[name])})
				}
				return out, nil
			}),
	}
}
