package cloudwatch_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// One value trips the alarm once; when it has left the evaluation range, the alarm is OK
// again, which nobody asked to be told.
func TestAnAlarmTellsItsTopicOnce(t *testing.T) {
	w := open(t)
	topic := w.topic("alerts")
	w.put(sign("root", topic))
	a := w.alarm("root")
	if a.StateValue != types.StateValueInsufficientData || *a.StateReason != "Unchecked: Initial alarm creation" {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	w.pass(time.Minute)
	a = w.alarm("root")
	if a.StateValue != types.StateValueOk || *a.StateReason != "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]." {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	if n := w.notices(); len(n) != 0 {
		t.Fatalf("%+v", n)
	}
	w.value("root", 1)
	w.value("root", 1)
	w.pass(time.Minute)
	a = w.alarm("root")
	if a.StateValue != types.StateValueAlarm || !strings.HasPrefix(*a.StateReason, "Threshold Crossed: 1 datapoint [2.0 (") {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	w.pass(10 * time.Minute)
	if a = w.alarm("root"); a.StateValue != types.StateValueAlarm {
		t.Errorf("%s while the value is in the range", a.StateValue)
	}
	w.pass(time.Hour)
	if a = w.alarm("root"); a.StateValue != types.StateValueOk {
		t.Errorf("%s an hour later", a.StateValue)
	}
	n := w.notices()
	if len(n) != 1 || n[0].NewStateValue != "ALARM" || n[0].OldStateValue != "OK" || n[0].AlarmArn != *a.AlarmArn || n[0].Subject != `ALARM: "root" in EU (London)` {
		t.Fatalf("%+v", n)
	}
	if f := w.sb.Undelivered(); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

// The message and the event have AWS's shape.
func TestWhatAnAlarmSays(t *testing.T) {
	w := open(t)
	topic, bus := w.topic("alerts"), w.topic("bus")
	w.attribute(bus, "Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"`+bus+`"}]}`)
	_, err := w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("alarms"), EventPattern: aws.String(`{"source":["aws.cloudwatch"],"detail-type":["CloudWatch Alarm State Change"],"detail":{"state":{"value":["ALARM"]}}}`)})
	w.must(err)
	_, err = w.ev.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("alarms"), Targets: []ebtypes.Target{{Id: aws.String("bus"), Arn: &bus}}})
	w.must(err)
	in := sign("root", topic)
	in.AlarmDescription, in.DatapointsToAlarm, in.Unit = aws.String("root <signed> in"), aws.Int32(1), types.StandardUnitCount
	in.Dimensions = []types.Dimension{{Name: aws.String("Account"), Value: aws.String("1")}}
	w.put(in)
	w.pass(time.Minute)
	_, err = w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: in.Namespace, MetricData: []types.MetricDatum{{MetricName: in.MetricName, Value: aws.Float64(3),
		Unit: types.StandardUnitCount, Dimensions: in.Dimensions, Timestamp: aws.Time(w.sb.Now())}}})
	w.must(err)
	w.pass(time.Minute)
	a := w.alarm("root")
	when := a.StateUpdatedTimestamp.Format("2006-01-02T15:04:05.000+0000")
	reason, _ := json.Marshal(*a.StateReason)
	want := `{"AlarmName":"root","AlarmDescription":"root <signed> in","AWSAccountId":"` + account + `","AlarmConfigurationUpdatedTimestamp":"` +
		a.AlarmConfigurationUpdatedTimestamp.Format("2006-01-02T15:04:05.000+0000") + `","NewStateValue":"ALARM","NewStateReason":` + strings.ReplaceAll(string(reason), `\u003e`, ">") +
		`,"StateChangeTime":"` + when + `","Region":"EU (London)","AlarmArn":"` + *a.AlarmArn + `","OldStateValue":"OK","OKActions":[],"AlarmActions":["` + topic +
		`"],"InsufficientDataActions":[],"Trigger":{"MetricName":"root","Namespace":"room","StatisticType":"Statistic","Statistic":"SUM","Unit":"Count",` +
		`"Dimensions":[{"value":"1","name":"Account"}],"Period":300,"EvaluationPeriods":1,"DatapointsToAlarm":1,"ComparisonOperator":"GreaterThanOrEqualToThreshold",` +
		`"Threshold":1.0,"TreatMissingData":"notBreaching","EvaluateLowSampleCountPercentile":""}}`
	var message, event string
	for _, m := range w.sb.Mail() {
		body, _, _ := strings.Cut(m.Body, "\n\n--\n")
		switch {
		case m.Confirm != "":
		case m.Topic == topic:
			message += body
		case m.Topic == bus:
			event += body
		}
	}
	if message != want {
		t.Errorf("got  %s\nwant %s", message, want)
	}
	if !strings.Contains(*a.StateReason, "(minimum 1 datapoint for OK -> ALARM transition)") || !strings.Contains(*a.StateReasonData, `"unit":"Count"`) {
		t.Errorf("%s, %s", *a.StateReason, *a.StateReasonData)
	}
	var e struct {
		Source     string
		DetailType string `json:"detail-type"`
		Resources  []string
		Detail     struct {
			AlarmName            string
			State, PreviousState struct{ Value, Reason, ReasonData, Timestamp string }
			Configuration        struct {
				Description string
				Metrics     []struct {
					ID         string
					ReturnData bool
					MetricStat struct {
						Metric struct {
							Namespace, Name string
							Dimensions      map[string]string
						}
						Period     int
						Stat, Unit string
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		t.Fatalf("%q: %v", event, err)
	}
	d := e.Detail
	if len(d.Configuration.Metrics) != 1 || e.Source != "aws.cloudwatch" || len(e.Resources) != 1 || e.Resources[0] != *a.AlarmArn || d.AlarmName != "root" ||
		d.State.Value != "ALARM" || d.State.Reason != *a.StateReason || d.State.ReasonData != *a.StateReasonData || d.State.Timestamp != when ||
		d.PreviousState.Value != "OK" || d.Configuration.Description != "root <signed> in" {
		t.Fatalf("%s", event)
	}
	m := d.Configuration.Metrics[0]
	if m.MetricStat.Metric.Namespace != "room" || m.MetricStat.Metric.Name != "root" || m.MetricStat.Metric.Dimensions["Account"] != "1" || m.MetricStat.Period != 300 ||
		m.MetricStat.Stat != "Sum" || m.MetricStat.Unit != "Count" || !m.ReturnData || m.ID == "" {
		t.Errorf("%+v", m)
	}
}

// The topic's policy decides whether CloudWatch may speak, and its key's.
func TestTheTopicDecides(t *testing.T) {
	w := open(t)
	admit := func(topic, alarm string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"` + topic +
			`","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:cloudwatch:` + region + ":" + account + ":alarm:" + alarm + `"}}}]}`
	}
	key := func(statement string) string {
		out, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}` + statement + `]}`)})
		w.must(err)
		return *out.KeyMetadata.Arn
	}
	closed := key("")
	opened := key(`,{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*"}`)
	for name, tt := range map[string]struct {
		policy func(topic string) string
		key    string
		told   bool
		reason string
	}{
		"default":     {nil, "", true, ""}, // aws:SourceOwner
		"this":        {func(topic string) string { return admit(topic, "this") }, "", true, ""},
		"that":        {func(topic string) string { return admit(topic, "this") }, "", false, "not authorized"},
		"closed-key":  {nil, closed, false, "KMS"},
		"opened-key":  {nil, opened, true, ""},
		"managed-key": {nil, "alias/aws/sns", false, "KMS"},
	} {
		topic := w.topic(name)
		if tt.policy != nil {
			w.attribute(topic, "Policy", tt.policy(topic))
		}
		if tt.key != "" {
			w.attribute(topic, "KmsMasterKeyId", tt.key)
		}
		w.put(sign(name, topic))
		before := len(w.sb.Undelivered())
		_, err := w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: types.StateValueAlarm, StateReason: aws.String("a drill")})
		w.must(err)
		w.must(w.sb.Settle(ctx))
		told := 0
		for _, n := range w.notices() {
			if n.AlarmName == name && n.NewStateReason == "a drill" && n.OldStateValue == "INSUFFICIENT_DATA" {
				told++
			}
		}
		failed := w.sb.Undelivered()[before:]
		if tt.told != (told == 1) || tt.told != (len(failed) == 0) {
			t.Errorf("%s: told %d times, undelivered %+v", name, told, failed)
		}
		if !tt.told && (failed[0].From != *w.alarm(name).AlarmArn || failed[0].To != topic || failed[0].Service != "cloudwatch.amazonaws.com" || !strings.Contains(failed[0].Reason, tt.reason)) {
			t.Errorf("%s: %+v", name, failed)
		}
		h, err := w.cw.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: &name, HistoryItemType: types.HistoryItemTypeAction})
		w.must(err)
		want := "Successfully executed action " + topic
		if !tt.told {
			want = "Failed to execute action " + topic
		}
		if len(h.AlarmHistoryItems) != 1 || !strings.HasPrefix(*h.AlarmHistoryItems[0].HistorySummary, want) {
			t.Errorf("%s: history %+v", name, h.AlarmHistoryItems)
		}
	}
}

