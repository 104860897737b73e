package guardduty

import (
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// tagged is a detector or a filter, as the tag operations see it.
type tagged struct {
	resource op.Resource
	// put keeps other tags; nil: there is no such resource.
	put func(map[string]string)
}

// tagged finds what an ARN names; what is not there can be asked for all the same.
func (s *Service) tagged(c *op.Call, arn *string) (*tagged, error) {
	part := strings.SplitN(text(arn), ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[1] != "aws" || part[2] != "guardduty" || part[3] != c.Region || part[4] != c.Caller.Account || !strings.HasPrefix(part[5], "detector/") {
		return nil, bad("The request is rejected because the resource ARN is not valid.")
	}
	t := &tagged{resource: op.Resource{ARN: *arn, Account: part[4]}}
	id, rest, _ := strings.Cut(strings.TrimPrefix(part[5], "detector/"), "/")
	d := s.detectors.Get(place(part[4], part[3]) + id)
	name, isFilter := strings.CutPrefix(rest, "filter/")
	switch {
	case d == nil:
	case rest == "":
		t.resource, t.put = d.resource(), func(m map[string]string) {
			own := *d
			own.Tags = m
			s.detectors.Put(own.key(), &own)
		}
	case isFilter:
		if f := s.filters.Get(d.key() + "/" + name); f != nil {
			t.resource, t.put = d.filterResource(f), func(m map[string]string) {
				own := *f
				own.Tags = m
				s.filters.Put(d.key()+"/"+name, &own)
			}
		}
	}
	return t, nil
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
	t, err := s.tagged(c, arn)
	if err != nil {
		return nil, err
	}
	return []op.Check{{Action: "guardduty:" + action, Resource: t.resource, Context: keys}}, nil
}

// retag keeps the tags that change makes of those that there are.
func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	t, err := s.tagged(c, arn)
	if err != nil {
		return err
	}
	if t.put == nil {
		return bad("The request is rejected because the resource %s does not exist.", *arn)
	}
	changed := change(t.resource.Tags)
	if problem := tags.Check(changed); problem != "" {
		return bad("%s", problem)
	}
	t.put(changed)
	return nil
}

func (s *Service) tagRows() []op.Row {
	return []op.Row{
		op.New("TagResource", "GuardDuty API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "TagResource", in.ResourceArn, tags.RequestKeys(in.Tags))
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				return &sdk.TagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.With(m, in.Tags) })
			}),
		op.New("UntagResource", "GuardDuty API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "UntagResource", in.ResourceArn, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				return &sdk.UntagResourceOutput{}, s.retag(c, in.ResourceArn, func(m map[string]string) map[string]string { return tags.Without(m, in.TagKeys) })
			}),
		op.New("ListTagsForResource", "GuardDuty API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return s.checkTagged(c, "ListTagsForResource", in.ResourceArn, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				t, err := s.tagged(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				if t.put == nil {
					return nil, bad("The request is rejected because the resource %s does not exist.", *in.ResourceArn)
				}
				return &sdk.ListTagsForResourceOutput{Tags: tags.With(t.resource.Tags, nil)}, nil
			}),
	}
}
