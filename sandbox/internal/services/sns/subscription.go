package sns

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// subscription is one endpoint of a topic.
type subscription struct {
	ARN, Topic, Owner, Protocol, Endpoint string
	// Principal that subscribed.
	Principal string
	Created   time.Time
	Pending   bool
	// Token that confirms it; empty when nothing is to be confirmed.
	Token string
	// Authenticated: a signed request confirmed it. Guarded: only one ends it.
	Authenticated, Guarded bool
	// Attributes are those set.
	Attributes map[string]string

	filter *eventpattern.Pattern
}

// Loaded compiles the filter after the record was read from disk.
func (s *subscription) Loaded() (err error) {
	if f := s.Attributes["FilterPolicy"]; f != "" {
		s.filter, err = eventpattern.Compile(f)
	}
	return err
}

// token confirms a subscription.
type token struct {
	Subscription string
	Expires      time.Time
}

// tokenLife is how long a token confirms.
// Source: SNS API_Subscribe: "Confirmation tokens are valid for two days".
const tokenLife = 48 * time.Hour

// of returns the subscriptions of a topic, in the order of their ARNs.
func (s *Service) of(topicARN string) (list []*subscription) {
	for _, sub := range s.subscriptions.Prefix(topicARN + ":") {
		list = append(list, sub)
	}
	return list
}

// newToken makes a token of the length that SNS's have.
func (s *Service) newToken(c *op.Call, sub *subscription) error {
	b := make([]byte, 128)
	if _, err := io.ReadFull(c.Rand, b); err != nil {
		return err
	}
	sub.Token = hex.EncodeToString(b)
	s.tokens.Put(sub.Token, &token{sub.ARN, c.Now.Add(tokenLife)})
	return nil
}

// setSubscription changes one attribute of a subscription that is not put yet. An
// empty value takes it away.
func (s *subscription) set(name, value string) error {
	switch name {
	case "FilterPolicy", "FilterPolicyScope":
		return s.setFilter(name, value)
	case "RawMessageDelivery":
		on, err := strconv.ParseBool(value)
		if value != "" && (err != nil || on && s.Protocol != "http" && s.Protocol != "https") {
			return invalid("Attributes Reason: RawMessageDelivery: it is true or false, and true for http and https alone")
		}
		value = strings.ToLower(value)
	case "DeliveryPolicy":
		if value != "" {
			if _, err := readRetries(value); err != nil {
				return invalid("DeliveryPolicy: %s", err)
			}
			if s.Protocol != "http" && s.Protocol != "https" {
				return invalid("DeliveryPolicy: it is for http and https alone")
			}
		}
	case "RedrivePolicy":
		if value != "" {
			return invalid("RedrivePolicy: the sandbox has no SQS to hold dead letters")
		}
	case "SubscriptionRoleArn":
		if value != "" {
			return invalid("SubscriptionRoleArn: the sandbox has no Firehose")
		}
	case "ReplayPolicy":
		return invalid("ReplayPolicy: the sandbox does not implement FIFO topics")
	default:
		return invalid("AttributeName")
	}
	s.put(name, value)
	return nil
}

func (s *subscription) put(name, value string) {
	if value == "" {
		delete(s.Attributes, name)
		return
	}
	s.Attributes[name] = value
}

func (s *subscription) copy() *subscription {
	own := *s
	own.Attributes = maps.Clone(s.Attributes)
	return &own
}

// maxFilterKeys is how many fields a filter policy may name.
// Source: SNS Developer Guide "Filter policy constraints".
const maxFilterKeys = 5

func (s *subscription) setFilter(name, value string) error {
	next := s.copy()
	next.put(name, value)
	scope := next.Attributes["FilterPolicyScope"]
	if scope != "" && scope != "MessageAttributes" && scope != "MessageBody" {
		return invalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", scope)
	}
	text := next.Attributes["FilterPolicy"]
	next.filter = nil
	if text == "{}" { // the filter that lets everything pass
		delete(next.Attributes, "FilterPolicy")
		text = ""
	}
	if text != "" {
		var err error
		if next.filter, err = eventpattern.Compile(text); err != nil {
			return invalid("FilterPolicy: %s", strings.TrimPrefix(err.Error(), "Event pattern is not valid. Reason: "))
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			return invalid("FilterPolicy: %v", err)
		}
		if len(fields) > maxFilterKeys {
			return invalid("FilterPolicy: Filter policy can not have more than %d keys", maxFilterKeys)
		}
		for _, v := range fields {
			if scope != "MessageBody" && strings.HasPrefix(strings.TrimSpace(string(v)), "{") {
				return invalid("FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy")
			}
		}
	}
	*s = *next
	return nil
}

// wants reports whether the filter lets the message pass.
func (s *subscription) wants(m *message) bool {
	if s.filter == nil {
		return true
	}
	text := m.body
	if s.Attributes["FilterPolicyScope"] != "MessageBody" {
		text = m.attributesJSON()
	}
	e, err := eventpattern.NewEvent(text)
	return err == nil && s.filter.Match(e)
}

// attributes are all that GetSubscriptionAttributes answers with.
func (s *subscription) attributes(t *topic) map[string]string {
	out := map[string]string{
		"SubscriptionArn": s.ARN, "TopicArn": s.Topic, "Protocol": s.Protocol, "Endpoint": s.Endpoint, "Owner": s.Owner,
		"PendingConfirmation": strconv.FormatBool(s.Pending), "ConfirmationWasAuthenticated": strconv.FormatBool(s.Authenticated),
		"RawMessageDelivery": "false", "SubscriptionPrincipal": s.Principal,
	}
	maps.Copy(out, s.Attributes)
	if s.Attributes["FilterPolicy"] != "" && s.Attributes["FilterPolicyScope"] == "" {
		out["FilterPolicyScope"] = "MessageAttributes"
	}
	if s.Attributes["FilterPolicy"] == "" {
		delete(out, "FilterPolicyScope")
	}
	if s.Protocol == "http" || s.Protocol == "https" {
		r, _ := json.Marshal(deliveryPolicy{Own: s.retries(t)}) // scalars
		out["EffectiveDeliveryPolicy"] = string(r)
	}
	return out
}

// retries are the subscription's own, or the topic's.
func (s *subscription) retries(t *topic) *retries {
	for _, set := range []string{s.Attributes["DeliveryPolicy"], topicRetries(t)} {
		if set != "" {
			if r, err := readRetries(set); err == nil {
				return r
			}
		}
	}
	return defaultRetries()
}

func topicRetries(t *topic) string {
	if t == nil {
		return ""
	}
	return t.Attributes["DeliveryPolicy"]
}

func newSubscriptionARN(c *op.Call, topicARN string) string {
	return topicARN + ":" + audit.NewID(c.Rand)
}

// bearer is the check of a link that somebody followed: whoever holds it may.
func bearer(action, arn, account string) (op.Check, error) {
	doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sns:` + action + `","Resource":"` + arn + `"}}`
	p, err := policy.Parse("the link in the message", []byte(doc), policy.Resource)
	if err != nil {
		return op.Check{}, err
	}
	return op.Check{Action: "sns:" + action, Resource: op.Resource{ARN: arn, Account: account, Policy: p}, Principal: &policy.Principal{Type: policy.Anonymous}}, nil
}
