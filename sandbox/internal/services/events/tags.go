package events

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	out, problem := tags.Read(list, func(t types.Tag) (_, _ *string) { return t.Key, t.Value })
	if problem != "" {
		return nil, wrong("%s", problem)
	}
	return out, nil
}

// tagged is a rule or a bus, as the tag operations see it.
type tagged struct {
	resource op.Resource
	keys     []op.Key
	tags     map[string]string
	// put keeps other tags; nil: there is no such resource.
	put func(map[string]string)
}

// tagged finds what an ARN names; what is not there can be asked for all the same.
func (s *Service) tagged(c *op.Call, arn *string) (*tagged, error) {
	region, account, resource, ok := arnParts(text(arn))
	if !ok || region != c.Region {
		return nil, wrong("Provided Arn is not in correct format. Reason: Invalid ARN")
	}
	t := &tagged{resource: op.Resource{ARN: *arn, Account: account}}
	kind, name, _ := strings.Cut(resource, "/")
	switch kind {
	case "event-bus":
		if b := s.find(account, region, name); b != nil {
			t.resource, t.tags = b.resource(), b.Tags
			t.put = func(m map[string]string) {
				own := *b
				own.Tags = m
				s.buses.Put(own.key(), &own)
			}
		}
	case "rule":
		busName, ruleName, custom := strings.Cut(name, "/")
		if !custom {
			busName, ruleName = defaultBus, name
		}
		if r := s.rules.Get(ruleKey(account, region, busName, ruleName)); r != nil {
			t.resource, t.keys, t.tags = s.ruleResource(r), r.creator(), r.Tags
			t.put = func(m map[string]string) {
				own := *r
				own.Tags = m
				s.rules.Put(own.key(), &own)
			}
		}
	default:
		return nil, refuse("tags of " + kind)
	}
	return t, nil
}

func (s *Service) tagRows() []op.Row {
	check := func(c *op.Call, action string, arn *string, keys []op.Key) ([]op.Check, error) {
		t, err := s.tagged(c, arn)
		if err != nil {
			return nil, err
		}
		return []op.Check{{Action: "events:" + action, Resource: t.resource, Context: append(keys, t.keys...)}}, nil
	}
	there := func(c *op.Call, arn *string) (*tagged, error) {
		t, err := s.tagged(c, arn)
		if err == nil && (t.put == nil || t.resource.Account != c.Caller.Account) {
			err = missing("%s does not exist.", *arn)
		}
		return t, err
	}
	return []op.Row{
		op.New("TagResource", "EventBridge API_TagResource", op.Write,
			func(c *op.Call, in *sdk.TagResourceInput) ([]op.Check, error) {
				asked, err := tagMap(in.Tags)
				if err != nil {
					return nil, err
				}
				return check(c, "TagResource", in.ResourceARN, tags.RequestKeys(asked))
			},
			func(c *op.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
				t, err := there(c, in.ResourceARN)
				if err != nil {
					return nil, err
				}
				asked, err := tagMap(in.Tags)
				if err != nil {
					return nil, err
				}
				all := tags.With(t.tags, asked)
				if len(all) > tags.Limit {
					return nil, op.Errorf(400, "LimitExceededException", "The requested resource exceeds the maximum number of tags allowed.")
				}
				t.put(all)
				return &sdk.TagResourceOutput{}, nil
			}),
		op.New("UntagResource", "EventBridge API_UntagResource", op.Write,
			func(c *op.Call, in *sdk.UntagResourceInput) ([]op.Check, error) {
				return check(c, "UntagResource", in.ResourceARN, tags.NameKeys(in.TagKeys))
			},
			func(c *op.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
				t, err := there(c, in.ResourceARN)
				if err != nil {
					return nil, err
				}
				t.put(tags.Without(t.tags, in.TagKeys))
				return &sdk.UntagResourceOutput{}, nil
			}),
		op.New("ListTagsForResource", "EventBridge API_ListTagsForResource", op.Read,
			func(c *op.Call, in *sdk.ListTagsForResourceInput) ([]op.Check, error) {
				return check(c, "ListTagsForResource", in.ResourceARN, nil)
			},
			func(c *op.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
				t, err := there(c, in.ResourceARN)
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
