package logs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestStreams(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	for _, name := range []string{"b", "a", "c"} {
		w.stream("g", name)
	}
	_, err := w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})
	w.refused(err, "ResourceAlreadyExistsException", "The specified log stream already exists")
	_, err = w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("h"), LogStreamName: aws.String("a")})
	w.refused(err, "ResourceNotFoundException", "log group")
	_, err = w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a:b")})
	w.refused(err, "InvalidParameterException", "logStreamName")
	w.must(w.put("g", "b", "first"))
	w.must(w.sb.Advance(time.Second))
	w.must(w.put("g", "a", "second"))
	list := func(in cloudwatchlogs.DescribeLogStreamsInput) (names string) {
		t.Helper()
		in.LogGroupName = aws.String("g")
		for {
			out, err := w.logs.DescribeLogStreams(ctx, &in)
			w.must(err)
			for _, st := range out.LogStreams {
				names += *st.LogStreamName
			}
			if in.NextToken = out.NextToken; out.NextToken == nil {
				return names
			}
		}
	}
	// c has no event, and that of b is older than that of a.
	for _, c := range []struct {
		want string
		in   cloudwatchlogs.DescribeLogStreamsInput
	}{
		{"abc", cloudwatchlogs.DescribeLogStreamsInput{Limit: aws.Int32(1)}},
		{"cba", cloudwatchlogs.DescribeLogStreamsInput{Descending: aws.Bool(true), Limit: aws.Int32(2)}},
		{"cba", cloudwatchlogs.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime}},
		{"abc", cloudwatchlogs.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(2)}},
		{"b", cloudwatchlogs.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("b")}},
	} {
		if got := list(c.in); got != c.want {
			t.Errorf("streams %s, want %s: %+v", got, c.want, c.in)
		}
	}
	_, err = w.logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime, LogStreamNamePrefix: aws.String("a")})
	w.refused(err, "InvalidParameterException", "Cannot order by LastEventTime")
	_, err = w.logs.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})
	w.must(err)
	_, err = w.get("g", "a")
	w.refused(err, "ResourceNotFoundException", "The specified log stream does not exist.")
	if bytes := *w.one("g").StoredBytes; bytes != int64(len("first")+26) {
		t.Errorf("%d bytes are stored", bytes)
	}
}

// Events come back in the order of their times, page by page in either direction.
func TestEvents(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	w.stream("g", "s")
	w.stream("g", "t")
	w.must(w.put("g", "s", "one", "two", "three"))
	w.must(w.put("g", "t", "ERROR four"))
	now := w.sb.Now()
	get := func(in cloudwatchlogs.GetLogEventsInput) (string, *cloudwatchlogs.GetLogEventsOutput) {
		t.Helper()
		in.LogGroupName, in.LogStreamName = aws.String("g"), aws.String("s")
		out, err := w.logs.GetLogEvents(ctx, &in)
		w.must(err)
		var list []string
		for _, e := range out.Events {
			list = append(list, *e.Message)
		}
		return strings.Join(list, " "), out
	}
	if got, _ := get(cloudwatchlogs.GetLogEventsInput{}); got != "one two three" {
		t.Errorf("got %q", got)
	}
	last, out := get(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2)})
	if last != "two three" {
		t.Errorf("the last two are %q", last)
	}
	if got, _ := get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextBackwardToken}); got != "one" {
		t.Errorf("before them is %q", got)
	}
	end, again := get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken})
	if end != "" || *again.NextForwardToken != *out.NextForwardToken {
		t.Errorf("after them is %q, token %s", end, *again.NextForwardToken)
	}
	first, out := get(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(1), StartFromHead: aws.Bool(true)})
	rest, _ := get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken})
	if first != "one" || rest != "two three" {
		t.Errorf("from the head: %q, then %q", first, rest)
	}
	if got, _ := get(cloudwatchlogs.GetLogEventsInput{StartTime: aws.Int64(now.Add(-1500 * time.Millisecond).UnixMilli()), EndTime: out.Events[0].Timestamp}); got != "" {
		t.Errorf("between times: %q", got)
	}

	if got := w.search("g", ""); len(got) != 4 || got[0] != "one" {
		t.Errorf("all streams: %q", got)
	}
	if got := w.search("g", "ERROR"); !slices.Equal(got, []string{"ERROR four"}) {
		t.Errorf("ERROR: %q", got)
	}
	page := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), LogStreamNames: []string{"s"}, Limit: aws.Int32(2), FilterPattern: aws.String("%o%")}
	var found []string
	for {
		out, err := w.logs.FilterLogEvents(ctx, page)
		w.must(err)
		for _, e := range out.Events {
			if found = append(found, *e.Message); len(*e.EventId) != 56 || *e.LogStreamName != "s" {
				t.Errorf("event %s of %s", *e.EventId, *e.LogStreamName)
			}
		}
		if page.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	if !slices.Equal(found, []string{"one", "two"}) {
		t.Errorf("found %q", found)
	}
	_, err := w.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String("{ $.a EXISTS }")})
	w.refused(err, "InvalidParameterException", "Invalid filter pattern", "EXISTS is not supported")
	for _, e := range w.sb.Events() {
		if text := fmt.Sprint(e.RequestParameters, e.ResponseElements); strings.Contains(text, "ERROR four") || strings.Contains(text, "three") {
			t.Errorf("%s: the audit record has the events: %s", e.EventName, text)
		}
	}
}

// What a batch must be like, and which of its events are not taken.
func TestBatches(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	w.stream("g", "s")
	now := w.sb.Now()
	at := func(d time.Duration, message string) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: aws.Int64(now.Add(d).UnixMilli()), Message: &message}
	}
	put := func(list ...types.InputLogEvent) (*cloudwatchlogs.PutLogEventsOutput, error) {
		return w.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: list})
	}
	for words, list := range map[string][]types.InputLogEvent{
		"chronological order": {at(0, "a"), at(-time.Second, "b")},
		"24 hours":            {at(-25*time.Hour, "a"), at(0, "b")},
		"logEvents":           {},
		"message":             {at(0, "")},
		"event too large":     {at(0, strings.Repeat("x", 1<<20))},
		"Upload too large":    {at(0, strings.Repeat("x", 1<<19)), at(0, strings.Repeat("x", 1<<19))},
	} {
		_, err := put(list...)
		w.refused(err, "InvalidParameterException", words)
	}
	out, err := put(at(-15*24*time.Hour, "old"))
	w.must(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooOldLogEventEndIndex != 1 {
		t.Errorf("an event of a fortnight ago: %+v", r)
	}
	out, err = put(at(0, "now"), at(3*time.Hour, "soon"))
	w.must(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooNewLogEventStartIndex != 1 {
		t.Errorf("an event to come: %+v", r)
	}
	_, err = w.logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)})
	w.must(err)
	out, err = put(at(-25*time.Hour, "expired"), at(-2*time.Hour, "kept"))
	w.must(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.ExpiredLogEventEndIndex != 1 {
		t.Errorf("an expired event: %+v", r)
	}
	if got, err := w.get("g", "s"); err != nil || !slices.Equal(got, []string{"kept", "now"}) {
		t.Errorf("got %q, %v", got, err)
	}
	w.must(w.sb.Advance(23 * time.Hour))
	if got, err := w.get("g", "s"); err != nil || !slices.Equal(got, []string{"now"}) {
		t.Errorf("a day later: %q, %v", got, err)
	}
	w.must(w.put("g", "s", "new"))
	if bytes := *w.one("g").StoredBytes; bytes != int64(len("now")+len("new")+2*26) {
		t.Errorf("%d bytes are stored", bytes)
	}
}