// Actions that are off are not executed, those of the other states are their own, and the
// next evaluation takes back what was set by hand.
func TestActionsAndStates(t *testing.T) {
	w := open(t)
	bad, good, none := w.topic("bad"), w.topic("good"), w.topic("none")
	in := sign("root", bad)
	in.OKActions, in.InsufficientDataActions, in.TreatMissingData = []string{good}, []string{none}, aws.String("missing")
	w.put(in)
	set := func(state types.StateValue) {
		t.Helper()
		_, err := w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("root"), StateValue: state, StateReason: aws.String("by hand")})
		w.must(err)
		w.must(w.sb.Settle(ctx))
	}
	told := func(want string) {
		t.Helper()
		var got []string
		for _, n := range w.notices() {
			got = append(got, n.OldStateValue+">"+n.NewStateValue)
		}
		if all := strings.Join(got, " "); all != want {
			t.Errorf("told %q, want %q", all, want)
		}
	}
	w.pass(time.Minute)
	told("") // it was created without data, and has none
	set(types.StateValueOk)
	set(types.StateValueOk)
	told("INSUFFICIENT_DATA>OK")
	set(types.StateValueAlarm)
	w.pass(time.Minute)
	told("INSUFFICIENT_DATA>OK OK>ALARM ALARM>INSUFFICIENT_DATA")
	if a := w.alarm("root"); a.StateValue != types.StateValueInsufficientData || *a.StateReason != "Insufficient Data: 1 datapoint was unknown." {
		t.Errorf("%s, %s", a.StateValue, *a.StateReason)
	}
	_, err := w.cw.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"root"}})
	w.must(err)
	set(types.StateValueAlarm)
	told("INSUFFICIENT_DATA>OK OK>ALARM ALARM>INSUFFICIENT_DATA")
	_, err = w.cw.EnableAlarmActions(ctx, &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"root"}})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	told("INSUFFICIENT_DATA>OK OK>ALARM ALARM>INSUFFICIENT_DATA")
	set(types.StateValueOk)
	told("INSUFFICIENT_DATA>OK OK>ALARM ALARM>INSUFFICIENT_DATA ALARM>OK")

	h, err := w.cw.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("root"), HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending})
	w.must(err)
	var got []string
	for _, x := range h.AlarmHistoryItems {
		got = append(got, strings.TrimPrefix(*x.HistorySummary, "Alarm updated from "))
		if !json.Valid([]byte(*x.HistoryData)) {
			t.Errorf("data %q", *x.HistoryData)
		}
	}
	if all := strings.Join(got, ", "); all != "INSUFFICIENT_DATA to OK, OK to ALARM, ALARM to INSUFFICIENT_DATA, INSUFFICIENT_DATA to ALARM, ALARM to OK" {
		t.Errorf("history %q", all)
	}
	var paged []string
	for p := cloudwatch.NewDescribeAlarmHistoryPaginator(w.cw, &cloudwatch.DescribeAlarmHistoryInput{MaxRecords: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		w.must(err)
		for _, x := range page.AlarmHistoryItems {
			paged = append(paged, *x.HistorySummary)
		}
	}
	if n := len(paged); n != 12 || paged[n-1] != `Alarm "root" created` {
		t.Errorf("%d items: %q", n, paged)
	}
}

