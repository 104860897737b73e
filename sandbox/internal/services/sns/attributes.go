package sns

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

var (
	feedbackRate = regexp.MustCompile(`^(HTTP|Firehose|Lambda|Application|SQS)SuccessFeedbackSampleRate$`)
	feedbackRole = regexp.MustCompile(`^(HTTP|Firehose|Lambda|Application|SQS)(Success|Failure)FeedbackRoleArn$`)
)

func (s *Service) attributeRows() []op.Row {
	return []op.Row{
		op.New("GetTopicAttributes", "SNS API_GetTopicAttributes", op.Read,
			topicCheck(s, "GetTopicAttributes", func(in *sdk.GetTopicAttributesInput) *string { return in.TopicArn }),
			func(_ *op.Call, in *sdk.GetTopicAttributesInput) (*sdk.GetTopicAttributesOutput, error) {
				t, err := s.existing(in.TopicArn)
				if err != nil {
					return nil, err
				}
				return &sdk.GetTopicAttributesOutput{Attributes: t.attributes(s)}, nil
			}),
		op.New("SetTopicAttributes", "SNS API_SetTopicAttributes", op.Write,
			topicCheck(s, "SetTopicAttributes", func(in *sdk.SetTopicAttributesInput) *string { return in.TopicArn }),
			func(_ *op.Call, in *sdk.SetTopicAttributesInput) (*sdk.SetTopicAttributesOutput, error) {
				t, err := s.existing(in.TopicArn)
				if err != nil {
					return nil, err
				}
				t = t.copy()
				if err := s.set(t, text(in.AttributeName), text(in.AttributeValue)); err != nil {
					return nil, err
				}
				s.topics.Put(t.ARN, t)
				return &sdk.SetTopicAttributesOutput{}, nil
			}),
	}
}

// set changes one attribute of a topic that is not put yet. An empty value takes
// it away.
func (s *Service) set(t *topic, name, value string) error {
	wrong := func(reason string) error { return invalid("Attributes Reason: %s: %s", name, reason) }
	switch {
	case name == "Policy":
		if value == "" {
			value = defaultPolicy(t)
		}
		return s.setPolicy(t, value)
	case name == "KmsMasterKeyId":
		if len(value) > 2048 {
			return wrong("the key's name is too long")
		}
	case name == "DisplayName":
		if len([]rune(value)) > 100 || strings.ContainsAny(value, "\r\n") {
			return wrong("it has 100 characters at most, in one line")
		}
	case name == "SignatureVersion":
		if value != "" && value != "1" && value != "2" {
			return invalid("SignatureVersion")
		}
	case name == "TracingConfig":
		if value != "" && value != "PassThrough" {
			return wrong("the sandbox implements PassThrough alone")
		}
	case name == "DeliveryPolicy":
		if value != "" {
			if _, err := readRetries(value); err != nil {
				return invalid("DeliveryPolicy: %s", err)
			}
		}
	case feedbackRate.MatchString(name):
		if n, err := strconv.Atoi(value); value != "" && (err != nil || n < 0 || n > 100) {
			return wrong("it is a percentage, 0 to 100")
		}
	case feedbackRole.MatchString(name):
		if value != "" {
			return wrong("the sandbox does not log the status of deliveries")
		}
	case name == "FifoTopic" || name == "ContentBasedDeduplication":
		if value != "" && value != "false" {
			return wrong("the sandbox does not implement FIFO topics")
		}
		return nil
	case name == "ArchivePolicy" || name == "FifoThroughputScope":
		return wrong("the sandbox does not implement FIFO topics")
	default:
		return invalid("AttributeName")
	}
	if value == "" {
		delete(t.Attributes, name)
		return nil
	}
	t.Attributes[name] = value
	return nil
}

// attributes are all that GetTopicAttributes answers with.
func (t *topic) attributes(s *Service) map[string]string {
	out := map[string]string{
		"TopicArn": t.ARN, "Owner": t.Account, "Policy": t.Policy, "DisplayName": "",
		"EffectiveDeliveryPolicy": effectiveTopicPolicy(t.Attributes["DeliveryPolicy"]),
	}
	maps.Copy(out, t.Attributes)
	pending, confirmed := 0, 0
	for _, sub := range s.of(t.ARN) {
		if sub.Pending {
			pending++
		} else {
			confirmed++
		}
	}
	out["SubscriptionsPending"], out["SubscriptionsConfirmed"], out["SubscriptionsDeleted"] = strconv.Itoa(pending), strconv.Itoa(confirmed), strconv.Itoa(t.Deleted)
	return out
}

