package logs_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// forms are a text and what it is in base64 whatever stands before it.
func forms(text string) []string {
	whole := base64.RawStdEncoding.EncodeToString([]byte(text))
	return []string{text, whole[:len(whole)-2]}
}

// filter puts a metric filter on the group g.
func (w *world) filter(name, pattern string, m types.MetricTransformation) error {
	w.Helper()
	if m.MetricName == nil {
		m.MetricName = &name
	}
	if m.MetricNamespace == nil {
		m.MetricNamespace = aws.String("Test")
	}
	if m.MetricValue == nil {
		m.MetricValue = aws.String("1")
	}
	_, err := w.logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: aws.String("g"), FilterName: &name, FilterPattern: &pattern, MetricTransformations: []types.MetricTransformation{m}})
	return err
}

// metric is the sum of a metric's values, and how many there are.
func (w *world) metric(name string, dimensions ...cwtypes.Dimension) (sum, count float64) {
	w.Helper()
	c := cloudwatch.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	now := w.sb.Now()
	out, err := c.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Test"), MetricName: &name, Dimensions: dimensions, StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Minute)),
		Period: aws.Int32(3600), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum, cwtypes.StatisticSampleCount},
	})
	w.must(err)
	for _, p := range out.Datapoints {
		sum += *p.Sum
		count += *p.SampleCount
	}
	return sum, count
}

// Filters count the events that come after them, by their values and dimensions.
func TestMetricFilters(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	w.stream("g", "s")
	w.must(w.put("g", "s", `{"level":"ERROR"}`)) // before any filter
	w.must(w.filter("plain", "ERROR", types.MetricTransformation{}))
	w.must(w.filter("json", `{ $.level = "ERROR" }`, types.MetricTransformation{DefaultValue: aws.Float64(0)}))
	w.must(w.filter("latency", `{ $.latency = * }`, types.MetricTransformation{MetricValue: aws.String("$.latency"), Dimensions: map[string]string{"Path": "$.path"}, Unit: types.StandardUnitMilliseconds}))
	w.must(w.filter("bytes", `[ip, ..., status = 4*, bytes]`, types.MetricTransformation{MetricValue: aws.String("$bytes")}))
	w.must(w.put("g", "s",
		`{"level":"ERROR"}`, `{"level":"INFO","latency":50,"path":"/a"}`, `{"level":"INFO","latency":"fast","path":"/a"}`,
		`{"level":"ERROR","latency":7,"path":"/a"}`, `{"latency":1}`, `1.2.3.4 x y 404 1500`))
	for _, c := range []struct {
		name       string
		dimensions []cwtypes.Dimension
		sum, count float64
	}{
		{"plain", nil, 2, 2},
		{"json", nil, 2, 6}, // the others add the default value
		{"latency", []cwtypes.Dimension{{Name: aws.String("Path"), Value: aws.String("/a")}}, 57, 2},
		{"latency", nil, 0, 0},
		{"bytes", nil, 1500, 1},
	} {
		if sum, count := w.metric(c.name, c.dimensions...); sum != c.sum || count != c.count {
			t.Errorf("%s: the sum of %v values is %v, want that of %v, %v", c.name, count, sum, c.count, c.sum)
		}
	}
	if n := *w.one("g").MetricFilterCount; n != 4 {
		t.Errorf("the group has %d filters", n)
	}
	// One of the same name replaces it; one that is deleted counts no more.
	w.must(w.filter("plain", "INFO", types.MetricTransformation{MetricValue: aws.String("10")}))
	_, err := w.logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("bytes")})
	w.must(err)
	_, err = w.logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("bytes")})
	w.refused(err, "ResourceNotFoundException", "metric filter")
	w.must(w.put("g", "s", "INFO", "1.2.3.4 x y 404 1500"))
	if sum, _ := w.metric("plain"); sum != 12 {
		t.Errorf("plain sums up to %v", sum)
	}
	if sum, _ := w.metric("bytes"); sum != 1500 {
		t.Errorf("bytes sums up to %v", sum)
	}
	out, err := w.logs.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: aws.String("g"), FilterNamePrefix: aws.String("lat")})
	w.must(err)
	if len(out.MetricFilters) != 1 || *out.MetricFilters[0].FilterPattern != "{ $.latency = * }" || *out.MetricFilters[0].LogGroupName != "g" || out.MetricFilters[0].MetricTransformations[0].Dimensions["Path"] != "$.path" {
		t.Errorf("filters %+v", out.MetricFilters)
	}
	out, err = w.logs.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{MetricName: aws.String("json"), MetricNamespace: aws.String("Test")})
	w.must(err)
	if len(out.MetricFilters) != 1 || *out.MetricFilters[0].FilterName != "json" {
		t.Errorf("filters of a metric %+v", out.MetricFilters)
	}
}

