package cloudwatch

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// alarm is a metric alarm.
type alarm struct {
	Account, Region, Name string
	Description           *string
	// Made is when it was created; Configured when it was last put.
	Made, Configured time.Time
	// Enabled tells whether its actions are executed.
	Enabled                         bool
	OKActions, AlarmActions, NoData []string
	Namespace, Metric               string
	Dimensions                      []dimension
	Unit                            string
	Statistic                       metricalarm.Statistic
	Period, Periods, Datapoints     int32 // Datapoints 0: not set
	Operator                        metricalarm.Operator
	Threshold                       float64
	Missing                         metricalarm.Missing // "": not set
	State                           metricalarm.State
	Reason, ReasonData              string
	// Since is when the state was last set, and Changed when it last became another.
	Since, Changed time.Time
	Tags           map[string]string
}

func (a *alarm) key() string { return alarmKey(a.Account, a.Region, a.Name) }
func (a *alarm) arn() string { return alarmARN(a.Account, a.Region, a.Name) }

func alarmKey(account, region, name string) string { return place(account, region) + name }

// rule is what the alarm's state follows from.
func (a *alarm) rule() *metricalarm.Alarm {
	return &metricalarm.Alarm{
		Statistic: a.Statistic, Unit: a.Unit, Period: time.Duration(a.Period) * time.Second, EvaluationPeriods: int(a.Periods),
		DatapointsToAlarm: int(a.Datapoints), Operator: a.Operator, Threshold: a.Threshold, Missing: a.treatment(),
	}
}

// treatment of missing data; that of DynamoDB's metrics is another where none is set.
// Source: CloudWatch User Guide "Configuring how CloudWatch alarms treat missing data".
func (a *alarm) treatment() metricalarm.Missing {
	if a.Missing == "" && a.Namespace == "AWS/DynamoDB" {
		return metricalarm.AsIgnored
	}
	return a.Missing
}

func (a *alarm) metric() *metric {
	return &metric{Account: a.Account, Region: a.Region, Namespace: a.Namespace, Name: a.Metric, Dimensions: a.Dimensions}
}

// actions of a state.
func (a *alarm) actions(s metricalarm.State) []string {
	switch s {
	case metricalarm.OK:
		return a.OKActions
	case metricalarm.InAlarm:
		return a.AlarmActions
	default:
		return a.NoData
	}
}

// check is that of an action on an alarm, whether it is there or not. It carries no tags:
// of the actions on alarms, those of tags alone have aws:ResourceTag.
// Source: Service Authorization Reference, Amazon CloudWatch.
func (s *Service) check(c *op.Call, action, name string, keys ...op.Key) op.Check {
	return op.Check{Action: "cloudwatch:" + action, Context: keys,
		Resource: op.Resource{ARN: alarmARN(c.Caller.Account, c.Region, name), Account: c.Caller.Account}}
}

func (s *Service) alarmRows() []op.Row {
	return []op.Row{
		op.New("PutMetricAlarm", "CloudWatch API_PutMetricAlarm", op.Write, s.checkPutAlarm, s.putAlarm),
		op.New("DeleteAlarms", "CloudWatch API_DeleteAlarms", op.Write,
			func(c *op.Call, in *sdk.DeleteAlarmsInput) ([]op.Check, error) {
				return s.checkNames(c, "DeleteAlarms", in.AlarmNames)
			}, s.deleteAlarms),
	}
}

// checkPutAlarm asks for the alarm, and for its tags where it is new. The actions of all
// three states are in cloudwatch:AlarmActions; the page does not say that any is left out.
// Source: API Reference PutMetricAlarm, Tags; CloudWatch User Guide "Using condition keys
// to limit alarm actions".
func (s *Service) checkPutAlarm(c *op.Call, in *sdk.PutMetricAlarmInput) ([]op.Check, error) {
	name := text(in.AlarmName)
	if err := checkName(name); err != nil {
		return nil, err
	}
	own, problem := readTags(in.Tags)
	if problem != nil {
		return nil, problem
	}
	var keys []op.Key
	if all := slices.Concat(in.AlarmActions, in.OKActions, in.InsufficientDataActions); len(all) > 0 {
		keys = append(keys, op.Multi("cloudwatch:AlarmActions", all...))
	}
	checks := []op.Check{s.check(c, "PutMetricAlarm", name, slices.Concat(keys, tags.RequestKeys(own))...)}
	if len(own) > 0 && s.alarms.Get(alarmKey(c.Caller.Account, c.Region, name)) == nil {
		checks = append(checks, s.check(c, "TagResource", name, tags.RequestKeys(own)...))
	}
	return checks, nil
}

