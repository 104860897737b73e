package logs

import (
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func checkTags(list map[string]string) error {
	if problem := tags.Check(list); problem != "" {
		return invalid("%s", problem)
	}
	return nil
}

// tagged is the name of the log group that an ARN of a tag operation stands for.
func tagged(c *op.Call, arn *string) (string, error) {
	prefix := groupARN(c.Region, owner(c), "")
	name, ok := strings.CutPrefix(text(arn), prefix)
	if !ok || !groupForm.MatchString(name) {
		return "", invalid("the sandbox has tags for log groups alone, whose ARN is %sNAME: %s", prefix, text(arn))
	}
	return name, nil
}

// onTagged is the check of a tag operation. Its resource ends with the name.
// Source: CloudWatch Logs API_LogGroup, logGroupArn.
func (s *Service) onTagged(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
	name, err := tagged(c, arn)
	if err != nil {
		return nil, err
	}
	r := s.resource(owner(c), c.Region, name)
	r.ARN = groupARN(c.Region, owner(c), name)
	return []op.Check{{Action: "logs:" + action, Resource: r, Context: keys}}, nil
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "CloudWatch Logs API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				return s.onTagged(c, "TagResource", in.ResourceArn, tags.RequestKeys(in.Tags))
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				name, err := tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				return &sdk.TagResourceOutput{}, s.tag(c, &name, in.Tags)
			}),
		op.New("UntagResource", "CloudWatch Logs API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.onTagged(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				name, err := tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				return &sdk.UntagResourceOutput{}, s.untag(c, &name, in.TagKeys)
			}),
		op.New("ListTagsForResource", "CloudWatch Logs API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.onTagged(c, "ListTagsForResource", in.ResourceArn, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				name, err := tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				g, err := s.existing(c, &name, nil)
				if err != nil {
					return nil, err
				}
				return &sdk.ListTagsForResourceOutput{Tags: tags.With(g.Tags, nil)}, nil
			}),
	}
}

func (s *Service) tag(c *op.Call, name *string, more map[string]string) error {
	g, err := s.existing(c, name, nil)
	if err != nil {
		return err
	}
	if len(more) == 0 {
		return invalid("tags must not be empty")
	}
	if err := checkTags(more); err != nil {
		return err
	}
	own := *g
	if own.Tags = tags.With(g.Tags, more); len(own.Tags) > tags.Limit {
		return fault("TooManyTagsException", "A resource can have no more than %d tags.", tags.Limit)
	}
	s.groups.Put(own.key(), &own)
	return nil
}

func (s *Service) untag(c *op.Call, name *string, names []string) error {
	g, err := s.existing(c, name, nil)
	if err != nil {
		return err
	}
	own := *g
	own.Tags = tags.Without(g.Tags, names)
	s.groups.Put(own.key(), &own)
	return nil
}
