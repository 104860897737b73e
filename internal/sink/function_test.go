package sink_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/sink"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
)

const alerts = "arn:aws:sns:eu-west-2:111122223333:foundations-alerts"

// records is the batch that SNS calls a function with.
func records(topic string, messages ...string) []byte {
	var out []string
	for i, m := range messages {
		out = append(out, fmt.Sprintf(`{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"%s:1","Sns":{"SignatureVersion":"1","Timestamp":"2026-05-12T09:30:00.000Z","Signature":"EXAMPLE","SigningCertUrl":"EXAMPLE","MessageId":"m%d","Message":%s,"MessageAttributes":{},"Type":"Notification","UnsubscribeUrl":"EXAMPLE","TopicArn":%q,"Subject":null}}`, topic, i, quote(m), topic))
	}
	return []byte(`{"Records":[` + strings.Join(out, ",") + `]}`)
}

func TestTheFunctionTakes(t *testing.T) {
	cases := map[string]struct {
		payload []byte
		told    int
		err     string
	}{
		"a batch":              {records(alerts, guardDuty("8", ""), webhook("a", "warning")), 2, ""},
		"an event":             {[]byte(guardDuty("8", "")), 1, ""},
		"an alarm":             {[]byte(`{"source":"aws.cloudwatch","alarmArn":"a","accountId":"1","region":"r","alarmData":{"alarmName":"n","state":{"value":"ALARM","timestamp":"t"}}}`), 1, ""},
		"one wrong of three":   {records(alerts, guardDuty("8", ""), "disk full", webhook("a", "critical")), 2, "inside the SNS message: the payload is not a JSON object"},
		"another topic":        {records(alerts+"-2", guardDuty("8", "")), 0, `foundations-alerts-2" is not in SINK_TOPICS`},
		"a queue":              {[]byte(`{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`), 0, `the record is from "aws:sqs"`},
		"no records":           {[]byte(`{"Records":[]}`), 0, "no records"},
		"a function URL":       {[]byte(`{"version":"2.0","requestContext":{}}`), 0, "function URL"},
		"a batch in a message": {records(alerts, string(records(alerts, guardDuty("8", "")))), 0, "a batch of records"},
		"too much":             {[]byte(strings.Repeat(" ", 1<<20) + "{}"), 0, "more than 1048576 bytes"},
		"nothing":              {nil, 0, "not a JSON object"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "SINK_TOPICS="+alerts)
			answer, err := w.sink.Invoke(t.Context(), c.payload)
			if n := len(w.ntfy.Messages()); n != c.told {
				t.Errorf("told %d", n)
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || answer != nil {
					t.Errorf("%s, %v", answer, err)
				}
				return
			}
			var r sink.Report
			if err != nil || json.Unmarshal(answer, &r) != nil || r.Alerts != c.told || len(r.Failed) != 0 {
				t.Errorf("%s, %v", answer, err)
			}
		})
	}
}

func TestTheFunctionWithoutATopicListTakesAnyTopic(t *testing.T) {
	w := newWorld(t)
	if _, err := w.sink.Invoke(t.Context(), records("arn:aws:sns:us-east-1:444455556666:other", webhook("a", "warning"))); err != nil {
		t.Error(err)
	}
	w.told(0, 1)
}

// A repeated call reaches those that missed it, and nobody else.
func TestARepeatedCallReachesWhoMissedIt(t *testing.T) {
	w := newWorld(t)
	batch := records(alerts, webhook("a", "critical"), webhook("b", "warning"))
	w.ntfy.FailAlways(&sinktest.Failure{Status: 500})
	_, err := w.sink.Invoke(t.Context(), batch)
	if err == nil || err.Error() != "1 of 2 alerts reached nobody; ntfy answered 500: status 500 was ordered" {
		t.Errorf("%v", err)
	}
	w.told(1, 0)
	w.ntfy.FailAlways(nil)
	if _, err := w.sink.Invoke(t.Context(), batch); err != nil {
		t.Error(err)
	}
	w.told(1, 2)
	if _, err := w.sink.Invoke(t.Context(), batch); err != nil {
		t.Error(err)
	}
	w.told(1, 2)
}

// One target is enough for the call to succeed: the answer names the other.
func TestThePartialFailureOfACall(t *testing.T) {
	w := newWorld(t)
	w.pushover.Fail(sinktest.Failure{Status: 400})
	answer, err := w.sink.Invoke(t.Context(), []byte(guardDuty("8", "")))
	var r sink.Report
	if err != nil || json.Unmarshal(answer, &r) != nil || len(r.Failed) != 1 || r.Failed[0].Target != "pushover" || r.Told != 1 {
		t.Errorf("%s, %v", answer, err)
	}
}
