package sns

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) subscribeRows() []op.Row {
	confirm := op.New("ConfirmSubscription", "SNS API_ConfirmSubscription", op.Write, s.checkConfirm, s.confirm)
	confirm.Unsigned = "SNS API_ConfirmSubscription: a signature is needed only when AuthenticateOnUnsubscribe is true; the token proves who asks"
	confirm.Secret = []string{"Token"}
	end := op.New("Unsubscribe", "SNS API_Unsubscribe", op.Write, s.checkUnsubscribe, s.unsubscribe)
	end.Unsigned = "SNS API_Unsubscribe: a signature is needed only if the subscription requires authentication for deletion"
	return []op.Row{
		op.New("Subscribe", "SNS API_Subscribe", op.Write,
			func(c *op.Call, in *sdk.SubscribeInput) ([]op.Check, error) {
				keys := []op.Key{op.Single("sns:Protocol", text(in.Protocol))}
				if in.Endpoint != nil {
					keys = append(keys, op.Single("sns:Endpoint", *in.Endpoint))
				}
				check, err := s.onTopic(c, "Subscribe", in.TopicArn, keys...)
				return []op.Check{check}, err
			}, s.subscribe),
		confirm, end,
	}
}

// checkEndpoint refuses protocols that the sandbox has nothing to deliver by, and
// endpoints that are none.
func (s *Service) checkEndpoint(protocol, endpoint string) error {
	wrong := func(reason string) error { return invalid("Endpoint Reason: %s", reason) }
	switch protocol {
	case "email", "email-json":
		name, domain, ok := strings.Cut(endpoint, "@")
		if !ok || name == "" || domain == "" || strings.ContainsAny(endpoint, " \r\n,;") {
			return invalid("Email address")
		}
	case "http", "https":
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" {
			return wrong("it is not a URL")
		}
		if u.Scheme != protocol {
			return wrong("Endpoint must match the specified protocol")
		}
	case "lambda":
		if !s.Functions {
			return invalid("Protocol Reason: the sandbox does not implement the protocol lambda")
		}
		part := strings.Split(endpoint, ":")
		if len(part) < 7 || len(part) > 8 || part[0] != "arn" || part[2] != "lambda" || part[5] != "function" || part[6] == "" {
			return invalid("Lambda endpoint ARN")
		}
	case "sqs", "sms", "application", "firehose":
		return invalid("Protocol Reason: the sandbox does not implement the protocol %s", protocol)
	default:
		return invalid("Protocol Reason: Does not support this protocol string: %s", protocol)
	}
	return nil
}

