//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and older clients still ask for it.

package logs

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// onNamed is the check of an old tag operation.
func (s *Service) onNamed(c *op.Call, action string, name *string, keys []op.Key) ([]op.Check, error) {
	n, err := named(c, name, nil)
	return []op.Check{{Action: "logs:" + action, Resource: s.resource(owner(c), c.Region, n), Context: keys}}, err
}

// oldTagRows are the operations that TagResource and its like replace.
func (s *Service) oldTagRows() []op.Row {
	return []op.Row{
		op.New("TagLogGroup", "CloudWatch Logs API_TagLogGroup", op.Write,
			func(c *op.Call, in *sdk.TagLogGroupInput) ([]op.Check, error) {
				return s.onNamed(c, "TagLogGroup", in.LogGroupName, tags.RequestKeys(in.Tags))
			},
			func(c *op.Call, in *sdk.TagLogGroupInput) (*sdk.TagLogGroupOutput, error) {
				return &sdk.TagLogGroupOutput{}, s.tag(c, in.LogGroupName, in.Tags)
			}),
		op.New("UntagLogGroup", "CloudWatch Logs API_UntagLogGroup", op.Write,
			func(c *op.Call, in *sdk.UntagLogGroupInput) ([]op.Check, error) {
				return s.onNamed(c, "UntagLogGroup", in.LogGroupName, tags.NameKeys(in.Tags))
			},
			func(c *op.Call, in *sdk.UntagLogGroupInput) (*sdk.UntagLogGroupOutput, error) {
				return &sdk.UntagLogGroupOutput{}, s.untag(c, in.LogGroupName, in.Tags)
			}),
		op.New("ListTagsLogGroup", "CloudWatch Logs API_ListTagsLogGroup", op.Read,
			func(c *op.Call, in *sdk.ListTagsLogGroupInput) ([]op.Check, error) {
				return s.onNamed(c, "ListTagsLogGroup", in.LogGroupName, nil)
			},
			func(c *op.Call, in *sdk.ListTagsLogGroupInput) (*sdk.ListTagsLogGroupOutput, error) {
				g, err := s.existing(c, in.LogGroupName, nil)
				if err != nil {
					return nil, err
				}
				return &sdk.ListTagsLogGroupOutput{Tags: tags.With(g.Tags, nil)}, nil
			}),
	}
}
