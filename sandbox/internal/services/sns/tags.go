package sns

import (
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	out, problem := tags.Read(list, func(t types.Tag) (_, _ *string) { return t.Key, t.Value })
	if problem != "" {
		return nil, invalid("Tags Reason: %s", problem)
	}
	return out, nil
}

// tagged returns the topic of a tag operation, whose error for a missing one is its own.
func (s *Service) tagged(arn *string) (*topic, error) {
	if t := s.topics.Get(text(arn)); t != nil {
		return t, nil
	}
	return nil, op.Errorf(http.StatusNotFound, "ResourceNotFound", "Resource does not exist")
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "SNS API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				asked, err := tagMap(in.Tags)
				if err != nil {
					return nil, err
				}
				check, err := s.onTopic(c, "TagResource", in.ResourceArn, tags.RequestKeys(asked)...)
				return []op.Check{check}, err
			},
			func(_ *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				t, err := s.tagged(in.ResourceArn)
				if err != nil {
					return nil, err
				}
				asked, err := tagMap(in.Tags)
				if err != nil {
					return nil, err
				}
				t = t.copy()
				if t.Tags = tags.With(t.Tags, asked); len(t.Tags) > tags.Limit {
					return nil, op.Errorf(http.StatusBadRequest, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
				}
				s.topics.Put(t.ARN, t)
				return &sdk.TagResourceOutput{}, nil
			}),
		op.New("UntagResource", "SNS API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				check, err := s.onTopic(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys)...)
				return []op.Check{check}, err
			},
			func(_ *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				t, err := s.tagged(in.ResourceArn)
				if err != nil {
					return nil, err
				}
				t = t.copy()
				t.Tags = tags.Without(t.Tags, in.TagKeys)
				s.topics.Put(t.ARN, t)
				return &sdk.UntagResourceOutput{}, nil
			}),
		op.New("ListTagsForResource", "SNS API_ListTagsForResource", op.Read,
			topicCheck(s, "ListTagsForResource", func(in *sdk.ListTagsForResourceInput) *string { return in.ResourceArn }),
			func(_ *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				t, err := s.tagged(in.ResourceArn)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListTagsForResourceOutput{Tags: []types.Tag{}}
				for _, name := range sortedKeys(t.Tags) {
					out.Tags = append(out.Tags, types.Tag{Key: &name, Value: new(t.Tags[name])})
				}
				return out, nil
			}),
	}
}
