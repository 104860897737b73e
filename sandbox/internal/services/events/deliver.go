package events

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// principal is who EventBridge calls targets as.
const principal = "events.amazonaws.com"

// deliver gives an event to every target of a rule that it tripped.
func (g *Engine) deliver(ctx context.Context, now time.Time, r *rule, event string) {
	for i := range r.Targets {
		t := &r.Targets[i]
		input, err := t.input(r, event, now)
		if err == nil {
			err = g.invoke(ctx, now, r, t, input)
		}
		if err != nil {
			g.failed.Add(undelivered.Failure{Time: now, Service: principal, From: r.arn(), To: t.ARN, Reason: err.Error()})
		}
	}
}

// invoke calls a target for the rule, whose ARN is aws:SourceArn: the target's policy
// decides.
// Source: EventBridge User Guide "Using resource-based policies for Amazon EventBridge".
func (g *Engine) invoke(ctx context.Context, now time.Time, r *rule, t *target, input string) error {
	part := strings.SplitN(t.ARN, ":", 6) // newTarget has checked it
	region := part[3]
	client := &http.Client{Transport: g.as(op.ServiceCaller(principal, r.arn(), r.Account))}
	switch part[2] {
	case "sns":
		c := sns.New(sns.Options{Region: region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1, HTTPClient: client})
		_, err := c.Publish(ctx, &sns.PublishInput{TopicArn: &t.ARN, Message: &input})
		return err
	case "lambda":
		// Source: EventBridge User Guide "Event bus targets available in the EventBridge
		// console": functions are invoked asynchronously.
		c := lambda.New(lambda.Options{Region: region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1, HTTPClient: client})
		_, err := c.Invoke(ctx, &lambda.InvokeInput{FunctionName: &t.ARN, InvocationType: types.InvocationTypeEvent, Payload: []byte(input)})
		return err
	case "logs":
		return g.logEvent(ctx, now, r, t, input)
	}
	return fmt.Errorf("the sandbox does not implement targets of the service %s", part[2])
}
