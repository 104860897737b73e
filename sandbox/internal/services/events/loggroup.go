package events

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// logEvent writes an event to a log group, in a stream of its own, as the group's
// resource policy allows events.amazonaws.com. The rule is aws:SourceArn where the page
// has it in a condition, for the event and not for the stream; that the stream's request
// is without is not documented.
// Source: EventBridge User Guide "Using resource-based policies for Amazon EventBridge",
// CloudWatch Logs permissions.
func (g *Engine) logEvent(ctx context.Context, now time.Time, r *rule, t *target, input string) error {
	part := strings.SplitN(t.ARN, ":", 7)
	if len(part) != 7 || part[5] != "log-group" {
		return fmt.Errorf("%s is not the ARN of a log group", t.ARN)
	}
	group := strings.TrimSuffix(part[6], ":*")
	if part[4] != r.Account {
		return fmt.Errorf("the log group is in another account, %s", part[4])
	}
	entry, err := t.logEntry(now, input)
	if err != nil {
		return err
	}
	client := func(caller *op.Caller) *cloudwatchlogs.Client {
		return cloudwatchlogs.New(cloudwatchlogs.Options{
			Region: part[3], Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: g.as(caller)},
		})
	}
	stream := audit.NewID(g.rand)
	_, err = client(op.ServiceCaller(principal, "", r.Account)).CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	if err != nil {
		return err
	}
	_, err = client(op.ServiceCaller(principal, r.arn(), r.Account)).PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &group, LogStreamName: &stream, LogEvents: []types.InputLogEvent{entry},
	})
	return err
}

// logEntry is the event as it is; a target that makes an input of its own makes an
// object of a timestamp and a message.
// Source: AWS CDK, LogGroupTargetInput: the only two members, the message a string, the
// timestamp such as the event's. In milliseconds it may be too.
func (t *target) logEntry(now time.Time, input string) (types.InputLogEvent, error) {
	if t.Input == nil && t.Path == nil && t.Template == nil {
		return types.InputLogEvent{Message: &input, Timestamp: aws.Int64(now.UnixMilli())}, nil
	}
	var own struct {
		Timestamp any     `json:"timestamp"`
		Message   *string `json:"message"`
	}
	d := json.NewDecoder(strings.NewReader(input))
	d.DisallowUnknownFields()
	if err := d.Decode(&own); err != nil || own.Message == nil || *own.Message == "" {
		return types.InputLogEvent{}, fmt.Errorf("the input of a log group is an object of a timestamp and a message, which is a string")
	}
	entry := types.InputLogEvent{Message: own.Message}
	switch at := own.Timestamp.(type) {
	case float64:
		entry.Timestamp = aws.Int64(int64(at))
	case string:
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return entry, fmt.Errorf("the timestamp of a log group's input is a time or milliseconds")
		}
		entry.Timestamp = aws.Int64(moment.UnixMilli())
	default:
		return entry, fmt.Errorf("the timestamp of a log group's input is a time or milliseconds")
	}
	return entry, nil
}
