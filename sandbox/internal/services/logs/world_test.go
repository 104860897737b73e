package logs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account = sandbox.DefaultAccount
	region  = sandbox.DefaultRegion
)

var ctx = context.Background()

type world struct {
	*testing.T
	sb   *sandbox.Sandbox
	logs *cloudwatchlogs.Client
	kms  *kms.Client
	iam  *iam.Client
}

func open(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	return client(t, sb)
}

func client(t *testing.T, sb *sandbox.Sandbox) *world {
	cfg := sb.Config(sb.Credentials())
	return &world{t, sb, cloudwatchlogs.NewFromConfig(cfg), kms.NewFromConfig(cfg), iam.NewFromConfig(cfg)}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused expects a code, and words in the message.
func (w *world) refused(err error, code string, words ...string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.Errorf("got %v, want %s", err, code)
		return
	}
	for _, word := range words {
		if !strings.Contains(api.ErrorMessage(), word) {
			w.Errorf("%s: %q does not say %q", code, api.ErrorMessage(), word)
		}
	}
}

func arnOf(group string) string {
	return "arn:aws:logs:" + region + ":" + account + ":log-group:" + group
}

func (w *world) group(name string, change ...func(*cloudwatchlogs.CreateLogGroupInput)) {
	w.Helper()
	in := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}
	for _, f := range change {
		f(in)
	}
	_, err := w.logs.CreateLogGroup(ctx, in)
	w.must(err)
}

func (w *world) stream(group, name string) {
	w.Helper()
	_, err := w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name})
	w.must(err)
}

// put writes messages, a second apart, the last of them now.
func (w *world) put(group, stream string, messages ...string) error {
	w.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for i, m := range messages {
		at := w.sb.Now().Add(-time.Duration(len(messages)-1-i) * time.Second)
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: &m, Timestamp: aws.Int64(at.UnixMilli())})
	}
	_, err := w.logs.PutLogEvents(ctx, in)
	return err
}

func (w *world) get(group, stream string) (messages []string, err error) {
	w.Helper()
	out, err := w.logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	for _, e := range out.Events {
		messages = append(messages, *e.Message)
	}
	return messages, nil
}

// search returns the messages of a group that a pattern matches.
func (w *world) search(group, pattern string) (messages []string) {
	w.Helper()
	out, err := w.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern})
	w.must(err)
	for _, e := range out.Events {
		messages = append(messages, *e.Message)
	}
	return messages
}
