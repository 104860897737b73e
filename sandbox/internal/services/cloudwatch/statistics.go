package cloudwatch

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) statisticRows() []op.Row {
	return []op.Row{
		op.New("ListMetrics", "CloudWatch API_ListMetrics", op.Read, asks[sdk.ListMetricsInput]("ListMetrics"), s.listMetrics),
		op.New("GetMetricStatistics", "CloudWatch API_GetMetricStatistics", op.Read, asks[sdk.GetMetricStatisticsInput]("GetMetricStatistics"), s.getStatistics),
	}
}

// listMetrics tells of the metrics with a sample of the last two weeks.
// Source: API Reference ListMetrics.
func (s *Service) listMetrics(c *op.Call, in *sdk.ListMetricsInput) (*sdk.ListMetricsOutput, error) {
	if in.IncludeLinkedAccounts != nil && *in.IncludeLinkedAccounts || in.OwningAccount != nil {
		return nil, refuse("metrics of linked accounts (IncludeLinkedAccounts, OwningAccount)")
	}
	since := c.Now.Add(-14 * 24 * time.Hour)
	switch in.RecentlyActive {
	case "":
	case types.RecentlyActivePt3h:
		since = c.Now.Add(-3 * time.Hour)
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'recentlyActive' failed to satisfy constraint: Member must satisfy enum value set: [PT3H]", in.RecentlyActive)
	}
	var found []*metric
	for _, m := range s.metrics.Prefix(place(c.Caller.Account, c.Region)) {
		if (in.Namespace == nil || *in.Namespace == m.Namespace) && (in.MetricName == nil || *in.MetricName == m.Name) && m.has(in.Dimensions) && !m.Updated.Before(since) {
			found = append(found, m)
		}
	}
	out := &sdk.ListMetricsOutput{Metrics: []types.Metric{}}
	after, err := token(in.NextToken)
	if err != nil {
		return nil, err
	}
	found, next := page.Cut(found, (*metric).key, 500, after)
	if next != nil {
		out.NextToken = new(untoken(*next))
	}
	for _, m := range found {
		out.Metrics = append(out.Metrics, types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: m.dimensions()})
	}
	return out, nil
}

// has reports whether the metric has all these dimensions; a filter without a value takes any.
func (m *metric) has(filters []types.DimensionFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(m.Dimensions, func(d dimension) bool { return d.Name == text(f.Name) && (f.Value == nil || *f.Value == d.Value) }) {
			return false
		}
	}
	return true
}

// seconds checks a period of a query.
// Source: API Reference GetMetricStatistics, Period.
func seconds(period *int32) (time.Duration, error) {
	switch {
	case period == nil:
		return 0, missing("Period")
	case *period < 1 || *period%60 != 0 && !slices.Contains([]int32{1, 5, 10, 20, 30}, *period):
		return 0, wrongValue("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
	}
	return time.Duration(*period) * time.Second, nil
}

// point is one period of a query.
type point struct {
	at   time.Time
	unit string
	metricalarm.Sample
}

// series is the metric's periods that have samples, by time. Samples of several units stay
// apart.
// Source: API Reference GetMetricStatistics, StartTime: periods begin at multiples of the
// period.
func (s *Service) series(m *metric, unit string, from, to time.Time, period time.Duration) (all []point) {
	from = from.UTC().Truncate(period)
	for u, x := range s.between(m, unit, from, to) {
		at := x.Time.Truncate(period)
		if n := len(all); n > 0 && all[n-1].unit == u && all[n-1].at.Equal(at) {
			all[n-1].Sample = all[n-1].Add(x)
			continue
		}
		all = append(all, point{at, u, x})
	}
	slices.SortStableFunc(all, func(a, b point) int { return a.at.Compare(b.at) })
	return all
}

// maxPoints is how many data points one request gets.
// Source: API Reference GetMetricStatistics: 1,440.
const maxPoints = 1440

func (s *Service) getStatistics(c *op.Call, in *sdk.GetMetricStatisticsInput) (*sdk.GetMetricStatisticsOutput, error) {
	m, err := newMetric(c, in.Namespace, in.MetricName, in.Dimensions)
	if err != nil {
		return nil, err
	}
	u, err := unit(in.Unit)
	if err != nil {
		return nil, err
	}
	period, err := seconds(in.Period)
	switch {
	case err != nil:
		return nil, err
	case in.StartTime == nil:
		return nil, missing("StartTime")
	case in.EndTime == nil:
		return nil, missing("EndTime")
	case !in.StartTime.Before(*in.EndTime):
		return nil, wrongValue("The parameter StartTime must be less than the parameter EndTime.")
	case in.ExtendedStatistics != nil:
		return nil, refuse("percentiles and other extended statistics (ExtendedStatistics)")
	case len(in.Statistics) == 0:
		return nil, missing("Statistics")
	case in.EndTime.Sub(*in.StartTime)/period > maxPoints:
		return nil, combination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", in.EndTime.Sub(*in.StartTime)/period, maxPoints)
	}
	for _, x := range in.Statistics {
		if !slices.Contains(x.Values(), x) {
			return nil, invalid("1 validation error detected: Value '%s' at 'statistics' failed to satisfy constraint: Member must satisfy enum value set", x)
		}
	}
	out := &sdk.GetMetricStatisticsOutput{Label: &m.Name, Datapoints: []types.Datapoint{}}
	for _, p := range s.series(m, u, *in.StartTime, *in.EndTime, period) {
		d := types.Datapoint{Timestamp: &p.at, Unit: types.StandardUnit(p.unit)}
		for _, x := range in.Statistics {
			v := new(p.Of(metricalarm.Statistic(x)))
			switch x {
			case types.StatisticAverage:
				d.Average = v
			case types.StatisticMaximum:
				d.Maximum = v
			case types.StatisticMinimum:
				d.Minimum = v
			case types.StatisticSampleCount:
				d.SampleCount = v
			case types.StatisticSum:
				d.Sum = v
			}
		}
		out.Datapoints = append(out.Datapoints, d)
	}
	return out, nil
}

// untoken and token make a page's token of a metric's key, which has bytes that XML has not.
func untoken(key string) string { return strings.ReplaceAll(key, "\x00", "\n") }

func token(t *string) (*string, error) {
	if t == nil {
		return nil, nil
	}
	if *t == "" {
		return nil, op.Errorf(400, "InvalidNextToken", "The next token specified is invalid.")
	}
	return new(strings.ReplaceAll(*t, "\n", "\x00")), nil
}
