package metricalarm

import "time"

// Sample is some values of a metric with one time: one value, or a statistic set.
type Sample struct {
	Time time.Time
	// Count is how many values; a sample of none is ignored.
	Count float64
	// Sum, Min and Max are the values'.
	Sum, Min, Max float64
}

// Value is the sample of one value.
func Value(at time.Time, v float64) Sample { return Sample{at, 1, v, v, v} }

// Add returns the sample of both's values, at the time of s.
func (s Sample) Add(t Sample) Sample {
	switch {
	case t.Count == 0:
		return s
	case s.Count == 0:
		t.Time = s.Time
		return t
	}
	return Sample{s.Time, s.Count + t.Count, s.Sum + t.Sum, min(s.Min, t.Min), max(s.Max, t.Max)}
}

// Of is the statistic of the sample, which must have a value.
func (s Sample) Of(statistic Statistic) float64 {
	switch statistic {
	case SampleCount:
		return s.Count
	case Average:
		return s.Sum / s.Count
	case Minimum:
		return s.Min
	case Maximum:
		return s.Max
	default: // Sum
		return s.Sum
	}
}
