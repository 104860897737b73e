package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// A metric's minute holds all that was put into it: values, values with counts, and
// statistic sets.
func TestStatistics(t *testing.T) {
	w := open(t)
	at := w.sb.Now().UTC().Truncate(time.Hour).Add(-time.Hour)
	put := func(d types.MetricDatum, after time.Duration) {
		t.Helper()
		d.MetricName, d.Timestamp = aws.String("m"), aws.Time(at.Add(after))
		_, err := w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("room"), MetricData: []types.MetricDatum{d}})
		w.must(err)
	}
	put(types.MetricDatum{Value: aws.Float64(4)}, 0)
	put(types.MetricDatum{Values: []float64{1, 2}, Counts: []float64{3, 1}}, 30*time.Second)
	put(types.MetricDatum{StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(20), Minimum: aws.Float64(9), Maximum: aws.Float64(11)}}, time.Minute)
	put(types.MetricDatum{Value: aws.Float64(100)}, 2*time.Minute)
	put(types.MetricDatum{Value: aws.Float64(7), Unit: types.StandardUnitBytes}, 0)
	get := func(period int32, from, to time.Duration) (all []string) {
		t.Helper()
		out, err := w.cw.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("room"), MetricName: aws.String("m"), Unit: types.StandardUnitNone, Period: &period,
			StartTime: aws.Time(at.Add(from)), EndTime: aws.Time(at.Add(to)), Statistics: types.Statistic("").Values()})
		w.must(err)
		for _, d := range out.Datapoints {
			all = append(all, fmt.Sprint(d.Timestamp.Sub(at), *d.SampleCount, *d.Sum, *d.Average, *d.Minimum, *d.Maximum)+" "+string(d.Unit))
		}
		return all
	}
	for _, tt := range []struct {
		period   int32
		from, to time.Duration
		want     string
	}{
		{60, 0, time.Hour, "0s 5 9 1.8 1 4 None; 1m0s 2 20 10 9 11 None; 2m0s 1 100 100 100 100 None"},
		{60, time.Minute, 2 * time.Minute, "1m0s 2 20 10 9 11 None"},
		{300, 0, time.Hour, "0s 8 129 16.125 1 100 None"},
		{60, 3 * time.Minute, time.Hour, ""},
	} {
		if got := strings.Join(get(tt.period, tt.from, tt.to), "; "); got != tt.want {
			t.Errorf("%d s from %s to %s: %q, want %q", tt.period, tt.from, tt.to, got, tt.want)
		}
	}
	data, err := w.cw.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: &at, EndTime: aws.Time(at.Add(time.Hour)), MetricDataQueries: []types.MetricDataQuery{
		{Id: aws.String("a"), MetricStat: &types.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60), Unit: types.StandardUnitNone, Metric: &types.Metric{Namespace: aws.String("room"), MetricName: aws.String("m")}}},
		{Id: aws.String("b"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60), Metric: &types.Metric{Namespace: aws.String("room"), MetricName: aws.String("m")}}},
	}})
	w.must(err)
	if len(data.MetricDataResults) != 1 || fmt.Sprint(data.MetricDataResults[0].Values) != "[100 20 9]" || !data.MetricDataResults[0].Timestamps[2].Equal(at) {
		t.Errorf("%+v", data.MetricDataResults)
	}
	list, err := w.cw.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("room")})
	w.must(err)
	if len(list.Metrics) != 1 {
		t.Errorf("%+v", list.Metrics)
	}
}

func TestMetricsAreRefused(t *testing.T) {
	w := open(t)
	for name, tt := range map[string]struct {
		change      func(*cloudwatch.PutMetricDataInput, *types.MetricDatum)
		code, words string
	}{
		"AWS's namespace": {func(in *cloudwatch.PutMetricDataInput, _ *types.MetricDatum) { in.Namespace = aws.String("AWS/EC2") }, "InvalidParameterValue", "AWS/"},
		"two kinds":       {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) { d.Values = []float64{1} }, "InvalidParameterCombination", "mutually exclusive"},
		"no kind":         {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) { d.Value = nil }, "InvalidParameterCombination", "mutually exclusive"},
		"an unknown unit": {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) { d.Unit = "Miles" }, "ValidationError", "Miles"},
		"a dimension twice": {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) {
			d.Dimensions = append(d.Dimensions, d.Dimensions...)
		}, "InvalidParameterValue", "twice"},
		"the far past": {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) {
			d.Timestamp = aws.Time(w.sb.Now().Add(-15 * 24 * time.Hour))
		}, "InvalidParameterValue", "two weeks"},
		"the future": {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) {
			d.Timestamp = aws.Time(w.sb.Now().Add(3 * time.Hour))
		}, "InvalidParameterValue", "two hours"},
		"too large":     {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) { d.Value = aws.Float64(1e200) }, "InvalidParameterValue", "2^360"},
		"resolution 10": {func(_ *cloudwatch.PutMetricDataInput, d *types.MetricDatum) { d.StorageResolution = aws.Int32(10) }, "InvalidParameterValue", "StorageResolution"},
		"entities": {func(in *cloudwatch.PutMetricDataInput, _ *types.MetricDatum) {
			in.EntityMetricData = []types.EntityMetricData{{}}
		}, "ValidationError", "the sandbox does not implement"},
	} {
		d := types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1), Dimensions: []types.Dimension{{Name: aws.String("d"), Value: aws.String("v")}}}
		in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("room")}
		tt.change(in, &d)
		good := d
		good.MetricName = aws.String("good")
		in.MetricData = []types.MetricDatum{{MetricName: aws.String("good"), Value: aws.Float64(1)}, d}
		_, err := w.cw.PutMetricData(ctx, in)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		w.refused(err, tt.code, tt.words)
	}
	list, err := w.cw.ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	w.must(err)
	if len(list.Metrics) != 0 {
		t.Errorf("a request that was refused left %+v", list.Metrics)
	}
}

// Who may put data into one namespace may not into another.
func TestTheNamespaceIsACondition(t *testing.T) {
	w := open(t)
	w.cw = cloudwatch.NewFromConfig(w.user("agent", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*","Condition":{"StringEquals":{"cloudwatch:namespace":"room"}}}]}`))
	w.value("m", 1)
	_, err := w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("other"), MetricData: []types.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}})
	w.refused(err, "AccessDenied", "cloudwatch:PutMetricData")
}
