package lambda

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// checkTagged is the check of an action on a function that is named by its ARN.
func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
	r, err := locate(c, arn, nil)
	if err != nil {
		return nil, err
	}
	return []op.Check{s.on(action, r, keys...)}, nil
}

func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	f, err := s.unqualified(c, arn)
	if err != nil {
		return err
	}
	f.Tags = change(f.Tags)
	if problem := tags.Check(f.Tags); problem != "" {
		return invalid("%s", problem)
	}
	s.functions.Put(f.key(), f)
	return nil
}

func (s *Service) tagRows() []op.Row {
	tag := op.New("TagResource", "Lambda API_TagResource", op.Write,
		func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
			return s.checkTagged(c, "TagResource", in.Resource, tags.RequestKeys(in.Tags))
		},
		func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
			return &sdk.TagResourceOutput{}, s.retag(c, in.Resource, func(m map[string]string) map[string]string { return tags.With(m, in.Tags) })
		})
	tag.Event = "TagResource20170331v2"
	untag := op.New("UntagResource", "Lambda API_UntagResource", op.Write,
		func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
			return s.checkTagged(c, "UntagResource", in.Resource, tags.NameKeys(in.TagKeys))
		},
		func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
			return &sdk.UntagResourceOutput{}, s.retag(c, in.Resource, func(m map[string]string) map[string]string { return tags.Without(m, in.TagKeys) })
		})
	untag.Event = "UntagResource20170331v2"
	list := op.New("ListTags", "Lambda API_ListTags", op.Read,
		func(c *op.Call, in *sdk.ListTagsInput) ([]op.Check, error) {
			return s.checkTagged(c, "ListTags", in.Resource, nil)
		},
		func(c *op.Call, in *sdk.ListTagsInput) (*sdk.ListTagsOutput, error) {
			f, err := s.unqualified(c, in.Resource)
			if err != nil {
				return nil, err
			}
			return &sdk.ListTagsOutput{Tags: tags.With(f.Tags, nil)}, nil
		})
	list.Event = "ListTags20170331"
	return []op.Row{tag, untag, list}
}
