package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The values of an SNS message's Type.
// Source: SNS Developer Guide "Parsing Amazon SNS message formats".
const (
	notification = "Notification"
	confirmation = "SubscriptionConfirmation"
	farewell     = "UnsubscribeConfirmation"
)

// snsMessage is what SNS posts to an endpoint.
type snsMessage struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicArn         string
	Subject          *string
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	SubscribeURL     string
	Token            string
}

// toSign is the text that the signature is over: names and values by lines.
// Source: SNS Developer Guide "Verifying the signatures of Amazon SNS messages".
func (m *snsMessage) toSign() []byte {
	var b []byte
	add := func(name, value string) { b = append(append(append(append(b, name...), '\n'), value...), '\n') }
	add("Message", m.Message)
	add("MessageId", m.MessageID)
	if m.Type == notification {
		if m.Subject != nil {
			add("Subject", *m.Subject)
		}
	} else {
		add("SubscribeURL", m.SubscribeURL)
	}
	add("Timestamp", m.Timestamp)
	if m.Type != notification {
		add("Token", m.Token)
	}
	add("TopicArn", m.TopicArn)
	add("Type", m.Type)
	return b
}

// topic is the ARN of an SNS topic, taken apart.
type topic struct{ arn, region string }

// host is where SNS answers for the topic's region.
func (t topic) host() string { return "sns." + t.region + ".amazonaws.com" }

var topicARN = regexp.MustCompile(`^arn:(aws|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]+):[0-9]+:[A-Za-z0-9_.-]+$`)

// parseTopic reads the ARN of a topic. The partitions whose SNS answers outside
// amazonaws.com (China, the isolated and sovereign clouds) are refused.
func parseTopic(arn string) (topic, error) {
	m := topicARN.FindStringSubmatch(arn)
	if m == nil {
		return topic{}, fmt.Errorf("%q is not arn:aws:sns:REGION:ACCOUNT:NAME (partitions aws and aws-us-gov)", plain(arn, 120))
	}
	return topic{arn: arn, region: m[2]}, nil
}

// age checks the time of a message that was signed: the signature of an old one still
// verifies, so that whoever has one could send it again.
func (m *snsMessage) age(now time.Time, limit time.Duration) error {
	t, err := time.Parse(time.RFC3339Nano, m.Timestamp)
	if err != nil {
		return errors.New("the SNS message has no Timestamp")
	}
	if d := now.Sub(t); d > limit || d < -15*time.Minute {
		return fmt.Errorf("the SNS message is from %s, which is too long ago or in the future", t.UTC().Format(time.RFC3339))
	}
	return nil
}

// snsRecord is a message in the batch that SNS calls a Lambda function with.
// Source: Lambda Developer Guide "Invoking Lambda functions with Amazon SNS notifications".
type snsRecord struct {
	EventSource string
	Sns         struct {
		Type, TopicArn, Message string
		MessageID               string `json:"MessageId"`
	}
}

// snsBatch reads the payload of a Lambda call as a batch; ok is false if it is none.
func snsBatch(payload []byte) (records []json.RawMessage, ok bool) {
	var b struct{ Records *[]json.RawMessage }
	if json.Unmarshal(payload, &b) != nil || b.Records == nil {
		return nil, false
	}
	return *b.Records, true
}

// parseRecord reads one record of a batch. An allow list without entries lets any
// topic in: the function's policy says who may call it.
func parseRecord(raw json.RawMessage, allowed []string) ([]Alert, error) {
	var r snsRecord
	if err := read("the record", raw, &r); err != nil {
		return nil, err
	}
	if r.EventSource != "aws:sns" {
		return nil, fmt.Errorf("the record is from %q; the sink knows batches of aws:sns", plain(first(r.EventSource, "no EventSource"), 40))
	}
	if r.Sns.Type != notification {
		return nil, fmt.Errorf("the SNS message of type %q is not a Notification", plain(r.Sns.Type, 40))
	}
	if len(allowed) > 0 && !slices.Contains(allowed, r.Sns.TopicArn) {
		return nil, fmt.Errorf("the topic %q is not in SINK_TOPICS", plain(r.Sns.TopicArn, 200))
	}
	return parseInside(r.Sns.Message)
}

// parseInside reads the text that an SNS message carries.
func parseInside(text string) ([]Alert, error) {
	alerts, err := Parse([]byte(text))
	if err != nil {
		return alerts, fmt.Errorf("inside the SNS message: %w", err)
	}
	return alerts, nil
}
