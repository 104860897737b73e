package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
)

// counted is a record that a metric filter gave a sample for.
type counted struct {
	event   int // index
	at      time.Time
	sample  metricalarm.Sample
	matched bool // not the filter's default
	why     string
}

// change is an alarm going from one state to another.
type change struct {
	at       time.Time
	from, to metricalarm.State
	lead     int // the event that brought it about; -1: none did, time did
	reason   string
}

// alarm adds what an alarm makes of a case's records, over their own times, to the
// verdicts.
func (r *Rules) alarm(a *Alarm, verdicts []Verdict) error {
	silence := make(map[int][]string, len(verdicts))
	var seen []counted
	everybody := r.organization(a)
	fed := slices.ContainsFunc(r.Filters, a.fedBy)
	for i := range verdicts {
		e := verdicts[i].Event
		switch {
		case r.Account != "" && e.Account != r.Account && !everybody:
			silence[i] = []string{fmt.Sprintf("the event is of account %s, and the alarm of %s", e.Account, r.Account)}
		case !fed:
			silence[i] = []string{"no metric filter that was read gives its metric " + a.Namespace + "/" + a.Metric}
		case e.record == nil && e.call != "":
			silence[i] = []string{"this is EventBridge's event of a call: metric filters read CloudTrail's record of it, which is its detail"}
		case e.record == nil:
			silence[i] = []string{"it is no CloudTrail record, and its metric is counted from records"}
		default:
			some, why := r.count(a, i, e)
			seen, silence[i] = append(seen, some...), why
		}
	}
	slices.SortStableFunc(seen, func(x, y counted) int { return x.at.Compare(y.at) })
	changes := a.course(seen)
	trips := make(map[int]*Trip)
	trip := func(i int) *Trip {
		if trips[i] == nil {
			trips[i] = &Trip{Kind: ByAlarm, Name: a.Name, Region: a.Region}
		}
		return trips[i]
	}
	last := -1 // the event that set the alarm off last
	for _, c := range changes {
		lead := cmp.Or(c.lead+1, last+1) - 1
		if lead < 0 {
			continue
		}
		if c.to == metricalarm.InAlarm {
			last = lead
		}
		if err := r.tell(a, c, trip(lead)); err != nil {
			return fmt.Errorf("alarm %s: %w", a.Name, err)
		}
	}
	explained := map[int]bool{}
	for _, x := range seen {
		if !x.matched || explained[x.event] {
			continue
		}
		explained[x.event] = true
		if t := trips[x.event]; t != nil {
			t.Why = x.why + "; " + t.Why
			continue
		}
		state, by := a.after(changes, x.at)
		if state != metricalarm.InAlarm {
			silence[x.event] = []string{x.why + ", which is counted, but the alarm stays " + string(state) + ": " + a.Condition()}
			continue
		}
		t := trip(x.event)
		t.Why, t.Note = x.why, "the alarm is told of once"
		if by != nil && by.lead >= 0 && by.lead != x.event {
			t.Note += ", with " + verdicts[by.lead].Event.Place + ": it is in ALARM since " + by.at.UTC().Format(time.RFC3339)
		}
	}
	for i := range verdicts {
		if t := trips[i]; t != nil {
			verdicts[i].Trips = append(verdicts[i].Trips, *t)
		} else {
			verdicts[i].Silent = append(verdicts[i].Silent, Silence{ByAlarm, a.Name, a.Region, silence[i]})
		}
	}
	return nil
}

// organization reports whether the alarm's records come from all accounts of an
// organization.
func (r *Rules) organization(a *Alarm) bool {
	return slices.ContainsFunc(r.Filters, func(f *Filter) bool {
		return a.fedBy(f) && slices.ContainsFunc(r.Trails, func(t *Trail) bool { return t.Organization && t.LogGroup == f.LogGroup })
	})
}

// tell adds the messages of a change to the trip of the event behind it.
func (r *Rules) tell(a *Alarm, c change, t *Trip) error {
	if c.to == metricalarm.InAlarm || t.Why == "" {
		t.Why = c.reason
	}
	actions := a.Actions[c.to]
	switch {
	case len(actions) == 0 && c.to == metricalarm.InAlarm:
		t.Note = "it has no action for ALARM: nobody is told"
	case len(actions) > 0 && a.Silenced:
		t.Note = "its actions are switched off: nobody is told"
		return nil
	}
	total := map[Recipient]int{}
	for _, told := range t.Told {
		total[told.Recipient] = told.Messages
	}
	for _, to := range actions {
		list, err := r.recipients(to, func() (string, bool) { return "", false })
		if err != nil {
			return err
		}
		for _, who := range list {
			total[who]++
		}
		if c.to != metricalarm.InAlarm {
			t.Note = "told again when it goes to " + string(c.to)
		}
	}
	if t.Told = sorted(total); len(actions) > 0 && len(t.Told) == 0 {
		t.Note = nobody
	}
	return nil
}

