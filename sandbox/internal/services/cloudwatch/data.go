package cloudwatch

import (
	"regexp"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) dataRows() []op.Row {
	get := op.New("GetMetricData", "CloudWatch API_GetMetricData", op.Read, asks[sdk.GetMetricDataInput]("GetMetricData"), s.getData)
	get.Data, get.ResourceTypes = true, []string{"AWS::CloudWatch::Metric"}
	return []op.Row{get}
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// getData answers queries of metrics; those of expressions are refused. It has one page:
// what does not fit is refused.
// Source: API Reference GetMetricData, MetricDataQuery.
func (s *Service) getData(c *op.Call, in *sdk.GetMetricDataInput) (*sdk.GetMetricDataOutput, error) {
	switch {
	case in.StartTime == nil:
		return nil, missing("StartTime")
	case in.EndTime == nil:
		return nil, missing("EndTime")
	case !in.StartTime.Before(*in.EndTime):
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	case len(in.MetricDataQueries) == 0:
		return nil, missing("MetricDataQueries")
	case len(in.MetricDataQueries) > 500:
		return nil, invalid("The collection MetricDataQueries must not have a size greater than 500.")
	case in.NextToken != nil:
		return nil, op.Errorf(400, "InvalidNextToken", "The next token specified is invalid.")
	case in.LabelOptions != nil:
		return nil, refuse("LabelOptions")
	case in.ScanBy != "" && !slices.Contains(in.ScanBy.Values(), in.ScanBy):
		return nil, invalid("1 validation error detected: Value '%s' at 'scanBy' failed to satisfy constraint: Member must satisfy enum value set", in.ScanBy)
	}
	most := 100_800
	if in.MaxDatapoints != nil {
		most = min(most, int(*in.MaxDatapoints))
	}
	out := &sdk.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	var seen []string
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		id := text(q.Id)
		if !queryID.MatchString(id) || len(id) > 255 || slices.Contains(seen, id) {
			return nil, invalid("The value %q for parameter MetricDataQueries.member.%d.Id is not a new name that begins with a small letter", id, i+1)
		}
		seen = append(seen, id)
		r, err := s.query(c, in, q)
		if err != nil {
			return nil, err
		}
		if most -= len(r.Values); most < 0 {
			return nil, refuse("pages of data points: ask for a shorter time or a longer period")
		}
		if q.ReturnData == nil || *q.ReturnData {
			out.MetricDataResults = append(out.MetricDataResults, r)
		}
	}
	return out, nil
}

func (s *Service) query(c *op.Call, in *sdk.GetMetricDataInput, q *types.MetricDataQuery) (r types.MetricDataResult, err error) {
	switch {
	case q.Expression != nil:
		return r, refuse("metric math (Expression)")
	case q.AccountId != nil && *q.AccountId != c.Caller.Account:
		return r, refuse("metrics of linked accounts (AccountId)")
	case q.MetricStat == nil || q.MetricStat.Metric == nil:
		return r, missing("MetricDataQueries.member.MetricStat")
	case q.Period != nil:
		return r, invalid("Period must not be set beside MetricStat")
	}
	m, err := newMetric(c, q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName, q.MetricStat.Metric.Dimensions)
	if err != nil {
		return r, err
	}
	u, err := unit(q.MetricStat.Unit)
	if err != nil {
		return r, err
	}
	period, err := seconds(q.MetricStat.Period)
	if err != nil {
		return r, err
	}
	stat := types.Statistic(text(q.MetricStat.Stat))
	if !slices.Contains(stat.Values(), stat) {
		return r, refuse("the statistic " + string(stat) + ": it has SampleCount, Average, Sum, Minimum and Maximum")
	}
	r = types.MetricDataResult{Id: q.Id, Label: &m.Name, StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
	if q.Label != nil {
		r.Label = q.Label
	}
	for _, p := range s.series(m, u, *in.StartTime, *in.EndTime, period) {
		r.Timestamps, r.Values = append(r.Timestamps, p.at), append(r.Values, p.Of(metricalarm.Statistic(stat)))
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(r.Timestamps)
		slices.Reverse(r.Values)
	}
	return r, nil
}
