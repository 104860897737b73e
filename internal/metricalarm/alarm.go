package metricalarm

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// State is what an alarm is in.
type State string

// The states of an alarm.
const (
	OK               State = "OK"
	InAlarm          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Statistic is what a period's samples are made into.
type Statistic string

// The statistics that are implemented: all but percentiles and the like.
const (
	SampleCount Statistic = "SampleCount"
	Average     Statistic = "Average"
	Sum         Statistic = "Sum"
	Minimum     Statistic = "Minimum"
	Maximum     Statistic = "Maximum"
)

// Operator compares the statistic, its first operand, with the threshold.
type Operator string

// The operators of alarms with a static threshold.
const (
	GreaterOrEqual Operator = "GreaterThanOrEqualToThreshold"
	Greater        Operator = "GreaterThanThreshold"
	Less           Operator = "LessThanThreshold"
	LessOrEqual    Operator = "LessThanOrEqualToThreshold"
)

// Missing is what a period without samples counts as.
type Missing string

// The treatments of missing data.
const (
	AsMissing      Missing = "missing"
	AsIgnored      Missing = "ignore"
	AsBreaching    Missing = "breaching"
	AsNotBreaching Missing = "notBreaching"
)

// Alarm is what an evaluation needs of an alarm's configuration.
type Alarm struct {
	Statistic Statistic
	// Unit of the samples, for the reason's data alone; empty: any.
	Unit string
	// Period is 10, 20 or 30 seconds, or whole minutes.
	Period time.Duration
	// EvaluationPeriods is N.
	EvaluationPeriods int
	// DatapointsToAlarm is M; 0: it is not set, and M is N.
	DatapointsToAlarm int
	Operator          Operator
	Threshold         float64
	// Missing is "" for AsMissing.
	Missing Missing
}

// Validate says what of the alarm CloudWatch, or this package, does not take.
// Source: API Reference PutMetricAlarm, Period, EvaluationPeriods, DatapointsToAlarm.
func (a *Alarm) Validate() error {
	seconds := int64(a.Period / time.Second)
	switch {
	case !slices.Contains([]Statistic{SampleCount, Average, Sum, Minimum, Maximum}, a.Statistic):
		return fmt.Errorf("the statistic %q is not one of SampleCount, Average, Sum, Minimum, Maximum", a.Statistic)
	case !slices.Contains([]Operator{GreaterOrEqual, Greater, Less, LessOrEqual}, a.Operator):
		return fmt.Errorf("the comparison operator %q is not one of a static threshold", a.Operator)
	case !slices.Contains([]Missing{"", AsMissing, AsIgnored, AsBreaching, AsNotBreaching}, a.Missing):
		return fmt.Errorf("missing data cannot be treated as %q", a.Missing)
	case a.Period%time.Second != 0 || seconds <= 0 || seconds%60 != 0 && seconds != 10 && seconds != 20 && seconds != 30:
		return fmt.Errorf("the period %s is not 10, 20 or 30 seconds or a multiple of 60", a.Period)
	case math.IsNaN(a.Threshold) || math.IsInf(a.Threshold, 0):
		return fmt.Errorf("the threshold is not a number")
	case a.EvaluationPeriods < 1:
		return fmt.Errorf("%d evaluation periods are fewer than 1", a.EvaluationPeriods)
	case a.DatapointsToAlarm < 0 || a.DatapointsToAlarm > a.EvaluationPeriods:
		return fmt.Errorf("%d datapoints to alarm are not 1 to the %d evaluation periods", a.DatapointsToAlarm, a.EvaluationPeriods)
	}
	limit := 7 * 24 * time.Hour
	if a.Period < time.Hour {
		limit = 24 * time.Hour
	}
	if n := int64(a.EvaluationPeriods); n > int64(limit/a.Period) {
		return fmt.Errorf("%d periods of %s are more than %s", n, a.Period, limit)
	}
	return nil
}

// need is M.
func (a *Alarm) need() int {
	if a.DatapointsToAlarm == 0 {
		return a.EvaluationPeriods
	}
	return a.DatapointsToAlarm
}

// extra is by how many periods the evaluation range is longer than the evaluation
// periods. The guide's examples have 3 periods and a range of 5 and say that the number
// depends on the period and the resolution, and not how: it is 2 here for all.
const extra = 2

// Range is how many periods are looked at: the evaluation periods, and some more for
// those in which data is missing.
// Source: CloudWatch User Guide "Configuring how CloudWatch alarms treat missing data".
func (a *Alarm) Range() int { return a.EvaluationPeriods + extra }

// Step is how often the alarm is looked at: each minute, or each period that is shorter.
// Source: CloudWatch User Guide "Alarm evaluation": an alarm with a period of a minute or
// longer is evaluated every minute, one of 10, 20 or 30 seconds every 10 seconds.
func (a *Alarm) Step() time.Duration {
	if a.Period < time.Minute {
		return 10 * time.Second
	}
	return time.Minute
}

// Align is the last time, up to at, at which the alarm is looked at. The periods end
// there: they slide with it, and are not cut by the clock.
// Observed: an alarm of 900 s has datapoints of 06:14, 06:29, 06:44 when it changes at
// 08:14:49, and one of 300 s a datapoint of 17:02 when it changes at 17:07:38.
func (a *Alarm) Align(at time.Time) time.Time { return at.UTC().Truncate(a.Step()) }

// From is the begin of the oldest period that an evaluation at this time looks at: no
// sample before it matters.
func (a *Alarm) From(at time.Time) time.Time {
	return a.Align(at).Add(-time.Duration(a.Range()) * a.Period)
}

// breaches compares.
func (a *Alarm) breaches(v float64) bool {
	switch a.Operator {
	case GreaterOrEqual:
		return v >= a.Threshold
	case Greater:
		return v > a.Threshold
	case Less:
		return v < a.Threshold
	default: // LessOrEqual, as Validate has seen
		return v <= a.Threshold
	}
}
