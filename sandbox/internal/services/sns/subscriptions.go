package sns

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) subscriptionRows() []op.Row {
	return []op.Row{
		op.New("GetSubscriptionAttributes", "SNS API_GetSubscriptionAttributes", op.Read,
			func(c *op.Call, in *sdk.GetSubscriptionAttributesInput) ([]op.Check, error) {
				return s.subscriptionCheck(c, "GetSubscriptionAttributes", in.SubscriptionArn)
			},
			func(c *op.Call, in *sdk.GetSubscriptionAttributesInput) (*sdk.GetSubscriptionAttributesOutput, error) {
				sub, _, err := s.subscriptionOf(c, in.SubscriptionArn)
				if err != nil {
					return nil, err
				}
				if sub == nil {
					return nil, notFound("Subscription")
				}
				return &sdk.GetSubscriptionAttributesOutput{Attributes: sub.attributes(s.topics.Get(sub.Topic))}, nil
			}),
		op.New("SetSubscriptionAttributes", "SNS API_SetSubscriptionAttributes", op.Write,
			func(c *op.Call, in *sdk.SetSubscriptionAttributesInput) ([]op.Check, error) {
				return s.subscriptionCheck(c, "SetSubscriptionAttributes", in.SubscriptionArn)
			},
			func(c *op.Call, in *sdk.SetSubscriptionAttributesInput) (*sdk.SetSubscriptionAttributesOutput, error) {
				sub, _, err := s.subscriptionOf(c, in.SubscriptionArn)
				if err != nil {
					return nil, err
				}
				if sub == nil {
					return nil, notFound("Subscription")
				}
				sub = sub.copy()
				if err := sub.set(text(in.AttributeName), text(in.AttributeValue)); err != nil {
					return nil, err
				}
				s.subscriptions.Put(sub.ARN, sub)
				return &sdk.SetSubscriptionAttributesOutput{}, nil
			}),
		op.New("ListSubscriptions", "SNS API_ListSubscriptions", op.Read,
			func(c *op.Call, _ *sdk.ListSubscriptionsInput) ([]op.Check, error) {
				return []op.Check{{Action: "sns:ListSubscriptions", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
			},
			func(c *op.Call, in *sdk.ListSubscriptionsInput) (*sdk.ListSubscriptionsOutput, error) {
				var all []*subscription
				for _, sub := range s.subscriptions.From("") {
					if sub.Owner == c.Caller.Account && regionOf(sub.Topic) == c.Region {
						all = append(all, sub)
					}
				}
				out := &sdk.ListSubscriptionsOutput{}
				out.Subscriptions, out.NextToken = views(all, in.NextToken)
				return out, nil
			}),
		op.New("ListSubscriptionsByTopic", "SNS API_ListSubscriptionsByTopic", op.Read,
			topicCheck(s, "ListSubscriptionsByTopic", func(in *sdk.ListSubscriptionsByTopicInput) *string { return in.TopicArn }),
			func(_ *op.Call, in *sdk.ListSubscriptionsByTopicInput) (*sdk.ListSubscriptionsByTopicOutput, error) {
				t, err := s.existing(in.TopicArn)
				if err != nil {
					return nil, err
				}
				out := &sdk.ListSubscriptionsByTopicOutput{}
				out.Subscriptions, out.NextToken = views(s.of(t.ARN), in.NextToken)
				return out, nil
			}),
	}
}

func (s *Service) subscriptionCheck(c *op.Call, action string, arn *string) ([]op.Check, error) {
	_, topicARN, err := s.subscriptionOf(c, arn)
	if err != nil {
		return nil, err
	}
	check, err := s.onTopic(c, action, &topicARN)
	return []op.Check{check}, err
}

// views cuts a page and shows it: a list does not tell the ARN of a subscription that
// is not confirmed.
func views(all []*subscription, after *string) ([]types.Subscription, *string) {
	all, next := page(all, func(s *subscription) string { return s.ARN }, after)
	out := []types.Subscription{}
	for _, sub := range all {
		v := types.Subscription{Endpoint: &sub.Endpoint, Owner: &sub.Owner, Protocol: &sub.Protocol, SubscriptionArn: &sub.ARN, TopicArn: &sub.Topic}
		if sub.Pending {
			v.SubscriptionArn = new("PendingConfirmation")
		}
		out = append(out, v)
	}
	return out, next
}
