package sns

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// functionEvent is a message as a function gets it.
// Source: Lambda Developer Guide "Invoking Lambda functions with Amazon SNS notifications".
type functionEvent struct {
	Records []functionRecord
}

type functionRecord struct {
	EventVersion, EventSubscriptionArn, EventSource string
	Sns                                             functionMessage
}

// functionMessage is the envelope, with names that differ in case, and with a subject that
// may be null.
type functionMessage struct {
	SignatureVersion, Timestamp, Signature, SigningCertUrl, MessageId, Message string
	MessageAttributes                                                          map[string]attribute
	Type, UnsubscribeUrl, TopicArn                                             string
	Subject                                                                    *string
}

// invoke gives a message to a function, whose policy decides: the topic's ARN is
// aws:SourceArn. What is refused stays refused.
// Source: SNS Developer Guide "Amazon SNS message delivery retries": client errors, such as a
// permission that was taken away, are not retried. The sandbox's Lambda has no others.
func (d *Deliverer) invoke(ctx context.Context, k *signer, x *delivery, body string) error {
	raw, err := x.envelope(k, body)
	if err != nil {
		return err
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	m := functionMessage{
		SignatureVersion: e.SignatureVersion, Timestamp: e.Timestamp, Signature: e.Signature, SigningCertUrl: e.SigningCertURL, MessageId: e.MessageId,
		Message: e.Message, MessageAttributes: e.MessageAttributes, Type: e.Type, UnsubscribeUrl: e.UnsubscribeURL, TopicArn: e.TopicArn,
	}
	if m.MessageAttributes == nil {
		m.MessageAttributes = map[string]attribute{}
	}
	if e.Subject != "" {
		m.Subject = &e.Subject
	}
	payload, err := json.Marshal(functionEvent{[]functionRecord{{EventVersion: "1.0", EventSubscriptionArn: x.Subscription, EventSource: "aws:sns", Sns: m}}})
	if err != nil {
		return err
	}
	client := lambda.New(lambda.Options{
		Region: strings.Split(x.Endpoint, ":")[3], Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: d.As(op.ServiceCaller("sns.amazonaws.com", x.Topic, x.Account))},
	})
	if _, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &x.Endpoint, InvocationType: types.InvocationTypeEvent, Payload: payload}); err != nil {
		return final{err}
	}
	return nil
}
