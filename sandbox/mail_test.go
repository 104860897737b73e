package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A running sandbox tells from outside what mail came and what could not be delivered.
func TestDeliveriesAreAskedForFromOutside(t *testing.T) {
	s := start(t, sandbox.Options{})
	client, err := sandbox.Dial(s.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	before, err := client.Deliveries(ctx)
	if err != nil || before.Mails == nil || before.Undelivered == nil || len(before.Mails)+len(before.Undelivered) != 0 {
		t.Errorf("before anything: %+v, %v", before, err)
	}
	topics := sns.NewFromConfig(s.Config(s.Credentials()))
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	for protocol, endpoint := range map[string]string{"email": "duty@example.com", "https": "https://example.com/hook"} {
		if _, err := topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: &protocol, Endpoint: &endpoint}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.Deliveries(ctx)
	if err != nil || len(got.Mails) != 1 || len(got.Undelivered) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if m, f := got.Mails[0], got.Undelivered[0]; m.To != "duty@example.com" || m.Confirm == "" || f.To != "https://example.com/hook" || f.From != *topic.TopicArn || f.Reason == "" {
		t.Errorf("%+v", got)
	}
}
