package securityhub

import (
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// tagged is the hub that an ARN names: nothing else here has tags.
func (s *Service) tagged(c *op.Call, arn *string) (*hub, error) {
	h := s.hub(c)
	if h == nil || text(arn) != h.arn() {
		return nil, op.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The resource %s does not exist", text(arn))
	}
	return h, nil
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) []op.Check {
	if h, err := s.tagged(c, arn); err == nil {
		return []op.Check{{Action: "securityhub:" + action, Resource: op.Resource{ARN: h.arn(), Account: h.Account, Tags: h.Tags}, Context: keys}}
	}
	return []op.Check{{Action: "securityhub:" + action, Resource: op.Resource{ARN: text(arn), Account: c.Caller.Account}, Context: keys}}
}

func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	h, err := s.tagged(c, arn)
	if err != nil {
		return err
	}
	changed := change(h.Tags)
	if problem := tags.Check(changed); problem != "" {
		return invalid("%s", problem)
	}
	s.change(h, func(h *hub) { h.Tags = changed })
	return nil
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "Security Hub API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "TagResource", in.ResourceArn, tags.RequestKeys(in.Tags)), nil
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				return &sdk.TagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.With(m, in.Tags) })
			}),
		op.New("UntagResource", "Security Hub API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys)), nil
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				return &sdk.UntagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.Without(m, in.TagKeys) })
			}),
		op.New("ListTagsForResource", "Security Hub API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceArn, nil), nil
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				h, err := s.tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				return &sdk.ListTagsForResourceOutput{Tags: tags.With(h.Tags, nil)}, nil
			}),
	}
}