// retries is how failed HTTP deliveries are repeated.
// Source: SNS Developer Guide "Creating an HTTP/S delivery policy"; its default is
// three retries, 20 seconds apart.
type retries struct {
	MinDelayTarget     *int    `json:"minDelayTarget,omitempty"`
	MaxDelayTarget     *int    `json:"maxDelayTarget,omitempty"`
	NumRetries         *int    `json:"numRetries,omitempty"`
	NumNoDelayRetries  *int    `json:"numNoDelayRetries,omitempty"`
	NumMinDelayRetries *int    `json:"numMinDelayRetries,omitempty"`
	NumMaxDelayRetries *int    `json:"numMaxDelayRetries,omitempty"`
	BackoffFunction    *string `json:"backoffFunction,omitempty"`
}

type httpPolicy struct {
	Default *retries `json:"defaultHealthyRetryPolicy,omitempty"`
	// Own is a subscription's.
	Own                          *retries        `json:"healthyRetryPolicy,omitempty"`
	DisableSubscriptionOverrides *bool           `json:"disableSubscriptionOverrides,omitempty"`
	DefaultThrottlePolicy        json.RawMessage `json:"defaultThrottlePolicy,omitempty"`
	DefaultRequestPolicy         json.RawMessage `json:"defaultRequestPolicy,omitempty"`
}

// deliveryPolicy is the value of DeliveryPolicy, of a topic or of a subscription.
type deliveryPolicy struct {
	HTTP *httpPolicy `json:"http,omitempty"`
	Own  *retries    `json:"healthyRetryPolicy,omitempty"`
}

func defaultRetries() *retries {
	return &retries{new(20), new(20), new(3), new(0), new(0), new(0), new("linear")}
}

// readRetries reads a delivery policy: the defaults with what it says.
func readRetries(value string) (*retries, error) {
	var p deliveryPolicy
	dec := json.NewDecoder(strings.NewReader(value))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return nil, refusal("the sandbox does not understand it: " + err.Error())
	}
	out := defaultRetries()
	own := p.Own
	if p.HTTP != nil {
		if p.HTTP.DefaultThrottlePolicy != nil || p.HTTP.DefaultRequestPolicy != nil {
			return nil, refusal("the sandbox does not implement throttle and request policies")
		}
		if p.HTTP.Default != nil {
			own = p.HTTP.Default
		}
		if p.HTTP.Own != nil {
			own = p.HTTP.Own
		}
	}
	if own != nil {
		raw, _ := json.Marshal(own)  // pointers to scalars
		_ = json.Unmarshal(raw, out) // which it just wrote
	}
	r := out
	for _, n := range []*int{r.MinDelayTarget, r.MaxDelayTarget, r.NumRetries, r.NumNoDelayRetries, r.NumMinDelayRetries, r.NumMaxDelayRetries} {
		if *n < 0 || *n > 3600 {
			return nil, refusal("its numbers are 0 to 3600")
		}
	}
	switch {
	case *r.BackoffFunction != "linear":
		return nil, refusal("the sandbox implements the backoff function linear alone")
	case *r.MinDelayTarget < 1 || *r.MaxDelayTarget < *r.MinDelayTarget:
		return nil, refusal("minDelayTarget must be 1 or more, and no more than maxDelayTarget")
	case *r.NumRetries > 100 || *r.NumNoDelayRetries+*r.NumMinDelayRetries+*r.NumMaxDelayRetries > *r.NumRetries:
		return nil, refusal("numRetries is 100 at most, and no less than its phases")
	}
	return out, nil
}

type refusal string

func (r refusal) Error() string { return string(r) }

// delay is the wait before retry n, counted from 1, in seconds; ok is false after the
// last. Between the phase of the least delay and that of the most the delays grow
// by equal steps.
func (r *retries) delay(n int) (seconds int, ok bool) {
	backoff := *r.NumRetries - *r.NumNoDelayRetries - *r.NumMinDelayRetries - *r.NumMaxDelayRetries
	switch n -= *r.NumNoDelayRetries; {
	case n <= 0:
		return 0, true
	case n <= *r.NumMinDelayRetries:
		return *r.MinDelayTarget, true
	}
	n -= *r.NumMinDelayRetries
	if n <= backoff {
		if backoff == 1 {
			return *r.MinDelayTarget, true
		}
		return *r.MinDelayTarget + (*r.MaxDelayTarget-*r.MinDelayTarget)*(n-1)/(backoff-1), true
	}
	return *r.MaxDelayTarget, n-backoff <= *r.NumMaxDelayRetries
}

func effectiveTopicPolicy(set string) string {
	r := defaultRetries()
	if set != "" {
		r, _ = readRetries(set) // it was read when it was set
	}
	out, _ := json.Marshal(deliveryPolicy{HTTP: &httpPolicy{Default: r, DisableSubscriptionOverrides: new(false)}}) // scalars
	return string(out)
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
