package sandbox

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// A topic's own policy admits the alarms of its account and no rule: EventBridge does
// not set aws:SourceOwner.
func TestDefaultTopicPolicyAdmitsAlarmsAlone(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	topic, err := sns.NewFromConfig(s.Config(s.Credentials())).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		service, account string
		allowed          bool
	}{
		{"cloudwatch.amazonaws.com", DefaultAccount, true},
		{"cloudwatch.amazonaws.com", "999988887777", false},
		{"events.amazonaws.com", DefaultAccount, false},
	} {
		client := sns.New(sns.Options{
			Region: DefaultRegion, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
			HTTPClient: &http.Client{Transport: s.parts.dispatch.As(op.ServiceCaller(c.service, "arn:aws:x:eu-west-2:"+c.account+":y", c.account))},
		})
		_, err := client.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("x")})
		var api smithy.APIError
		if (err == nil) != c.allowed || err != nil && (!errors.As(err, &api) || api.ErrorCode() != "AuthorizationError") {
			t.Errorf("%s for %s: %v", c.service, c.account, err)
		}
	}
}
