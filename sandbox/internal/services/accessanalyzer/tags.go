package accessanalyzer

import (
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// tagged is the name of the caller's analyzer that an ARN names: nothing else has tags.
func tagged(c *op.Call, arn *string) (*string, error) {
	name, ok := strings.CutPrefix(text(arn), (&analyzer{Account: c.Caller.Account, Region: c.Region}).arn())
	if !ok || name == "" {
		return nil, invalid("The resource ARN %s is not that of an analyzer of this account and region", text(arn))
	}
	return &name, nil
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
	name, err := tagged(c, arn)
	if err != nil {
		return nil, err
	}
	return s.check(c, action, name, keys...), nil
}

func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	name, err := tagged(c, arn)
	if err != nil {
		return err
	}
	a, err := s.analyzer(c, name)
	if err != nil {
		return err
	}
	own := *a
	own.Tags = change(a.Tags)
	if problem := tags.Check(own.Tags); problem != "" {
		return invalid("%s", problem)
	}
	s.analyzers.Put(own.key(), &own)
	return nil
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "IAM Access Analyzer API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "TagResource", in.ResourceArn, tags.RequestKeys(in.Tags))
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				return &sdk.TagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.With(m, in.Tags) })
			}),
		op.New("UntagResource", "IAM Access Analyzer API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				return &sdk.UntagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.Without(m, in.TagKeys) })
			}),
		op.New("ListTagsForResource", "IAM Access Analyzer API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceArn, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				name, err := tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				a, err := s.analyzer(c, name)
				if err != nil {
					return nil, err
				}
				return &sdk.ListTagsForResourceOutput{Tags: tags.With(a.Tags, nil)}, nil
			}),
	}
}
