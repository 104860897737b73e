package logs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/internal/filterpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// filter is a metric filter.
type filter struct {
	Name, Group, Pattern string // the group's key
	Created              time.Time
	Metric               types.MetricTransformation

	pattern *filterpattern.Pattern
}

// Loaded compiles the pattern after the record was read from disk.
func (f *filter) Loaded() (err error) {
	f.pattern, err = filterpattern.Compile(f.Pattern)
	return err
}

func (f *filter) key() string { return f.Group + ":" + f.Name }

// Source: CloudWatch Logs User Guide "CloudWatch Logs quotas"; the filter pattern page,
// Quotas.
const (
	maxFilters      = 100
	maxRegexFilters = 5
	maxDimensions   = 3
)

func (s *Service) filterRows() []op.Row {
	test := op.New("TestMetricFilter", "CloudWatch Logs API_TestMetricFilter", op.Read, onNone[sdk.TestMetricFilterInput]("TestMetricFilter"), s.test)
	test.Secret = []string{"LogEventMessages", "Matches"}
	return []op.Row{
		op.New("PutMetricFilter", "CloudWatch Logs API_PutMetricFilter", op.Write,
			onGroup(s, "PutMetricFilter", func(in *sdk.PutMetricFilterInput) (_, _ *string) { return in.LogGroupName, nil }), s.putFilter),
		op.New("DeleteMetricFilter", "CloudWatch Logs API_DeleteMetricFilter", op.Write,
			onGroup(s, "DeleteMetricFilter", func(in *sdk.DeleteMetricFilterInput) (_, _ *string) { return in.LogGroupName, nil }), s.deleteFilter),
		op.New("DescribeMetricFilters", "CloudWatch Logs API_DescribeMetricFilters", op.Read, s.checkDescribeFilters, s.describeFilters),
		test,
	}
}

var (
	filterForm = regexp.MustCompile(`^[^:*]+$`)
	metricForm = regexp.MustCompile(`^[^:*$]+$`)
)

