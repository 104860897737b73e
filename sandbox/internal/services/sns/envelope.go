package sns

import (
	"encoding/json"
	"net/url"
)

// envelope is what SNS sends by HTTP and as JSON mail.
// Source: SNS Developer Guide "HTTP/HTTPS notification JSON format", "HTTP/HTTPS
// subscription confirmation JSON format".
type envelope struct {
	Type              string
	MessageId         string
	Token             string `json:",omitempty"`
	TopicArn          string
	Subject           string `json:",omitempty"`
	Message           string
	SubscribeURL      string `json:",omitempty"`
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string               `json:",omitempty"`
	MessageAttributes map[string]attribute `json:",omitempty"`
}

const stamp = "2006-01-02T15:04:05.000Z"

func host(region string) string { return "https://sns." + region + ".amazonaws.com/" }

func confirmURL(d *delivery) string {
	q := url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {d.Topic}, "Token": {d.Token}}
	return host(d.Region) + "?" + q.Encode()
}

func unsubscribeURL(d *delivery) string {
	q := url.Values{"Action": {"Unsubscribe"}, "SubscriptionArn": {d.Subscription}}
	return host(d.Region) + "?" + q.Encode()
}

// envelope wraps and signs a message.
func (d *delivery) envelope(k *signer, body string) ([]byte, error) {
	e := envelope{
		Type: "Notification", MessageId: d.MessageID, TopicArn: d.Topic, Subject: d.Subject, Message: body, Timestamp: d.Time.UTC().Format(stamp),
		SignatureVersion: d.Signature, SigningCertURL: host(d.Region) + k.Name, MessageAttributes: d.Attributes,
	}
	if d.Confirm {
		e.Type, e.Token, e.SubscribeURL = "SubscriptionConfirmation", d.Token, confirmURL(d)
		e.Message = "You have chosen to subscribe to the topic " + d.Topic + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	} else {
		e.UnsubscribeURL = unsubscribeURL(d)
	}
	var err error
	if e.Signature, err = k.sign(e.SignatureVersion, e.toSign()); err != nil {
		return nil, err
	}
	return json.MarshalIndent(e, "", "  ")
}

// toSign is the text whose hash is signed: names and values by lines.
// Source: SNS Developer Guide "Verifying the signatures of Amazon SNS messages".
func (e *envelope) toSign() string {
	out := ""
	add := func(name, value string) { out += name + "\n" + value + "\n" }
	add("Message", e.Message)
	add("MessageId", e.MessageId)
	if e.Type == "Notification" {
		if e.Subject != "" {
			add("Subject", e.Subject)
		}
	} else {
		add("SubscribeURL", e.SubscribeURL)
	}
	add("Timestamp", e.Timestamp)
	if e.Type != "Notification" {
		add("Token", e.Token)
	}
	add("TopicArn", e.TopicArn)
	add("Type", e.Type)
	return out
}
