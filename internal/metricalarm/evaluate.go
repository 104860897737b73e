package metricalarm

import "time"

// Point is one period of the evaluation range.
type Point struct {
	// Time is when the period begins.
	Time time.Time
	// Samples is how many values it has; 0: it is missing.
	Samples float64
	// Value is the statistic; 0 when it is missing.
	Value float64
	// Breaching tells whether the value breaches the threshold.
	Breaching bool
}

// Missing reports a period without samples.
func (p *Point) Missing() bool { return p.Samples == 0 }

// Verdict is the outcome of an evaluation.
type Verdict struct {
	// State that the alarm is in from now on.
	State State
	// Kept: there is too little data to decide on, and the state is the one it was.
	Kept bool
	// Reason in CloudWatch's words, and Data, JSON, that goes with it; empty when Kept. An
	// alarm whose state stays keeps those it had.
	Reason, Data string
	// Points are the periods of the evaluation range, newest first.
	Points []Point
	// Filled is how many missing periods had to be counted as the alarm says.
	Filled int
}

// Evaluate looks at the alarm at this time. current is the state it is in. samples are
// the metric's, in any order; those out of the range are ignored. The alarm must be valid.
//
// Source: CloudWatch User Guide "Configuring how CloudWatch alarms treat missing data".
func (a *Alarm) Evaluate(current State, at time.Time, samples []Sample) Verdict {
	v := Verdict{State: current, Points: a.points(at, samples)}
	real := make([]*Point, 0, len(v.Points))
	for i := range v.Points {
		if p := &v.Points[i]; !p.Missing() && len(real) < a.EvaluationPeriods {
			real = append(real, p)
		}
	}
	v.Filled = a.EvaluationPeriods - len(real)
	state, decided := a.decide(real, v.Points, v.Filled)
	if !decided {
		v.Kept = true
		return v
	}
	v.State = state
	v.Reason = a.reason(v.State, real, v.Filled)
	v.Data = a.data(at, real, v.Points, v.Filled)
	return v
}

// points makes the periods of the range, newest first.
func (a *Alarm) points(at time.Time, samples []Sample) []Point {
	end, from := a.Align(at), a.From(at)
	sums := make([]Sample, a.Range())
	for _, s := range samples {
		if s.Count > 0 && !s.Time.Before(from) && s.Time.Before(end) {
			i := int((end.Sub(s.Time) - 1) / a.Period)
			sums[i] = sums[i].Add(s)
		}
	}
	points := make([]Point, len(sums))
	for i, s := range sums {
		p := &points[i]
		p.Time = end.Add(-time.Duration(i+1) * a.Period)
		if s.Count > 0 {
			p.Samples, p.Value = s.Count, s.Of(a.Statistic)
			p.Breaching = a.breaches(p.Value)
		}
	}
	return points
}

// decide is the state that follows from the newest real points, N at most, and from
// missing ones that fill them up to N. ok is false where the state is to stay.
func (a *Alarm) decide(real []*Point, all []Point, filled int) (state State, ok bool) {
	breaching := 0
	for _, p := range real {
		if p.Breaching {
			breaching++
		}
	}
	if breaching >= a.need() {
		return InAlarm, true
	}
	if filled == 0 {
		return OK, true
	}
	switch a.Missing {
	case AsBreaching:
		if breaching+filled >= a.need() {
			return InAlarm, true
		}
		return OK, true
	case AsNotBreaching:
		return OK, true
	}
	switch {
	case breaching < len(real): // a real point that does not breach
		return OK, true
	case a.Missing == AsIgnored:
		return "", false
	case len(real) == 0:
		return InsufficientData, true
	}
	// All there is breaches, and is less than M. That alone is an alarm once the oldest
	// of it is M periods old; before, the next point may still be a good one, and the
	// guide does not say more than that it is no alarm: the state stays.
	// Source: the same page, "Avoiding premature transitions to alarm state".
	oldest := 0
	for i := range all {
		if !all[i].Missing() {
			oldest = i + 1
		}
	}
	if oldest >= a.need() {
		return InAlarm, true
	}
	return "", false
}
