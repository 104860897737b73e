package sink_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// viaSandbox sends what is for AWS to the sandbox and the rest to the network.
type viaSandbox struct{ aws http.RoundTripper }

func (v viaSandbox) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Host, ".amazonaws.com") {
		return v.aws.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// The whole way: a finding goes to EventBridge, by a rule to SNS, signed to the sink's
// endpoint, which it has confirmed by itself, and to people's phones; once, though
// Security Hub tells it again.
func TestAFindingGoesAllTheWay(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		s, err := sandbox.Start(t.Context(), sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		topics, bus := sns.NewFromConfig(s.Config(s.Credentials())), eventbridge.NewFromConfig(s.Config(s.Credentials()))
		topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("foundations-alerts"), Attributes: map[string]string{
			"SignatureVersion": version,
			"Policy":           fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:%s:%s:foundations-alerts"}]}`, examples.Region, examples.Account),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("findings"), EventPattern: aws.String(`{"source":["aws.guardduty","aws.securityhub"]}`)}); err != nil {
			t.Fatal(err)
		}
		if _, err := bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("findings"), Targets: []ebtypes.Target{{Id: aws.String("sns"), Arn: topic.TopicArn}}}); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.now = time.Now() // the sandbox's messages are from now
		w.start(&http.Client{Transport: viaSandbox{s.HTTPClient().Transport}}, "SINK_TOPICS="+*topic.TopicArn)
		if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("http"), Endpoint: aws.String(w.url + "/")}); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := topics.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: topic.TopicArn})
		if err != nil || len(list.Subscriptions) != 1 || !strings.HasPrefix(*list.Subscriptions[0].SubscriptionArn, "arn:") {
			t.Fatalf("the subscription is not confirmed: %+v, %v\n%s", list, err, w.log)
		}
		samples, err := examples.Samples()
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range samples {
			switch sample.Name {
			case "guardduty-high", "securityhub-guardduty-copy", "guardduty-low":
				if err := s.Emit(examples.Account, examples.Region, sample.Event); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.told(1, 1)
		if u := s.Undelivered(); len(u) != 0 {
			t.Errorf("undelivered: %+v", u)
		}
		if n := strings.Count(w.log.String(), `"msg":"told before"`); n != 2 {
			t.Errorf("told before: %d\n%s", n, w.log)
		}
	}
}