func (s *Service) putFilter(c *op.Call, in *sdk.PutMetricFilterInput) (*sdk.PutMetricFilterOutput, error) {
	err := refuse(map[string]bool{"applyOnTransformedLogs": in.ApplyOnTransformedLogs, "emitSystemFieldDimensions": in.EmitSystemFieldDimensions != nil, "fieldSelectionCriteria": text(in.FieldSelectionCriteria) != ""})
	if err != nil {
		return nil, err
	}
	g, err := s.existing(c, in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	switch name := text(in.FilterName); {
	case len(name) > 512 || !filterForm.MatchString(name):
		return nil, constraint(name, "filterName", "Member must satisfy regular expression pattern: [^:*]*")
	case in.FilterPattern == nil:
		return nil, constraint("null", "filterPattern", "Member must not be null")
	case len(in.MetricTransformations) != 1:
		return nil, invalid("1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1 and greater than or equal to 1")
	case g.Class != types.LogGroupClassStandard:
		return nil, fault("InvalidOperationException", "Metric filters are not supported by log groups of the class %s.", g.Class)
	}
	f := &filter{Name: *in.FilterName, Group: g.key(), Pattern: *in.FilterPattern, Created: c.Now, Metric: in.MetricTransformations[0]}
	if f.pattern, err = compile(f.Pattern); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	count, regexes := 0, 0
	for _, other := range s.filters.Prefix(g.key() + ":") {
		if other.Name == f.Name {
			continue
		}
		if count++; other.pattern.Regexes() > 0 {
			regexes++
		}
	}
	if count >= maxFilters || regexes >= maxRegexFilters && f.pattern.Regexes() > 0 {
		return nil, fault("LimitExceededException", "Resource limit exceeded.")
	}
	s.filters.Put(f.key(), f)
	return &sdk.PutMetricFilterOutput{}, nil
}

// check is what a filter's metric must be like.
// Source: CloudWatch Logs API_MetricTransformation.
func (f *filter) check() error {
	m := &f.Metric
	for member, name := range map[string]string{"metricName": text(m.MetricName), "metricNamespace": text(m.MetricNamespace)} {
		if name == "" || len(name) > 255 || !metricForm.MatchString(name) {
			return constraint(name, "metricTransformations.1.member."+member, "Member must satisfy regular expression pattern: [^:*$]*")
		}
	}
	if strings.HasPrefix(*m.MetricNamespace, "AWS/") {
		return invalid("The metric namespace must not begin with AWS/: %s", *m.MetricNamespace)
	}
	if m.Unit != "" && !slices.Contains(m.Unit.Values(), m.Unit) {
		return constraint(string(m.Unit), "metricTransformations.1.member.unit", fmt.Sprintf("Member must satisfy enum value set: %v", m.Unit.Values()))
	}
	value := text(m.MetricValue)
	if value == "" || len(value) > 100 {
		return constraint(value, "metricTransformations.1.member.metricValue", "Member must have length between 1 and 100")
	}
	if strings.HasPrefix(value, "$") {
		if problem := f.pattern.Selects(value); problem != "" {
			return invalid("Invalid metric transformation: metricValue %s: %s", value, problem)
		}
	} else if _, err := strconv.ParseFloat(value, 64); err != nil {
		return invalid("Invalid metric transformation: metricValue %s must be a number, or a field of the log events", value)
	}
	switch {
	case len(m.Dimensions) > maxDimensions:
		return invalid("Invalid metric transformation: at most %d dimensions are allowed", maxDimensions)
	case len(m.Dimensions) > 0 && m.DefaultValue != nil:
		return invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		if name == "" || len(name) > 255 || strings.HasPrefix(name, ":") {
			return invalid("Invalid metric transformation: the dimension name %q is not valid", name)
		}
		if problem := f.pattern.Selects(m.Dimensions[name]); problem != "" {
			return invalid("Invalid metric transformation: the dimension %s: %s: %s", name, m.Dimensions[name], problem)
		}
	}
	return nil
}

func (s *Service) deleteFilter(c *op.Call, in *sdk.DeleteMetricFilterInput) (*sdk.DeleteMetricFilterOutput, error) {
	g, err := s.existing(c, in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	key := g.key() + ":" + text(in.FilterName)
	if s.filters.Get(key) == nil {
		return nil, fault("ResourceNotFoundException", "The specified metric filter does not exist.")
	}
	s.filters.Delete(key)
	return &sdk.DeleteMetricFilterOutput{}, nil
}

// checkDescribeFilters: without a group it is about all of them.
func (s *Service) checkDescribeFilters(c *op.Call, in *sdk.DescribeMetricFiltersInput) ([]op.Check, error) {
	if in.LogGroupName == nil {
		return anywhere(c, "DescribeMetricFilters"), nil
	}
	name, err := named(c, in.LogGroupName, nil)
	return []op.Check{{Action: "logs:DescribeMetricFilters", Resource: s.resource(owner(c), c.Region, name)}}, err
}

func (s *Service) describeFilters(c *op.Call, in *sdk.DescribeMetricFiltersInput) (*sdk.DescribeMetricFiltersOutput, error) {
	n, err := listed(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	prefix := place(owner(c), c.Region)
	if in.LogGroupName != nil {
		g, err := s.existing(c, in.LogGroupName, nil)
		if err != nil {
			return nil, err
		}
		prefix = g.key() + ":"
	}
	if (in.MetricName == nil) != (in.MetricNamespace == nil) {
		return nil, invalid("metricName and metricNamespace must be specified together.")
	}
	var all []*filter
	for _, f := range s.filters.Prefix(prefix) {
		if strings.HasPrefix(f.Name, text(in.FilterNamePrefix)) && (in.MetricName == nil || *f.Metric.MetricName == *in.MetricName && *f.Metric.MetricNamespace == *in.MetricNamespace) {
			all = append(all, f)
		}
	}
	out := &sdk.DescribeMetricFiltersOutput{MetricFilters: []types.MetricFilter{}}
	all, out.NextToken = page.Cut(all, func(f *filter) string { return f.key() }, n, in.NextToken)
	for _, f := range all {
		out.MetricFilters = append(out.MetricFilters, types.MetricFilter{
			FilterName: &f.Name, FilterPattern: &f.Pattern, CreationTime: millis(f.Created),
			LogGroupName: new(strings.TrimPrefix(f.Group, place(owner(c), c.Region))), MetricTransformations: []types.MetricTransformation{f.Metric},
		})
	}
	return out, nil
}

// test shows the messages that a pattern matches, with their numbers.
func (s *Service) test(_ *op.Call, in *sdk.TestMetricFilterInput) (*sdk.TestMetricFilterOutput, error) {
	p, err := compile(text(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	if len(in.LogEventMessages) == 0 || len(in.LogEventMessages) > 50 {
		return nil, invalid("1 validation error detected: Value at 'logEventMessages' failed to satisfy constraint: Member must have length between 1 and 50")
	}
	out := &sdk.TestMetricFilterOutput{Matches: []types.MetricFilterMatchRecord{}}
	for i, message := range in.LogEventMessages {
		if values := p.Values([]byte(message)); values != nil {
			out.Matches = append(out.Matches, types.MetricFilterMatchRecord{EventNumber: int64(i + 1), EventMessage: &message, ExtractedValues: values})
		}
	}
	return out, nil
}

// count gives the group's metric filters the events that were put.
// Source: CloudWatch Logs User Guide "Configuring metric values for a metric filter".
func (s *Service) count(g *group, events []types.InputLogEvent) {
	if s.Metrics == nil {
		return
	}
	for _, f := range s.filters.Prefix(g.key() + ":") {
		for _, e := range events {
			value, dimensions, ok := f.measure([]byte(*e.Message))
			if !ok {
				continue
			}
			unit := f.Metric.Unit
			if unit == "" {
				unit = types.StandardUnitNone
			}
			s.Metrics.Publish(g.Account, g.Region, *f.Metric.MetricNamespace, *f.Metric.MetricName, dimensions, string(unit), value, time.UnixMilli(*e.Timestamp).UTC())
		}
	}
}

// measure is what an event adds to the metric; ok is false if that is nothing. An event
// that does not match adds the default value. One without the field that the value or
// a dimension is taken from adds nothing, which is not documented.
func (f *filter) measure(message []byte) (value float64, dimensions map[string]string, ok bool) {
	if !f.pattern.Match(message) {
		if f.Metric.DefaultValue == nil {
			return 0, nil, false
		}
		return *f.Metric.DefaultValue, nil, true
	}
	for name, selector := range f.Metric.Dimensions {
		v, ok := f.pattern.Value(message, selector)
		if !ok || v == "" {
			return 0, nil, false
		}
		if dimensions == nil {
			dimensions = map[string]string{}
		}
		dimensions[name] = v
	}
	written := *f.Metric.MetricValue
	if strings.HasPrefix(written, "$") {
		if written, ok = f.pattern.Value(message, written); !ok {
			return 0, nil, false
		}
	}
	value, err := strconv.ParseFloat(written, 64)
	return value, dimensions, err == nil
}
