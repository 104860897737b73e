package metricalarm

import (
	"encoding/json"
	"slices"
	"time"
)

type number float64

// MarshalJSON writes the number as CloudWatch does.
func (n number) MarshalJSON() ([]byte, error) { return []byte(Number(float64(n))), nil }

type evaluated struct {
	Timestamp   string  `json:"timestamp"`
	SampleCount *number `json:"sampleCount,omitempty"`
	Value       *number `json:"value,omitempty"`
}

type reasonData struct {
	Version             string      `json:"version"`
	QueryDate           string      `json:"queryDate"`
	StartDate           string      `json:"startDate,omitempty"`
	Unit                string      `json:"unit,omitempty"`
	Statistic           Statistic   `json:"statistic"`
	Period              int64       `json:"period"`
	RecentDatapoints    []number    `json:"recentDatapoints"`
	Threshold           number      `json:"threshold"`
	EvaluatedDatapoints []evaluated `json:"evaluatedDatapoints"`
}

// data is StateReasonData: the values from the oldest on, and the periods that were
// evaluated from the newest on, missing ones without a value.
// Observed: StateReasonData of DescribeAlarms, reasonData of the events "CloudWatch Alarm
// State Change". Which periods CloudWatch lists under evaluatedDatapoints is not
// documented: here all that the verdict rests on.
func (a *Alarm) data(at time.Time, real []*Point, all []Point, filled int) string {
	d := reasonData{
		Version: "1.0", QueryDate: Stamp(at), Unit: a.Unit, Statistic: a.Statistic, Period: int64(a.Period / time.Second),
		RecentDatapoints: []number{}, Threshold: number(a.Threshold), EvaluatedDatapoints: []evaluated{},
	}
	for _, p := range slices.Backward(real) {
		d.RecentDatapoints = append(d.RecentDatapoints, number(p.Value))
	}
	for i := range all {
		p := &all[i]
		switch {
		case p.Missing() && filled > 0:
			filled--
			d.EvaluatedDatapoints = append(d.EvaluatedDatapoints, evaluated{Timestamp: Stamp(p.Time)})
		case !p.Missing() && len(real) > 0:
			real = real[1:]
			d.StartDate = Stamp(p.Time)
			d.EvaluatedDatapoints = append(d.EvaluatedDatapoints, evaluated{Stamp(p.Time), new(number(p.Samples)), new(number(p.Value))})
		}
	}
	text, err := json.Marshal(d)
	if err != nil { // values without JSON, such as an infinite sum
		return ""
	}
	return string(text)
}
