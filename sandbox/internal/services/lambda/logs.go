package lambda

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// maxLine bounds a log event, in bytes.
// Source: CloudWatch Logs User Guide "CloudWatch Logs quotas": 256 KB, of which 26 bytes are
// the event's own; it was raised to 1 MB.
const maxLine = 256<<10 - 26

// record delivers what an invocation wrote to the function's log group, as its role, which
// must be allowed to: line by line, all with the time of the end. On AWS a refusal is
// silent; here it is told of as a delivery that failed.
// Source: Lambda Developer Guide "Sending Lambda function logs to CloudWatch Logs".
func (r *Runner) record(ctx context.Context, b *box, w *work, log string) {
	if !r.Logs || b.stream == "" {
		return
	}
	client := cloudwatchlogs.New(cloudwatchlogs.Options{Region: w.f.Region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: r.service.as(w.caller)}})
	group := w.v.logGroup(w.f)
	err := b.open(ctx, client, group)
	now := r.clock().UnixMilli()
	var events []types.InputLogEvent
	for line := range strings.Lines(log) {
		line = strings.ToValidUTF8(strings.TrimSuffix(line, "\n"), "?")
		if line = line[:min(len(line), maxLine)]; line != "" {
			events = append(events, types.InputLogEvent{Message: &line, Timestamp: &now})
		}
	}
	for len(events) > 0 && err == nil {
		n := batch(events)
		_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &b.stream, LogEvents: events[:n]})
		events = events[n:]
	}
	if err != nil {
		reason := "the function's log is lost: " + err.Error()
		r.failed.Add(undelivered.Failure{Time: r.clock(), Service: principal, From: w.f.arn(), To: group, Reason: reason})
	}
}

// batch is how many of the events go into one request.
// Source: CloudWatch Logs API_PutLogEvents: at most 10,000 events and 1 MB.
func batch(events []types.InputLogEvent) int {
	size := 0
	for i := range events {
		if size += len(*events[i].Message) + 26; size > 1<<20 || i == 10_000 {
			return i
		}
	}
	return len(events)
}

// open makes the log stream of the process, and the log group if there is none.
func (b *box) open(ctx context.Context, client *cloudwatchlogs.Client, group string) error {
	if b.streamed {
		return nil
	}
	stream := func() error {
		_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &b.stream})
		return err
	}
	err := stream()
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ResourceNotFoundException" {
		if _, err = client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err == nil {
			err = stream()
		}
	}
	b.streamed = err == nil
	return err
}