func (s *Service) subscribe(c *op.Call, in *sdk.SubscribeInput) (*sdk.SubscribeOutput, error) {
	t, err := s.existing(in.TopicArn)
	if err != nil {
		return nil, err
	}
	protocol, endpoint := text(in.Protocol), text(in.Endpoint)
	if err := s.checkEndpoint(protocol, endpoint); err != nil {
		return nil, err
	}
	sub := &subscription{
		ARN: newSubscriptionARN(c, t.ARN), Topic: t.ARN, Owner: c.Caller.Account, Protocol: protocol, Endpoint: endpoint,
		Principal: c.Caller.Principal.ARN, Created: c.Now, Attributes: map[string]string{},
	}
	// Source: SNS API_Subscribe: http, https and email confirm. A function's own policy
	// decides.
	sub.Pending = protocol != "lambda"
	// The scope first: what a filter may say depends on it.
	if scope, ok := in.Attributes["FilterPolicyScope"]; ok {
		if err := sub.set("FilterPolicyScope", scope); err != nil {
			return nil, err
		}
	}
	for _, name := range sortedKeys(in.Attributes) {
		if err := sub.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	for _, old := range s.of(t.ARN) {
		if old.Protocol != protocol || old.Endpoint != endpoint {
			continue
		}
		if len(in.Attributes) > 0 && !maps.Equal(old.Attributes, sub.Attributes) {
			return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		if !old.Pending {
			return &sdk.SubscribeOutput{SubscriptionArn: &old.ARN}, nil
		}
		s.tokens.Delete(old.Token)
		sub = old.copy() // asked again: the confirmation is sent again
	}
	if sub.Pending {
		if err := s.newToken(c, sub); err != nil {
			return nil, err
		}
		s.askToConfirm(c, t, sub)
	}
	s.subscriptions.Put(sub.ARN, sub)
	if sub.Pending && !in.ReturnSubscriptionArn {
		return &sdk.SubscribeOutput{SubscriptionArn: new("pending confirmation")}, nil
	}
	return &sdk.SubscribeOutput{SubscriptionArn: &sub.ARN}, nil
}

// named returns the pending subscription that a token confirms.
func (s *Service) named(c *op.Call, in *sdk.ConfirmSubscriptionInput) (*subscription, error) {
	k := s.tokens.Get(text(in.Token))
	if k == nil || !c.Now.Before(k.Expires) {
		return nil, invalid("Token")
	}
	sub := s.subscriptions.Get(k.Subscription)
	if sub == nil || sub.Topic != text(in.TopicArn) {
		return nil, invalid("Token")
	}
	return sub, nil
}

func (s *Service) checkConfirm(c *op.Call, in *sdk.ConfirmSubscriptionInput) ([]op.Check, error) {
	account, _, err := locate(c, "TopicArn", text(in.TopicArn))
	if err != nil {
		return nil, err
	}
	if guard := in.AuthenticateOnUnsubscribe; guard != nil && *guard != "" && *guard != "true" && *guard != "false" {
		return nil, invalid("AuthenticateOnUnsubscribe")
	}
	if c.Caller.Principal.Type != policy.Anonymous {
		check, err := s.onTopic(c, "ConfirmSubscription", in.TopicArn)
		return []op.Check{check}, err
	}
	if text(in.AuthenticateOnUnsubscribe) == "true" {
		return nil, op.Errorf(http.StatusForbidden, "AuthorizationError", "AuthenticateOnUnsubscribe asks for a signed request")
	}
	if _, err := s.named(c, in); err != nil {
		return nil, err
	}
	check, err := bearer("ConfirmSubscription", *in.TopicArn, account)
	return []op.Check{check}, err
}

func (s *Service) confirm(c *op.Call, in *sdk.ConfirmSubscriptionInput) (*sdk.ConfirmSubscriptionOutput, error) {
	sub, err := s.named(c, in)
	if err != nil {
		return nil, err
	}
	if sub.Pending {
		sub = sub.copy()
		sub.Pending, sub.Authenticated = false, c.Caller.Principal.Type != policy.Anonymous
		sub.Guarded, _ = strconv.ParseBool(text(in.AuthenticateOnUnsubscribe))
		s.subscriptions.Put(sub.ARN, sub)
	}
	return &sdk.ConfirmSubscriptionOutput{SubscriptionArn: &sub.ARN}, nil
}

// subscriptionOf returns a subscription and its topic's ARN.
func (s *Service) subscriptionOf(c *op.Call, arn *string) (*subscription, string, error) {
	_, rest, err := locate(c, "SubscriptionArn", text(arn))
	if err != nil {
		return nil, "", err
	}
	if strings.Count(rest, ":") != 1 {
		return nil, "", invalid("SubscriptionArn Reason: An ARN must have at least 7 elements, not 6")
	}
	return s.subscriptions.Get(*arn), (*arn)[:strings.LastIndexByte(*arn, ':')], nil
}

func (s *Service) checkUnsubscribe(c *op.Call, in *sdk.UnsubscribeInput) ([]op.Check, error) {
	sub, topicARN, err := s.subscriptionOf(c, in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	if c.Caller.Principal.Type != policy.Anonymous {
		check, err := s.onTopic(c, "Unsubscribe", &topicARN)
		return []op.Check{check}, err
	}
	if sub == nil {
		return nil, notFound("Subscription")
	}
	if sub.Guarded {
		return nil, op.Errorf(http.StatusForbidden, "AuthorizationError", "the subscription requires a signed request to end it")
	}
	check, err := bearer("Unsubscribe", topicARN, sub.Owner)
	return []op.Check{check}, err
}

func (s *Service) unsubscribe(c *op.Call, in *sdk.UnsubscribeInput) (*sdk.UnsubscribeOutput, error) {
	sub, _, err := s.subscriptionOf(c, in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	if sub == nil {
		return nil, notFound("Subscription")
	}
	if sub.Pending {
		return nil, invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
	}
	s.subscriptions.Delete(sub.ARN)
	s.tokens.Delete(sub.Token)
	if t := s.topics.Get(sub.Topic); t != nil {
		t = t.copy()
		t.Deleted++
		s.topics.Put(t.ARN, t)
	}
	return &sdk.UnsubscribeOutput{}, nil
}
