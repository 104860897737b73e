package metricalarm

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Unchecked is the reason of an alarm that was never evaluated.
// Observed: StateReason of DescribeAlarms.
const Unchecked = "Unchecked: Initial alarm creation"

// reason words an evaluation as StateReason has it. With DatapointsToAlarm set, it
// counts the points out of N.
//
// Observed, StateReason of DescribeAlarms and NewStateReason of notifications:
// "Threshold Crossed: 3 datapoints [2.0 (19/08/26 05:50:00), 3.0 (...), 1.0 (...)] were
// greater than the threshold (0.0)."; "1 datapoint [2.0 (...)] was not less than or equal
// to the threshold (0.0) and 7 missing datapoints were treated as [Breaching]."; "no
// datapoints were received for 1 period and 1 missing datapoint was treated as
// [NonBreaching]."; "2 out of the last 2 datapoints [...] were greater than the threshold
// (10.0) (minimum 2 datapoints for OK -> ALARM transition)."; "Insufficient Data: 5
// datapoints were unknown.". Not observed: what is said where the missing points alone
// decide against the real ones, which is told without these; and where points are missing
// and count as nothing, which is told without them.
func (a *Alarm) reason(state State, real []*Point, filled int) string {
	if state == InsufficientData {
		return "Insufficient Data: " + count(filled, "datapoint") + " " + be(filled) + " unknown."
	}
	var b strings.Builder
	b.WriteString("Threshold Crossed: ")
	var told []*Point
	for _, p := range real {
		if p.Breaching == (state == InAlarm) {
			told = append(told, p)
		}
	}
	treated := a.treated(filled)
	switch {
	case len(real) == 0:
		b.WriteString("no datapoints were received for " + count(a.EvaluationPeriods, "period"))
	case len(told) == 0:
		treated = strings.TrimPrefix(treated, " and ")
	default:
		if a.DatapointsToAlarm > 0 {
			b.WriteString(strconv.Itoa(len(told)) + " out of the last " + strconv.Itoa(a.EvaluationPeriods) + " datapoints ")
		} else {
			b.WriteString(count(len(told), "datapoint") + " ")
		}
		b.WriteByte('[')
		for i, p := range told {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Number(p.Value) + " (" + p.Time.Format("02/01/06 15:04:05") + ")")
		}
		b.WriteString("] " + be(len(told)) + " " + not(state != InAlarm) + a.words())
	}
	b.WriteString(treated)
	if a.DatapointsToAlarm > 0 && len(told) > 0 {
		least, transition := a.need(), "OK -> ALARM"
		if state == OK {
			least, transition = a.EvaluationPeriods-a.need()+1, "ALARM -> OK"
		}
		b.WriteString(" (minimum " + count(least, "datapoint") + " for " + transition + " transition)")
	}
	b.WriteByte('.')
	return b.String()
}

// treated tells of the missing points that count as something.
func (a *Alarm) treated(filled int) string {
	as := ""
	switch a.Missing {
	case AsBreaching:
		as = "Breaching"
	case AsNotBreaching:
		as = "NonBreaching"
	}
	if filled == 0 || as == "" {
		return ""
	}
	return " and " + count(filled, "missing datapoint") + " " + be(filled) + " treated as [" + as + "]"
}

// words is "greater than the threshold (1.0)".
func (a *Alarm) words() string {
	text := map[Operator]string{
		GreaterOrEqual: "greater than or equal to", Greater: "greater than", Less: "less than", LessOrEqual: "less than or equal to",
	}[a.Operator]
	return text + " the threshold (" + Number(a.Threshold) + ")"
}

func not(negated bool) string {
	if negated {
		return "not "
	}
	return ""
}

func be(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// Number writes a number as CloudWatch's texts have it: 1.0, 0.0666851903306472, 1.6E10.
// Observed: they are as Java writes doubles.
func Number(v float64) string {
	if abs := math.Abs(v); v != 0 && (abs < 1e-3 || abs >= 1e7) && !math.IsInf(v, 0) && !math.IsNaN(v) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exponent) // FormatFloat wrote it
		return mantissa + "E" + strconv.Itoa(n)
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") && !math.IsInf(v, 0) && !math.IsNaN(v) {
		text += ".0"
	}
	return text
}

// Stamp writes a time as CloudWatch's JSON has it: 2019-10-02T17:04:40.985+0000.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }
