package cloudwatch_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// A line in a log group that a metric filter counts trips the alarm on its metric.
func TestAMetricFilterTripsAnAlarm(t *testing.T) {
	w := open(t)
	logs := cloudwatchlogs.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	group, stream := aws.String("trail"), aws.String("s")
	_, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	w.must(err)
	_, err = logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	w.must(err)
	_, err = logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: group, FilterName: aws.String("root"), FilterPattern: aws.String(`{ $.userIdentity.type = "Root" }`),
		MetricTransformations: []logtypes.MetricTransformation{{MetricName: aws.String("root"), MetricNamespace: aws.String("room"), MetricValue: aws.String("1")}}})
	w.must(err)
	w.put(sign("root", w.topic("alerts")))
	w.pass(time.Minute)
	say := func(kind string) {
		t.Helper()
		_, err := logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream,
			LogEvents: []logtypes.InputLogEvent{{Timestamp: aws.Int64(w.sb.Now().UnixMilli()), Message: aws.String(`{"userIdentity":{"type":"` + kind + `"}}`)}}})
		w.must(err)
		w.pass(time.Hour)
	}
	say("AssumedRole")
	if n := w.notices(); len(n) != 0 {
		t.Errorf("%+v", n)
	}
	say("Root")
	say("Root")
	if n := w.notices(); len(n) != 2 || n[0].NewStateValue != "ALARM" || n[1].NewStateValue != "ALARM" {
		t.Errorf("%+v; undelivered %+v", n, w.sb.Undelivered())
	}
}