// count is what the alarm's metric filters make of a record; why says why they do not
// match, if none does.
func (r *Rules) count(a *Alarm, i int, e *Event) (list []counted, why []string) {
	matched := false
	for _, f := range r.Filters {
		if !a.fedBy(f) {
			continue
		}
		if reason := r.reaches(f, e); reason != "" {
			why = append(why, reason)
			continue
		}
		ok, reason := f.Pattern.Explain(e.line)
		if !ok {
			why = append(why, reason)
			if f.Default != nil && len(f.Dimensions) == 0 && len(a.Dimensions) == 0 {
				list = append(list, counted{event: i, at: e.Time, sample: metricalarm.Value(e.Time, *f.Default)})
			}
			continue
		}
		value, reasonNot := f.value(a, e.line)
		if reasonNot != "" {
			why = append(why, reasonNot)
			continue
		}
		matched = true
		list = append(list, counted{i, e.Time, metricalarm.Value(e.Time, value), true, reason})
	}
	if matched {
		return list, nil
	}
	return list, why
}

// reaches says why a record does not come to a filter's log group; "" if it does. A log
// group that no trail among the rules writes to is taken to get every record.
func (r *Rules) reaches(f *Filter, e *Event) (why string) {
	for _, t := range r.Trails {
		if t.LogGroup != f.LogGroup {
			continue
		}
		if why = t.takes(e); why == "" {
			return ""
		}
	}
	return why
}

// value is what a filter counts for a message that it matches; why says why it counts
// nothing for this alarm.
func (f *Filter) value(a *Alarm, message []byte) (value float64, why string) {
	own := map[string]string{}
	for name, selector := range f.Dimensions {
		v, ok := f.Pattern.Value(message, selector)
		if !ok {
			return 0, "it has no " + selector + " for the dimension " + name
		}
		own[name] = v
	}
	if !maps.Equal(own, a.Dimensions) && len(own)+len(a.Dimensions) > 0 {
		return 0, "its dimensions are not the alarm's"
	}
	text := f.Value
	if strings.HasPrefix(text, "$") {
		var ok bool
		if text, ok = f.Pattern.Value(message, f.Value); !ok {
			return 0, "it has no " + f.Value + " to count"
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, f.Value + " is no number"
	}
	return value, ""
}

// course is how the alarm's state changes over the samples, which are in order. It
// begins in the state of an account that was quiet for long, and ends when the last
// sample counts no more.
func (a *Alarm) course(seen []counted) (changes []change) {
	if len(seen) == 0 {
		return nil
	}
	// The alarm's periods end at multiples of its step: within one, samples are as good
	// as one.
	step := a.Is.Step()
	var samples []metricalarm.Sample
	for _, x := range seen {
		at := a.Is.Align(x.at)
		if n := len(samples); n > 0 && samples[n-1].Time.Equal(at) {
			samples[n-1] = samples[n-1].Add(x.sample)
			continue
		}
		s := x.sample
		s.Time = at
		samples = append(samples, s)
	}
	at := samples[0].Time
	state := a.Is.Evaluate(metricalarm.InsufficientData, at, nil).State
	for from, to := 0, 0; ; {
		at = at.Add(step)
		for to < len(samples) && samples[to].Time.Before(at) {
			to++
		}
		for from < to && samples[from].Time.Before(a.Is.From(at)) {
			from++
		}
		v := a.Is.Evaluate(state, at, samples[from:to])
		if v.State != state {
			changes = append(changes, change{at: at, from: state, to: v.State, lead: lead(seen, at.Add(-step), at), reason: v.Reason})
			state = v.State
			continue
		}
		if from < to {
			continue
		}
		if to == len(samples) {
			return changes
		}
		at = samples[to].Time
	}
}

// lead is the first event that was counted in a step: one that matches, before others;
// -1 if there is none.
func lead(seen []counted, from, to time.Time) int {
	first := -1
	at, _ := slices.BinarySearchFunc(seen, from, func(x counted, t time.Time) int { return x.at.Compare(t) })
	for _, x := range seen[at:] {
		if !x.at.Before(to) {
			break
		}
		if x.matched {
			return x.event
		}
		if first < 0 {
			first = x.event
		}
	}
	return first
}

// after is the alarm's state once a sample of that time was looked at, and the change
// that led to it; nil: it was in it from the begin.
func (a *Alarm) after(changes []change, at time.Time) (metricalarm.State, *change) {
	looked := a.Is.Align(at).Add(a.Is.Step())
	n, _ := slices.BinarySearchFunc(changes, looked, func(c change, t time.Time) int {
		if c.at.After(t) {
			return 1
		}
		return -1
	})
	if n > 0 {
		return changes[n-1].to, &changes[n-1]
	}
	return a.Is.Evaluate(metricalarm.InsufficientData, looked, nil).State, nil
}

// Condition is when the alarm goes off: "Sum GreaterThanOrEqualToThreshold 1 in 1 of 1
// periods of 5m0s".
func (a *Alarm) Condition() string {
	need := cmp.Or(a.Is.DatapointsToAlarm, a.Is.EvaluationPeriods)
	return fmt.Sprintf("%s %s %s in %d of %d periods of %s", a.Is.Statistic, a.Is.Operator, strconv.FormatFloat(a.Is.Threshold, 'g', -1, 64), need, a.Is.EvaluationPeriods, a.Is.Period)
}
