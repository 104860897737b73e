package cloudwatch

import (
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) describeRows() []op.Row {
	return []op.Row{
		op.New("DescribeAlarms", "CloudWatch API_DescribeAlarms", op.Read, s.checkDescribe, s.describeAlarms),
		op.New("DescribeAlarmsForMetric", "CloudWatch API_DescribeAlarmsForMetric", op.Read,
			asks[sdk.DescribeAlarmsForMetricInput]("DescribeAlarmsForMetric"), s.describeForMetric),
	}
}

// checkDescribe asks for the alarms that are named, or else for all.
func (s *Service) checkDescribe(c *op.Call, in *sdk.DescribeAlarmsInput) ([]op.Check, error) {
	if len(in.AlarmNames) > 0 {
		return s.checkNames(c, "DescribeAlarms", in.AlarmNames)
	}
	return []op.Check{s.check(c, "DescribeAlarms", "*")}, nil
}

// shown is the alarm as requests are told of it.
func (a *alarm) shown() types.MetricAlarm {
	out := types.MetricAlarm{
		AlarmName: &a.Name, AlarmArn: new(a.arn()), AlarmDescription: a.Description, AlarmConfigurationUpdatedTimestamp: &a.Configured,
		ActionsEnabled: &a.Enabled, OKActions: list(a.OKActions), AlarmActions: list(a.AlarmActions), InsufficientDataActions: list(a.NoData),
		StateValue: types.StateValue(a.State), StateReason: &a.Reason, StateReasonData: optional(a.ReasonData),
		StateUpdatedTimestamp: &a.Since, StateTransitionedTimestamp: &a.Changed,
		Namespace: &a.Namespace, MetricName: &a.Metric, Dimensions: a.metric().dimensions(), Unit: types.StandardUnit(a.Unit),
		Statistic: types.Statistic(a.Statistic), Period: &a.Period, EvaluationPeriods: &a.Periods,
		ComparisonOperator: types.ComparisonOperator(a.Operator), Threshold: &a.Threshold, TreatMissingData: optional(string(a.Missing)),
	}
	if a.Datapoints > 0 {
		out.DatapointsToAlarm = &a.Datapoints
	}
	return out
}

func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

// describeAlarms tells of metric alarms; those of other types the sandbox does not have.
func (s *Service) describeAlarms(c *op.Call, in *sdk.DescribeAlarmsInput) (*sdk.DescribeAlarmsOutput, error) {
	switch {
	case in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil:
		return nil, refuse("composite alarms (ChildrenOfAlarmName, ParentsOfAlarmName)")
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return nil, combination("AlarmNames and AlarmNamePrefix cannot be used together")
	}
	for _, t := range in.AlarmTypes {
		if !slices.Contains(t.Values(), t) {
			return nil, invalid("1 validation error detected: Value '%s' at 'alarmTypes' failed to satisfy constraint: Member must satisfy enum value set", t)
		}
	}
	if v := in.StateValue; v != "" && !slices.Contains(v.Values(), v) {
		return nil, invalid("1 validation error detected: Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set", v)
	}
	n, err := limit(in.MaxRecords, 50, 100)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	var found []*alarm
	for _, a := range s.alarms.Prefix(place(c.Caller.Account, c.Region)) {
		switch {
		case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, a.Name):
		case !strings.HasPrefix(a.Name, text(in.AlarmNamePrefix)):
		case in.StateValue != "" && types.StateValue(a.State) != in.StateValue:
		case in.ActionPrefix != nil && !slices.ContainsFunc(slices.Concat(a.OKActions, a.AlarmActions, a.NoData), func(x string) bool { return strings.HasPrefix(x, *in.ActionPrefix) }):
		default:
			found = append(found, a)
		}
	}
	found, out.NextToken = page.Cut(found, func(a *alarm) string { return a.Name }, n, in.NextToken)
	for _, a := range found {
		out.MetricAlarms = append(out.MetricAlarms, a.shown())
	}
	return out, nil
}

// describeForMetric tells of the alarms of exactly this metric.
func (s *Service) describeForMetric(c *op.Call, in *sdk.DescribeAlarmsForMetricInput) (*sdk.DescribeAlarmsForMetricOutput, error) {
	if in.ExtendedStatistic != nil {
		return nil, refuse("percentiles and other extended statistics (ExtendedStatistic)")
	}
	m, err := newMetric(c, in.Namespace, in.MetricName, in.Dimensions)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for _, a := range s.alarms.Prefix(place(c.Caller.Account, c.Region)) {
		if a.metric().key() == m.key() && (in.Statistic == "" || string(in.Statistic) == string(a.Statistic)) &&
			(in.Period == nil || *in.Period == a.Period) && (in.Unit == "" || string(in.Unit) == a.Unit) {
			out.MetricAlarms = append(out.MetricAlarms, a.shown())
		}
	}
	return out, nil
}

func limit(n *int32, usual, most int) (int, error) {
	if n == nil {
		return usual, nil
	}
	if *n < 1 || int(*n) > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and %d", *n, most)
	}
	return int(*n), nil
}
