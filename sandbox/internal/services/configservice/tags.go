package configservice

import (
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// tagged is what has tags: a copy of it, and how it is kept.
type tagged struct {
	tags map[string]string
	keep func(tags map[string]string)
}

// taggedBy is the thing of the caller's account and region that an ARN names.
func (s *Service) taggedBy(c *op.Call, arn *string) (*tagged, error) {
	at := place(c.Caller.Account, c.Region)
	if r := s.recorders.Get(at); r != nil && r.arn() == text(arn) {
		own := *r
		return &tagged{r.Tags, func(m map[string]string) { own.Tags = m; s.recorders.Put(at, &own) }}, nil
	}
	for key, r := range s.rules.Prefix(at + "/") {
		if own := *r; own.arn() == text(arn) {
			return &tagged{r.Tags, func(m map[string]string) { own.Tags = m; s.rules.Put(key, &own) }}, nil
		}
	}
	for key, a := range s.aggregators.Prefix(at + "/") {
		if own := *a; own.arn() == text(arn) {
			return &tagged{a.Tags, func(m map[string]string) { own.Tags = m; s.aggregators.Put(key, &own) }}, nil
		}
	}
	for key, a := range s.authorizations.Prefix(at + "/") {
		if own := *a; own.arn() == text(arn) {
			return &tagged{a.Tags, func(m map[string]string) { own.Tags = m; s.authorizations.Put(key, &own) }}, nil
		}
	}
	return nil, fault("ResourceNotFoundException", "ResourceArn '%s' does not exist.", text(arn))
}

func (s *Service) checkTagged(c *op.Call, action string, arn *string, keys []op.Key) []op.Check {
	resource := op.Resource{ARN: text(arn), Account: c.Caller.Account}
	if t, err := s.taggedBy(c, arn); err == nil {
		resource.Tags = t.tags
	}
	return []op.Check{{Action: "config:" + action, Resource: resource, Context: keys}}
}

func (s *Service) retag(c *op.Call, arn *string, change func(map[string]string) map[string]string) error {
	t, err := s.taggedBy(c, arn)
	if err != nil {
		return err
	}
	changed := change(t.tags)
	if problem := tags.Check(changed); problem != "" {
		return fault("ValidationException", "%s", problem)
	}
	t.keep(changed)
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
				t, err := s.taggedBy(c, in.ResourceArn)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListTagsForResourceOutput{Tags: []types.Tag{}}
				for _, name := range slices.Sorted(maps.Keys(t.tags)) {
					out.Tags = append(out.Tags, types.Tag{Key: &name, Value: new(t.tags[name])})
				}
				return out, nil
			}),
	}
}
