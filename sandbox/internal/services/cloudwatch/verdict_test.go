package cloudwatch_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// What is not implemented, or not valid, is refused by name and leaves nothing.
func TestAlarmsThatAreRefused(t *testing.T) {
	w := open(t)
	topic := "arn:aws:sns:" + region + ":" + account + ":alerts"
	for name, tt := range map[string]struct {
		change func(*cloudwatch.PutMetricAlarmInput)
		words  string
	}{
		"metric math":  {func(in *cloudwatch.PutMetricAlarmInput) { in.Metrics = []types.MetricDataQuery{{Id: aws.String("m")}} }, "metric math"},
		"a percentile": {func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") }, "ExtendedStatistic"},
		"a band":       {func(in *cloudwatch.PutMetricAlarmInput) { in.ThresholdMetricId = aws.String("ad1") }, "anomaly detection"},
		"a band's operator": {func(in *cloudwatch.PutMetricAlarmInput) {
			in.ComparisonOperator = types.ComparisonOperatorGreaterThanUpperThreshold
		}, "anomaly detection"},
		"low samples": {func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluateLowSampleCountPercentile = aws.String("ignore") }, "EvaluateLowSampleCountPercentile"},
		"an EC2 action": {func(in *cloudwatch.PutMetricAlarmInput) {
			in.OKActions = []string{"arn:aws:automate:" + region + ":ec2:stop"}
		}, "actions of the service automate"},
		"a function": {func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = []string{"arn:aws:lambda:" + region + ":" + account + ":function:f"}
		}, "actions of the service lambda"},
		"another region": {func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = []string{"arn:aws:sns:us-east-1:" + account + ":alerts"}
		}, "Invalid region us-east-1 specified. Only " + region + " is supported."},
		"six actions":      {func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = strings.Fields("a b c d e f") }, "less than or equal to 5"},
		"no ARN":           {func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"alerts"} }, "Invalid arn syntax"},
		"a period of 90 s": {func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(90) }, "multiple of 60"},
		"2 out of 1":       {func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) }, "2 datapoints to alarm"},
		"0 out of 1":       {func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(0) }, "datapointsToAlarm"},
		"no threshold":     {func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil }, "Threshold"},
		"no statistic":     {func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" }, "Statistic"},
		"a treatment":      {func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("alarm") }, "missing data"},
		"a control letter": {func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String("a\nb") }, "control characters"},
		"a long name":      {func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String(strings.Repeat("a", 256)) }, "255"},
		"AWS's tag": {func(in *cloudwatch.PutMetricAlarmInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("v")}}
		}, "aws:"},
	} {
		in := sign("a", topic)
		tt.change(in)
		_, err := w.cw.PutMetricAlarm(ctx, in)
		if err == nil || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %q", name, err, tt.words)
		}
	}
	all, err := w.cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	w.must(err)
	if len(all.MetricAlarms) != 0 {
		t.Errorf("%+v", all.MetricAlarms)
	}
	w.put(sign("a", topic))
	_, err = w.cw.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a", "none"}})
	w.refused(err, "ResourceNotFound", "none")
	w.alarm("a") // it is still there
	_, err = w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: types.StateValueOk, StateReason: aws.String("r"), StateReasonData: aws.String("{")})
	w.refused(err, "InvalidFormat", "JSON")
}

// A new configuration leaves the state and the tags alone.
func TestAnUpdateKeepsStateAndTags(t *testing.T) {
	w := open(t)
	in := sign("a", w.topic("alerts"))
	in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("1")}}
	w.put(in)
	_, err := w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: in.AlarmName, StateValue: types.StateValueAlarm, StateReason: aws.String("a drill")})
	w.must(err)
	in.Threshold, in.Tags = aws.Float64(5), []types.Tag{{Key: aws.String("k"), Value: aws.String("2")}}
	w.put(in)
	a := w.alarm("a")
	if a.StateValue != types.StateValueAlarm || *a.StateReason != "a drill" || *a.Threshold != 5 {
		t.Errorf("%+v", a)
	}
	tag := func(value string) {
		t.Helper()
		out, err := w.cw.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
		w.must(err)
		if len(out.Tags) != 1 || *out.Tags[0].Value != value {
			t.Errorf("%+v, want %q", out.Tags, value)
		}
	}
	tag("1")
	_, err = w.cw.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: a.AlarmArn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("3")}, {Key: aws.String("l"), Value: aws.String("4")}}})
	w.must(err)
	_, err = w.cw.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: a.AlarmArn, TagKeys: []string{"l"}})
	w.must(err)
	tag("3")
}