// What a service publishes only after the time was moved on belongs to where it was
// published for; what a caller sends late is late.
func TestTimeIsMovedOn(t *testing.T) {
	w := open(t)
	topic := w.topic("alerts")
	w.put(sign("root", topic))
	w.pass(time.Minute)
	at := w.sb.Now()
	w.value("root", 1)
	w.pass(2 * time.Hour)
	if n := w.notices(); len(n) != 1 || n[0].NewStateValue != "ALARM" {
		t.Fatalf("%+v", n)
	}
	if a := w.alarm("root"); a.StateValue != types.StateValueOk || a.StateTransitionedTimestamp.Sub(at) > 20*time.Minute {
		t.Errorf("%s since %s", a.StateValue, a.StateTransitionedTimestamp)
	}
	_, err := w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("room"), MetricData: []types.MetricDatum{{MetricName: aws.String("root"), Value: aws.Float64(1), Timestamp: aws.Time(at.Add(time.Hour))}}})
	w.must(err)
	w.pass(time.Minute)
	if n := w.notices(); len(n) != 1 {
		t.Errorf("%+v", n)
	}
}

// A sandbox that is started again has its alarms, and makes good for what it missed.
func TestAlarmsOutliveTheSandbox(t *testing.T) {
	dir := t.TempDir()
	w := openAt(t, dir)
	topic := w.topic("alerts")
	w.put(sign("root", topic))
	w.pass(time.Minute)
	w.value("root", 1)
	w.must(w.sb.Close())
	w = openAt(t, dir)
	w.pass(2 * time.Minute)
	if n := w.notices(); len(n) != 1 || n[0].NewStateValue != "ALARM" {
		t.Errorf("%+v", n)
	}
	if a := w.alarm("root"); a.StateValue != types.StateValueAlarm {
		t.Errorf("%s", a.StateValue)
	}
}
