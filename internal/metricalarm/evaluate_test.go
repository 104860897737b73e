package metricalarm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// row makes the samples of a row of the guide's tables, newest last: 0 does not breach a
// threshold of "greater than 5", X does, and - is missing.
func row(t *testing.T, text string, period time.Duration) (samples []metricalarm.Sample) {
	t.Helper()
	fields := strings.Fields(text)
	for i, f := range fields {
		at := noon.Add(-time.Duration(len(fields)-i)*period + time.Second)
		switch f {
		case "0":
			samples = append(samples, metricalarm.Value(at, 1))
		case "X":
			samples = append(samples, metricalarm.Value(at, 9))
		case "-":
		default:
			t.Fatalf("row %q", text)
		}
	}
	return samples
}

func threeOf(m int) metricalarm.Alarm {
	return metricalarm.Alarm{Statistic: metricalarm.Sum, Period: 5 * time.Minute, EvaluationPeriods: 3, DatapointsToAlarm: m,
		Operator: metricalarm.Greater, Threshold: 5}
}

// Source: CloudWatch User Guide "Configuring how CloudWatch alarms treat missing data",
// both tables, and "Avoiding premature transitions to alarm state". "keep" is "Retain
// current state".
func TestTables(t *testing.T) {
	for _, tt := range []struct {
		m                                        int
		points                                   string
		filled                                   int
		missing, ignore, breaching, notBreaching string
	}{
		{3, "0 - X - X", 0, "OK", "OK", "OK", "OK"},
		{3, "0 - - - -", 2, "OK", "OK", "OK", "OK"},
		{3, "- - - - -", 3, "INSUFFICIENT_DATA", "keep", "ALARM", "OK"},
		{3, "0 X X - X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
		{3, "- - X - -", 2, "ALARM", "keep", "ALARM", "OK"},

		{2, "0 - X - X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
		{2, "0 0 X 0 X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
		{2, "0 - X - -", 1, "OK", "OK", "ALARM", "OK"},
		{2, "- - - - 0", 2, "OK", "OK", "ALARM", "OK"},
		{2, "- - - X -", 2, "ALARM", "keep", "ALARM", "OK"},

		// The examples of the text.
		{3, "- - - - X", 2, "keep", "keep", "ALARM", "OK"},
		{3, "- - - X -", 2, "keep", "keep", "ALARM", "OK"},
		{3, "- - - X 0", 1, "OK", "OK", "OK", "OK"},
		{3, "- - X - 0", 1, "OK", "OK", "OK", "OK"},
		// The text's rules, applied.
		{3, "X X X 0 0", 0, "OK", "OK", "OK", "OK"},
		{3, "X X X - -", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
		{2, "- - - X X", 1, "ALARM", "ALARM", "ALARM", "ALARM"},
		{1, "- - - - X", 2, "ALARM", "ALARM", "ALARM", "ALARM"},
		{0, "0 X X - X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
	} {
		for treatment, want := range map[metricalarm.Missing]string{
			metricalarm.AsMissing: tt.missing, "": tt.missing, metricalarm.AsIgnored: tt.ignore,
			metricalarm.AsBreaching: tt.breaching, metricalarm.AsNotBreaching: tt.notBreaching,
		} {
			a := threeOf(tt.m)
			a.Missing = treatment
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			for _, current := range []metricalarm.State{metricalarm.OK, metricalarm.InAlarm, metricalarm.InsufficientData} {
				v := a.Evaluate(current, noon, row(t, tt.points, a.Period))
				expected := metricalarm.State(want)
				if want == "keep" {
					expected = current
				}
				if v.State != expected || v.Filled != tt.filled || v.Kept != (want == "keep") || len(v.Points) != 5 {
					t.Errorf("%d of 3, %q, %q, from %s: %s, %d filled, kept %v, want %s, %d", tt.m, tt.points, treatment, current, v.State, v.Filled, v.Kept, expected, tt.filled)
				}
				if (v.Reason == "" || v.Data == "") != v.Kept {
					t.Errorf("%q, %q: reason %q", tt.points, treatment, v.Reason)
				}
			}
		}
	}
}

// Observed texts, with their numbers; see reason.
func TestReasons(t *testing.T) {
	stats := func(values ...float64) (out []metricalarm.Sample) { // newest first, a minute each
		for i, v := range values {
			out = append(out, metricalarm.Value(noon.Add(-time.Duration(i+1)*time.Minute), v))
		}
		return out
	}
	for _, tt := range []struct {
		n, m     int
		operator metricalarm.Operator
		missing  metricalarm.Missing
		limit    float64
		samples  []metricalarm.Sample
		want     string
	}{
		{1, 0, metricalarm.Greater, "", 0, stats(2), "Threshold Crossed: 1 datapoint [2.0 (01/03/26 11:59:00)] was greater than the threshold (0.0)."},
		{3, 0, metricalarm.Greater, "", 0, stats(2, 3, 1),
			"Threshold Crossed: 3 datapoints [2.0 (01/03/26 11:59:00), 3.0 (01/03/26 11:58:00), 1.0 (01/03/26 11:57:00)] were greater than the threshold (0.0)."},
		{3, 0, metricalarm.Greater, "", 0, stats(0, 3, 1), "Threshold Crossed: 1 datapoint [0.0 (01/03/26 11:59:00)] was not greater than the threshold (0.0)."},
		{1, 1, metricalarm.Greater, "", 50, stats(99.50160229693434),
			"Threshold Crossed: 1 out of the last 1 datapoints [99.50160229693434 (01/03/26 11:59:00)] was greater than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition)."},
		{2, 2, metricalarm.Greater, "", 10, stats(15.5, 11),
			"Threshold Crossed: 2 out of the last 2 datapoints [15.5 (01/03/26 11:59:00), 11.0 (01/03/26 11:58:00)] were greater than the threshold (10.0) (minimum 2 datapoints for OK -> ALARM transition)."},
		{3, 2, metricalarm.LessOrEqual, "", 1.6e10, stats(3.088453632e9, 2e10, 3e10),
			"Threshold Crossed: 2 out of the last 3 datapoints [2.0E10 (01/03/26 11:58:00), 3.0E10 (01/03/26 11:57:00)] were not less than or equal to the threshold (1.6E10) (minimum 2 datapoints for ALARM -> OK transition)."},
		{1, 0, metricalarm.GreaterOrEqual, metricalarm.AsNotBreaching, 1, nil, "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."},
		{8, 8, metricalarm.LessOrEqual, metricalarm.AsBreaching, 0, nil, "Threshold Crossed: no datapoints were received for 8 periods and 8 missing datapoints were treated as [Breaching]."},
		{8, 0, metricalarm.LessOrEqual, metricalarm.AsBreaching, 0, stats(2),
			"Threshold Crossed: 1 datapoint [2.0 (01/03/26 11:59:00)] was not less than or equal to the threshold (0.0) and 7 missing datapoints were treated as [Breaching]."},
		{3, 2, metricalarm.Greater, metricalarm.AsBreaching, 0, stats(0), "Threshold Crossed: 2 missing datapoints were treated as [Breaching]."},
		{1, 0, metricalarm.Less, "", 1, nil, "Insufficient Data: 1 datapoint was unknown."},
		{5, 0, metricalarm.Less, "", 1, nil, "Insufficient Data: 5 datapoints were unknown."},
	} {
		a := metricalarm.Alarm{Statistic: metricalarm.Sum, Period: time.Minute, EvaluationPeriods: tt.n, DatapointsToAlarm: tt.m,
			Operator: tt.operator, Threshold: tt.limit, Missing: tt.missing}
		if got := a.Evaluate(metricalarm.OK, noon, tt.samples).Reason; got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestData(t *testing.T) {
	a := metricalarm.Alarm{Statistic: metricalarm.Average, Unit: "Count", Period: 5 * time.Minute, EvaluationPeriods: 2,
		Operator: metricalarm.Greater, Threshold: 10, Missing: metricalarm.AsBreaching}
	at := noon.Add(41*time.Second + 987*time.Millisecond)
	one := a.Evaluate(metricalarm.OK, at, []metricalarm.Sample{metricalarm.Value(noon.Add(-6*time.Minute), 30), metricalarm.Value(noon.Add(-7*time.Minute), 1)})
	want := `{"version":"1.0","queryDate":"2026-03-01T12:00:41.987+0000","startDate":"2026-03-01T11:50:00.000+0000","unit":"Count","statistic":"Average","period":300,` +
		`"recentDatapoints":[15.5],"threshold":10.0,"evaluatedDatapoints":[{"timestamp":"2026-03-01T11:55:00.000+0000"},{"timestamp":"2026-03-01T11:50:00.000+0000","sampleCount":2.0,"value":15.5}]}`
	if one.Data != want {
		t.Errorf("got  %s\nwant %s", one.Data, want)
	}
	two := a.Evaluate(metricalarm.OK, at, []metricalarm.Sample{metricalarm.Value(noon.Add(-time.Minute), 4), metricalarm.Value(noon.Add(-7*time.Minute), 1)})
	if !strings.Contains(two.Data, `"recentDatapoints":[1.0,4.0]`) || two.State != metricalarm.OK {
		t.Errorf("%+v", two)
	}
}

// A period's samples are those from its begin on and before its end, in any order; what
// is before the range, or after it, counts for nothing.
func TestPeriods(t *testing.T) {
	a := metricalarm.Alarm{Statistic: metricalarm.SampleCount, Period: time.Minute, EvaluationPeriods: 1, Operator: metricalarm.GreaterOrEqual, Threshold: 1, Missing: metricalarm.AsNotBreaching}
	at := noon.Add(30 * time.Second)
	for _, tt := range []struct {
		age   time.Duration // before noon
		state metricalarm.State
		index int // of the point
	}{
		{-20 * time.Second, metricalarm.OK, -1},
		{0, metricalarm.OK, -1},
		{1, metricalarm.InAlarm, 0},
		{time.Minute, metricalarm.InAlarm, 0},
		{time.Minute + 1, metricalarm.InAlarm, 1},
		{3 * time.Minute, metricalarm.InAlarm, 2},
		{3*time.Minute + 1, metricalarm.OK, -1},
	} {
		v := a.Evaluate(metricalarm.OK, at, []metricalarm.Sample{metricalarm.Value(noon.Add(-tt.age), 1)})
		found := -1
		for i, p := range v.Points {
			if !p.Missing() {
				found = i
			}
		}
		if v.State != tt.state || found != tt.index {
			t.Errorf("%s before noon: %s, point %d", tt.age, v.State, found)
		}
	}
	if got := a.From(at); !got.Equal(noon.Add(-3 * time.Minute)) {
		t.Errorf("from %s", got)
	}
	a.Period = 10 * time.Second
	if got := a.Align(noon.Add(39 * time.Second)); !got.Equal(noon.Add(30 * time.Second)) {
		t.Errorf("aligned %s", got)
	}
}

func TestStatisticsAndOperators(t *testing.T) {
	samples := []metricalarm.Sample{
		{Time: noon.Add(-30 * time.Second), Count: 3, Sum: 12, Min: 2, Max: 7},
		metricalarm.Value(noon.Add(-10*time.Second), -4),
		{Time: noon.Add(-5 * time.Second)}, // of nothing
	}
	for statistic, want := range map[metricalarm.Statistic]float64{
		metricalarm.SampleCount: 4, metricalarm.Sum: 8, metricalarm.Average: 2, metricalarm.Minimum: -4, metricalarm.Maximum: 7,
	} {
		for operator, at := range map[metricalarm.Operator][3]bool{ // of a value below, at and above the threshold
			metricalarm.Less: {true, false, false}, metricalarm.LessOrEqual: {true, true, false},
			metricalarm.Greater: {false, false, true}, metricalarm.GreaterOrEqual: {false, true, true},
		} {
			for i, breaching := range at {
				a := metricalarm.Alarm{Statistic: statistic, Period: time.Minute, EvaluationPeriods: 1, Operator: operator, Threshold: want + 1 - float64(i)}
				v := a.Evaluate(metricalarm.InsufficientData, noon, samples)
				if v.Points[0].Value != want || (v.State == metricalarm.InAlarm) != breaching {
					t.Errorf("%s %s %v: %v, %s", statistic, operator, a.Threshold, v.Points[0].Value, v.State)
				}
			}
		}
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*metricalarm.Alarm){
		"statistic p99":          func(a *metricalarm.Alarm) { a.Statistic = "p99" },
		"anomaly operator":       func(a *metricalarm.Alarm) { a.Operator = "GreaterThanUpperThreshold" },
		"missing data":           func(a *metricalarm.Alarm) { a.Missing = "breach" },
		"period 0":               func(a *metricalarm.Alarm) { a.Period = 0 },
		"period 15 s":            func(a *metricalarm.Alarm) { a.Period = 15 * time.Second },
		"period 90 s":            func(a *metricalarm.Alarm) { a.Period = 90 * time.Second },
		"period with fraction":   func(a *metricalarm.Alarm) { a.Period = time.Minute + time.Millisecond },
		"no evaluation periods":  func(a *metricalarm.Alarm) { a.EvaluationPeriods, a.DatapointsToAlarm = 0, 0 },
		"4 out of 3":             func(a *metricalarm.Alarm) { a.DatapointsToAlarm = 4 },
		"-1 out of 3":            func(a *metricalarm.Alarm) { a.DatapointsToAlarm = -1 },
		"more than a day":        func(a *metricalarm.Alarm) { a.EvaluationPeriods = 289 },
		"more than seven days":   func(a *metricalarm.Alarm) { a.Period, a.EvaluationPeriods = 24*time.Hour, 8 },
		"an infinite threshold":  func(a *metricalarm.Alarm) { a.Threshold = 1 / zero },
		"threshold not a number": func(a *metricalarm.Alarm) { a.Threshold = zero / zero },
	} {
		a := threeOf(2)
		if change(&a); a.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, a := range []metricalarm.Alarm{threeOf(0), threeOf(3), {Statistic: metricalarm.Average, Period: 24 * time.Hour, EvaluationPeriods: 7, Operator: metricalarm.Less}} {
		if err := a.Validate(); err != nil {
			t.Error(err)
		}
	}
}

var zero float64

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 1: "1.0", -2.5: "-2.5", 0.0666851903306472: "0.0666851903306472", 0.001: "0.001", 0.0005: "5.0E-4",
		9999999: "9999999.0", 1e7: "1.0E7", 3.088453632e9: "3.088453632E9", 12.15: "12.15",
	} {
		if got := metricalarm.Number(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}