// What a filter must be like.
func TestFiltersThatAreRefused(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	for _, c := range []struct {
		pattern, words string
		m              types.MetricTransformation
	}{
		{"{ $.a = 1", "it must end with '}'", types.MetricTransformation{}},
		{"user-agent", "Invalid character(s) in term", types.MetricTransformation{}},
		{strings.Repeat("a", 1025), "less than or equal to 1024", types.MetricTransformation{}},
		{"a", "metricValue many must be a number", types.MetricTransformation{MetricValue: aws.String("many")}},
		{"a", "alone", types.MetricTransformation{MetricValue: aws.String("$.b")}},
		{"[a, b]", "no field c", types.MetricTransformation{MetricValue: aws.String("$c")}},
		{"a", "alone", types.MetricTransformation{Dimensions: map[string]string{"d": "$.b"}}},
		{"{ $.b = 1 }", "mutually exclusive", types.MetricTransformation{Dimensions: map[string]string{"d": "$.b"}, DefaultValue: aws.Float64(0)}},
		{"{ $.b = 1 }", "at most 3 dimensions", types.MetricTransformation{Dimensions: map[string]string{"a": "$.b", "b": "$.b", "c": "$.b", "d": "$.b"}}},
		{"a", "metricName", types.MetricTransformation{MetricName: aws.String("a:b")}},
		{"a", "AWS/", types.MetricTransformation{MetricNamespace: aws.String("AWS/Logs")}},
		{"a", "unit", types.MetricTransformation{Unit: "Furlongs"}},
	} {
		w.refused(w.filter("f", c.pattern, c.m), "InvalidParameterException", c.words)
	}
	_, err := w.logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String("a"), ApplyOnTransformedLogs: true,
		MetricTransformations: []types.MetricTransformation{{MetricName: aws.String("a"), MetricNamespace: aws.String("b"), MetricValue: aws.String("1")}}})
	w.refused(err, "InvalidParameterException", "applyOnTransformedLogs")
	for i := range 5 {
		w.must(w.filter(fmt.Sprint("regex", i), "%a%", types.MetricTransformation{}))
	}
	w.refused(w.filter("regex", "%a%", types.MetricTransformation{}), "LimitExceededException")
	w.must(w.filter("regex4", "%b%", types.MetricTransformation{}))
	for i := range 95 {
		w.must(w.filter(fmt.Sprint("plain", i), "a", types.MetricTransformation{}))
	}
	w.refused(w.filter("one more", "a", types.MetricTransformation{}), "LimitExceededException")
}

func TestTestMetricFilter(t *testing.T) {
	w := open(t, sandbox.Options{})
	out, err := w.logs.TestMetricFilter(ctx, &cloudwatchlogs.TestMetricFilterInput{
		FilterPattern:    aws.String("[..., request =*.html*, status_code = 4*, bytes]"),
		LogEventMessages: []string{"no", `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`},
	})
	w.must(err)
	if len(out.Matches) != 1 || out.Matches[0].EventNumber != 2 || out.Matches[0].ExtractedValues["$bytes"] != "1534" {
		t.Errorf("matches %+v", out.Matches)
	}
	_, err = w.logs.TestMetricFilter(ctx, &cloudwatchlogs.TestMetricFilterInput{FilterPattern: aws.String("["), LogEventMessages: []string{"a"}})
	w.refused(err, "InvalidParameterException", "Invalid filter pattern")
}

// Resource policies admit services and other principals to every group of the region.
func TestResourcePolicies(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g")
	w.stream("g", "s")
	nobody := w.as("nobody", allows("*", "sts:GetCallerIdentity"))
	put := func() error {
		_, err := nobody.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []types.InputLogEvent{{Message: aws.String("m"), Timestamp: aws.Int64(w.sb.Now().UnixMilli())}}})
		return err
	}
	statement := func(effect, resource string) string {
		return `{"Version":"2012-10-17","Statement":{"Sid":"S","Effect":"` + effect + `","Principal":{"AWS":"arn:aws:iam::` + account + `:role/nobody"},"Action":"logs:PutLogEvents","Resource":"` + resource + `"}}`
	}
	policy := func(name, doc string) error {
		_, err := w.logs.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: &name, PolicyDocument: &doc})
		return err
	}
	drop := func(name string) error {
		_, err := w.logs.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: &name})
		return err
	}
	w.refused(put(), "AccessDeniedException", "logs:PutLogEvents")
	w.must(policy("allow", statement("Allow", arnOf("g")+":*")))
	w.must(put())
	w.must(policy("deny", statement("Deny", "*"))) // the same Sid
	w.refused(put(), "AccessDeniedException", "explicit deny")
	w.must(drop("deny"))
	w.must(put())
	w.must(policy("allow", statement("Allow", arnOf("h")+":*")))
	w.refused(put(), "AccessDeniedException")

	for words, doc := range map[string]string{
		"Invalid resource policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`,
		"does not exist":          strings.Replace(statement("Allow", "*"), "role/nobody", "role/absent", 1),
		"policyDocument":          `{"Version":"2012-10-17","Statement":[` + strings.Repeat(" ", 5200) + `]}`,
		"${":                      `{"Statement":{"Effect":"Allow","Principal":{"Service":"es.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"${x}"}}`,
	} {
		w.refused(policy("bad", doc), "InvalidParameterException", words)
	}
	for i := range 9 {
		w.must(policy(fmt.Sprint("p", i), statement("Allow", "*")))
	}
	w.refused(policy("eleventh", statement("Allow", "*")), "LimitExceededException")
	var names []string
	in := &cloudwatchlogs.DescribeResourcePoliciesInput{Limit: aws.Int32(4)}
	for {
		out, err := w.logs.DescribeResourcePolicies(ctx, in)
		w.must(err)
		for _, p := range out.ResourcePolicies {
			if names = append(names, *p.PolicyName); *p.PolicyName == "allow" && *p.PolicyDocument != statement("Allow", arnOf("h")+":*") {
				t.Errorf("policy %s", *p.PolicyDocument)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if got := strings.Join(names, " "); got != "allow p0 p1 p2 p3 p4 p5 p6 p7 p8" {
		t.Errorf("policies %s", got)
	}
	w.refused(drop("absent"), "ResourceNotFoundException", "absent")
	for _, name := range names {
		w.must(drop(name))
	}
	w.refused(put(), "AccessDeniedException")
}