// checkName refuses what cannot be an alarm's name.
// Source: API Reference PutMetricAlarm, AlarmName.
func checkName(name string) error {
	switch {
	case name == "":
		return missing("AlarmName")
	case utf8.RuneCountInString(name) > 255:
		return invalid("1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to 255")
	case strings.ContainsFunc(name, func(r rune) bool { return r < 128 && unicode.IsControl(r) }) || !utf8.ValidString(name):
		return invalid("The alarm name must not contain control characters")
	}
	return nil
}

func (s *Service) putAlarm(c *op.Call, in *sdk.PutMetricAlarmInput) (*sdk.PutMetricAlarmOutput, error) {
	a, err := newAlarm(c, in)
	if err != nil {
		return nil, err
	}
	kind := created
	if old := s.alarms.Get(a.key()); old != nil {
		kind = updated
		// The state stays, and so do the tags.
		a.Made, a.Tags = old.Made, old.Tags
		a.State, a.Reason, a.ReasonData, a.Since, a.Changed = old.State, old.Reason, old.ReasonData, old.Since, old.Changed
	}
	s.alarms.Put(a.key(), a)
	s.remember(configured(a, kind, c.Now))
	return nil, nil
}

// newAlarm checks the input.
// Source: API Reference PutMetricAlarm.
func newAlarm(c *op.Call, in *sdk.PutMetricAlarmInput) (*alarm, error) {
	switch {
	case in.Metrics != nil:
		return nil, refuse("alarms on metric math (Metrics)")
	case in.ThresholdMetricId != nil:
		return nil, refuse("alarms on anomaly detection (ThresholdMetricId)")
	case in.ExtendedStatistic != nil:
		return nil, refuse("alarms on percentiles and other extended statistics (ExtendedStatistic)")
	case in.EvaluateLowSampleCountPercentile != nil:
		return nil, refuse("EvaluateLowSampleCountPercentile, which alarms on percentiles alone have")
	case in.EvaluationCriteria != nil || in.EvaluationInterval != nil || in.EvaluationWindow != nil:
		return nil, refuse("alarms on PromQL and evaluation windows (EvaluationCriteria, EvaluationInterval, EvaluationWindow)")
	case in.WarmUpConfiguration != nil:
		return nil, refuse("WarmUpConfiguration")
	case in.ActionConfiguration != nil:
		return nil, refuse("ActionConfiguration")
	case in.EvaluationPeriods == nil:
		return nil, missing("EvaluationPeriods")
	case in.ComparisonOperator == "":
		return nil, missing("ComparisonOperator")
	case in.Threshold == nil:
		return nil, missing("Threshold")
	case in.Period == nil:
		return nil, missing("Period")
	case in.Statistic == "":
		return nil, missing("Statistic")
	case utf8.RuneCountInString(text(in.AlarmDescription)) > 1024:
		return nil, invalid("1 validation error detected: Value at 'alarmDescription' failed to satisfy constraint: Member must have length less than or equal to 1024")
	}
	m, err := newMetric(c, in.Namespace, in.MetricName, in.Dimensions)
	if err != nil {
		return nil, err
	}
	u, err := unit(in.Unit)
	if err != nil {
		return nil, err
	}
	own, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	a := &alarm{
		Account: c.Caller.Account, Region: c.Region, Name: *in.AlarmName, Description: in.AlarmDescription, Made: c.Now, Configured: c.Now,
		Enabled: in.ActionsEnabled == nil || *in.ActionsEnabled, Namespace: m.Namespace, Metric: m.Name, Dimensions: m.Dimensions, Unit: u,
		Statistic: metricalarm.Statistic(in.Statistic), Period: *in.Period, Periods: *in.EvaluationPeriods,
		Operator: metricalarm.Operator(in.ComparisonOperator), Threshold: *in.Threshold, Missing: metricalarm.Missing(text(in.TreatMissingData)),
		State: metricalarm.InsufficientData, Reason: metricalarm.Unchecked, Since: c.Now, Changed: c.Now, Tags: own,
	}
	if in.DatapointsToAlarm != nil {
		if a.Datapoints = *in.DatapointsToAlarm; a.Datapoints < 1 {
			return nil, invalid("1 validation error detected: Value '%d' at 'datapointsToAlarm' failed to satisfy constraint: Member must have value greater than or equal to 1", a.Datapoints)
		}
	}
	if slices.Contains([]types.ComparisonOperator{types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold,
		types.ComparisonOperatorLessThanLowerThreshold, types.ComparisonOperatorGreaterThanUpperThreshold}, in.ComparisonOperator) {
		return nil, refuse("the comparison operators of anomaly detection")
	}
	if err := a.rule().Validate(); err != nil {
		return nil, invalid("%s", err)
	}
	for what, list := range map[string]*[]string{"alarmActions": &a.AlarmActions, "oKActions": &a.OKActions, "insufficientDataActions": &a.NoData} {
		*list = map[string][]string{"alarmActions": in.AlarmActions, "oKActions": in.OKActions, "insufficientDataActions": in.InsufficientDataActions}[what]
		if err := checkActions(c, what, *list); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// checkActions takes SNS topics of the alarm's region alone.
// Source: API Reference PutMetricAlarm, AlarmActions: at most 5. Observed: the error of a
// topic of another region.
func checkActions(c *op.Call, what string, list []string) error {
	if len(list) > 5 {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to 5", what)
	}
	for i, arn := range list {
		part := strings.SplitN(arn, ":", 6)
		switch {
		case slices.Contains(list[:i], arn):
			return invalid("%s contains the action %s twice", what, arn)
		case len(part) != 6 || part[0] != "arn" || part[1] != "aws" || part[5] == "":
			return invalid("Invalid arn syntax: %s", arn)
		case part[2] != "sns":
			return refuse("alarm actions of the service " + part[2])
		case part[3] != c.Region:
			return invalid("Invalid region %s specified. Only %s is supported.", part[3], c.Region)
		case strings.Contains(part[5], ":"):
			return invalid("Invalid arn syntax: %s", arn)
		}
	}
	return nil
}

// checkNames asks for every alarm that is named.
func (s *Service) checkNames(c *op.Call, action string, names []string) (checks []op.Check, err error) {
	if len(names) == 0 {
		return nil, missing("AlarmNames")
	}
	if len(names) > 100 {
		return nil, invalid("1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	for _, name := range names {
		if err := checkName(name); err != nil {
			return nil, err
		}
		checks = append(checks, s.check(c, action, name))
	}
	return checks, nil
}

// deleteAlarms deletes all that are named, or none if one is not there.
// Source: API Reference DeleteAlarms: "If you specify an incorrect alarm name ..., no
// alarms are deleted", error ResourceNotFound.
func (s *Service) deleteAlarms(c *op.Call, in *sdk.DeleteAlarmsInput) (*sdk.DeleteAlarmsOutput, error) {
	all, err := s.existing(c, in.AlarmNames)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		s.alarms.Delete(a.key())
		s.remember(configured(a, deleted, c.Now))
	}
	return nil, nil
}

// existing returns the alarms of these names, which must be there.
func (s *Service) existing(c *op.Call, names []string) (all []*alarm, err error) {
	for _, name := range names {
		a := s.alarms.Get(alarmKey(c.Caller.Account, c.Region, name))
		if a == nil {
			return nil, op.Errorf(404, "ResourceNotFound", "Unknown alarm %s", name)
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all, nil
}