func TestListsOfAlarms(t *testing.T) {
	w := open(t)
	for _, name := range []string{"room-a", "room-b", "other"} {
		w.put(sign(name, "arn:aws:sns:"+region+":"+account+":"+name))
	}
	_, err := w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("room-b"), StateValue: types.StateValueAlarm, StateReason: aws.String("r")})
	w.must(err)
	for want, in := range map[string]*cloudwatch.DescribeAlarmsInput{
		"other room-a room-b": {MaxRecords: aws.Int32(1)},
		"room-a room-b":       {AlarmNamePrefix: aws.String("room-")},
		"room-b":              {StateValue: types.StateValueAlarm},
		"other":               {ActionPrefix: aws.String("arn:aws:sns:" + region + ":" + account + ":oth")},
		"room-a other":        {AlarmNames: []string{"room-a", "other", "none"}},
		"":                    {AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}},
	} {
		var names []string
		for p := cloudwatch.NewDescribeAlarmsPaginator(w.cw, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			w.must(err)
			for _, a := range page.MetricAlarms {
				names = append(names, *a.AlarmName)
			}
		}
		if want == "room-a other" {
			want = "other room-a" // by name
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What policies say of an alarm is about its ARN, its actions and its tags.
func TestVerdicts(t *testing.T) {
	w := open(t)
	topic := "arn:aws:sns:" + region + ":" + account + ":alerts"
	arn := "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:"
	w.put(sign("mine", topic))
	allow := func(actions, resource, condition string) string {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + resource + `"` + condition + `}]}`
	}
	put := func(name string, tags ...types.Tag) func(*cloudwatch.Client) error {
		return func(c *cloudwatch.Client) error {
			in := sign(name, topic)
			in.Tags = tags
			_, err := c.PutMetricAlarm(ctx, in)
			return err
		}
	}
	describe := func(names ...string) func(*cloudwatch.Client) error {
		return func(c *cloudwatch.Client) error {
			_, err := c.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
			return err
		}
	}
	quiet := func(name string) func(*cloudwatch.Client) error {
		return func(c *cloudwatch.Client) error {
			_, err := c.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{name}})
			return err
		}
	}
	untag := func(name string) func(*cloudwatch.Client) error {
		return func(c *cloudwatch.Client) error {
			_, err := c.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: aws.String(arn + name), TagKeys: []string{"k"}})
			return err
		}
	}
	tag := types.Tag{Key: aws.String("k"), Value: aws.String("v")}
	only := `{"ForAnyValue:StringEquals":{"cloudwatch:AlarmActions":"` + topic + `"}}`
	other := `{"ForAnyValue:StringEquals":{"cloudwatch:AlarmActions":"` + topic + `x"}}`
	for i, tt := range []struct {
		policy  string
		do      func(*cloudwatch.Client) error
		refused string // "": allowed
	}{
		{allow(`"cloudwatch:PutMetricAlarm"`, arn+"mine", ""), put("mine"), ""},
		{allow(`"cloudwatch:PutMetricAlarm"`, arn+"mine", ""), put("new"), "cloudwatch:PutMetricAlarm on resource: " + arn + "new"},
		{allow(`"cloudwatch:PutMetricAlarm"`, "*", only), put("mine"), ""},
		{allow(`"cloudwatch:PutMetricAlarm"`, "*", other), put("mine"), "cloudwatch:PutMetricAlarm"},
		{allow(`"cloudwatch:PutMetricAlarm"`, "*", ""), put("new", tag), "cloudwatch:TagResource"},
		{allow(`"cloudwatch:PutMetricAlarm"`, "*", ""), put("mine", tag), ""}, // of an old alarm they are ignored
		{allow(`"cloudwatch:PutMetricAlarm","cloudwatch:TagResource"`, "*", `{"StringEquals":{"aws:RequestTag/k":"v"}}`), put("tagged", tag), ""},
		{allow(`"cloudwatch:DescribeAlarms"`, arn+"mine", ""), describe("mine"), ""},
		{allow(`"cloudwatch:DescribeAlarms"`, arn+"mine", ""), describe("mine", "new"), arn + "new"},
		{allow(`"cloudwatch:DescribeAlarms"`, arn+"mine", ""), describe(), arn + "*"},
		{allow(`"cloudwatch:DescribeAlarms"`, "*", ""), quiet("mine"), "cloudwatch:DisableAlarmActions on resource: " + arn + "mine"},
		{allow(`"cloudwatch:DisableAlarmActions"`, arn+"mine", ""), quiet("mine"), ""},
		// Tags decide on tags alone.
		{allow(`"cloudwatch:DisableAlarmActions"`, "*", `{"StringEquals":{"aws:ResourceTag/k":"v"}}`), quiet("tagged"), "cloudwatch:DisableAlarmActions"},
		{allow(`"cloudwatch:UntagResource"`, "*", `{"StringEquals":{"aws:ResourceTag/k":"v"}}`), untag("mine"), "cloudwatch:UntagResource"},
		{allow(`"cloudwatch:UntagResource"`, "*", `{"StringEquals":{"aws:ResourceTag/k":"v"}}`), untag("tagged"), ""},
	} {
		err := tt.do(cloudwatch.NewFromConfig(w.user("user-"+string(rune('a'+i)), tt.policy)))
		if tt.refused == "" {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
			continue
		}
		w.refused(err, "AccessDenied", tt.refused)
	}
}
