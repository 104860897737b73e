package cloudwatch_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
)

// All three protocols carry the same: what goes in comes back, times, numbers and lists
// included, and errors by their code.
func TestProtocols(t *testing.T) {
	for name, protocol := range map[string]smithyhttp.ClientProtocol{
		"query": awsquery.New(schemas.GraniteServiceVersion20100801),
		"json":  awsjson.New10(schemas.GraniteServiceVersion20100801),
		"cbor":  rpcv2.NewCBOR(schemas.GraniteServiceVersion20100801),
	} {
		// With the query protocol this client calls errors by their newer names, which it
		// finds by the code.
		code := func(old, shape string) string {
			if name == "query" {
				return shape
			}
			return old
		}
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.cw = cloudwatch.NewFromConfig(w.sb.Config(w.sb.Credentials()), func(o *cloudwatch.Options) {
				o.Protocol = protocol
				o.RequestMinCompressSizeBytes = 1 // compress whatever can be
			})
			topic := "arn:aws:sns:" + region + ":" + account + ":alerts"
			in := sign("root <&> ü", topic)
			in.AlarmDescription, in.Threshold, in.DatapointsToAlarm, in.ActionsEnabled = aws.String("a < b & c"), aws.Float64(-0.5), aws.Int32(1), aws.Bool(false)
			in.Dimensions = []types.Dimension{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}}
			in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
			w.put(in)
			a := w.alarm("root <&> ü")
			if *a.AlarmDescription != "a < b & c" || *a.Threshold != -0.5 || *a.DatapointsToAlarm != 1 || *a.ActionsEnabled || len(a.Dimensions) != 2 || *a.Dimensions[1].Value != "2" ||
				!slices.Equal(a.AlarmActions, []string{topic}) || len(a.OKActions) != 0 || *a.Period != 300 || a.Statistic != types.StatisticSum || a.Unit != "" ||
				w.sb.Now().Sub(*a.AlarmConfigurationUpdatedTimestamp).Abs() > time.Minute || *a.TreatMissingData != "notBreaching" {
				t.Errorf("%+v", a)
			}
			tags, err := w.cw.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
			w.must(err)
			if len(tags.Tags) != 1 || *tags.Tags[0].Value != "v" {
				t.Errorf("%+v", tags.Tags)
			}
			w.value("m", 2.25)
			w.value("m", 1e9)
			got, err := w.cw.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("room"), MetricName: aws.String("m"), Period: aws.Int32(3600),
				StartTime: aws.Time(w.sb.Now().Add(-time.Hour)), EndTime: aws.Time(w.sb.Now().Add(time.Hour)), Statistics: []types.Statistic{types.StatisticSum, types.StatisticMinimum}})
			w.must(err)
			if len(got.Datapoints) != 1 || *got.Datapoints[0].Sum != 1000000002.25 || *got.Datapoints[0].Minimum != 2.25 || got.Datapoints[0].Average != nil {
				t.Errorf("%+v", got.Datapoints)
			}
			_, err = w.cw.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"none"}})
			w.refused(err, "ResourceNotFound", "none")
			bad := sign("b", topic)
			bad.Namespace = nil
			_, err = w.cw.PutMetricAlarm(ctx, bad)
			w.refused(err, code("MissingParameter", "MissingRequiredParameterException"), "Namespace")
			bad = sign("b", topic)
			bad.Metrics = []types.MetricDataQuery{{Id: aws.String("e1"), Expression: aws.String("m1*2")}}
			_, err = w.cw.PutMetricAlarm(ctx, bad)
			w.refused(err, code("ValidationError", "ValidationException"), "metric math")
			_, err = w.cw.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("c"), AlarmRule: aws.String("TRUE")})
			w.refused(err, "NotImplemented", "cloudwatch:PutCompositeAlarm")
			w.cw = cloudwatch.NewFromConfig(w.user("nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`), func(o *cloudwatch.Options) { o.Protocol = protocol })
			_, err = w.cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
			w.refused(err, "AccessDenied", "cloudwatch:DescribeAlarms on resource: arn:aws:cloudwatch:"+region+":"+account+":alarm:*")
		})
	}
}

// aws runs the AWS CLI.
func (w *world) aws(args ...string) (out string, ok bool) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "aws", append([]string{"--region", region, "--output", "json"}, args...)...)
	unset := w.sb.EnvUnset()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(unset, name)
	})
	cmd.Env = append(cmd.Env, w.sb.Env()...)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

func TestTheCommandLine(t *testing.T) {
	w := open(t)
	run := func(args ...string) map[string]any {
		t.Helper()
		out, ok := w.aws(append([]string{"cloudwatch"}, args...)...)
		if !ok {
			t.Fatalf("%v: %s", args, out)
		}
		m := map[string]any{}
		if strings.TrimSpace(out) != "" {
			if err := json.Unmarshal([]byte(out), &m); err != nil {
				t.Fatalf("%v: %s", args, out)
			}
		}
		return m
	}
	run("put-metric-alarm", "--alarm-name", "cpu", "--namespace", "room", "--metric-name", "load", "--statistic", "Average", "--period", "60", "--evaluation-periods", "2",
		"--threshold", "1.5", "--comparison-operator", "GreaterThanThreshold", "--dimensions", "Name=Host,Value=a", "--tags", "Key=k,Value=v")
	run("put-metric-data", "--namespace", "room", "--metric-name", "load", "--value", "3", "--dimensions", "Host=a")
	w.pass(2 * time.Minute)
	alarm := run("describe-alarms")["MetricAlarms"].([]any)[0].(map[string]any)
	if alarm["StateValue"] != "ALARM" || alarm["Threshold"] != 1.5 || alarm["StateUpdatedTimestamp"].(float64) < float64(w.sb.Now().Unix()-3600) {
		t.Errorf("%v", alarm)
	}
	if out, ok := w.aws("cloudwatch", "set-alarm-state", "--alarm-name", "none", "--state-value", "OK", "--state-reason", "gone"); ok || !strings.Contains(out, "(ResourceNotFound)") {
		t.Errorf("%v: %s", ok, out)
	}
}
