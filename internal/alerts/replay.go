package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/examples"
)

// Outcome is what became of one case.
type Outcome struct {
	Case Case
	// Verdicts are one for each event, in the order of Case.Events.
	Verdicts []Verdict
	// Alerts is how many messages whoever is told most gets; By are the rules and alarms
	// that told, each once.
	Alerts int
	By     []string
	Told   []Told
	// Problem says how the expectation is not met; empty: it is, or there is none.
	Problem string
}

// Verdict is what became of one event.
type Verdict struct {
	Event *Event
	// Trips and Silent together are all rules and alarms. Either may be empty.
	Trips  []Trip
	Silent []Silence
}

// The kinds of what an event trips.
const (
	ByRule  = "rule"
	ByAlarm = "alarm"
)

// Trip is a rule that passes an event on, or an alarm that counts it.
type Trip struct {
	// Kind is ByRule or ByAlarm.
	Kind         string
	Name, Region string
	// Why it trips, and what is odd about it; the latter may be empty.
	Why, Note string
	// Told is who gets how many messages because of this event: nobody, if an alarm was
	// in ALARM already.
	Told []Told
}

// Silence is a rule or an alarm that an event does not trip.
type Silence struct {
	Kind, Name, Region string
	// Why is never empty.
	Why []string
}

// Told is how many messages a recipient gets.
type Told struct {
	Recipient
	Messages int
}

// Replay holds each case's events against the rules. The error says what cannot be
// decided.
func (r *Rules) Replay(cases []Case) ([]Outcome, error) {
	out := make([]Outcome, 0, len(cases))
	for _, c := range cases {
		o, err := r.replay(c)
		if err != nil {
			return nil, err
		}
		out = append(out, *o)
	}
	return out, nil
}

func (r *Rules) replay(c Case) (*Outcome, error) {
	o := &Outcome{Case: c, Verdicts: make([]Verdict, len(c.Events)), By: []string{}}
	for i, e := range c.Events {
		v := &o.Verdicts[i]
		v.Event = e
		for _, rule := range r.Rules {
			if why := r.silent(rule, e); why != nil {
				v.Silent = append(v.Silent, Silence{ByRule, rule.Name, rule.Region, why})
				continue
			}
			trip, err := r.trip(rule, e)
			if err != nil {
				return nil, err
			}
			v.Trips = append(v.Trips, trip)
		}
	}
	for _, a := range r.Alarms {
		if err := r.alarm(a, o.Verdicts); err != nil {
			return nil, err
		}
	}
	total := map[Recipient]int{}
	for i := range o.Verdicts {
		for _, t := range o.Verdicts[i].Trips {
			for _, told := range t.Told {
				total[told.Recipient] += told.Messages
				o.Alerts = max(o.Alerts, total[told.Recipient])
			}
			if len(t.Told) > 0 && !slices.Contains(o.By, t.Name) {
				o.By = append(o.By, t.Name)
			}
		}
	}
	slices.Sort(o.By)
	o.Told = sorted(total)
	o.Problem = unmet(c.Expect, o)
	return o, nil
}

// sorted is a list of who is told, in a fixed order.
func sorted(total map[Recipient]int) []Told {
	list := make([]Told, 0, len(total))
	for _, who := range slices.SortedFunc(maps.Keys(total), func(a, b Recipient) int {
		return strings.Compare(a.Topic+"\x00"+a.String(), b.Topic+"\x00"+b.String())
	}) {
		list = append(list, Told{who, total[who]})
	}
	return list
}

// unmet says how an outcome is not what was expected; "" if it is.
func unmet(want *examples.Expect, o *Outcome) string {
	if want == nil {
		return ""
	}
	left := slices.Clone(o.By)
	var lost []string
	for _, role := range want.By {
		at := slices.IndexFunc(left, func(name string) bool { return name == role || strings.HasSuffix(name, "-"+role) })
		if at < 0 {
			lost = append(lost, role)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	var list []string
	if o.Alerts != want.Alerts {
		list = append(list, fmt.Sprintf("%s expected, %d told", count(want.Alerts, "alert"), o.Alerts))
	}
	if len(lost) > 0 {
		list = append(list, "expected by "+strings.Join(lost, ", ")+", which told nobody")
	}
	if len(left) > 0 {
		list = append(list, "not expected by "+strings.Join(left, ", "))
	}
	return strings.Join(list, "; ")
}

// silent says why a rule does not pass an event on; nil if it does.
func (r *Rules) silent(rule *Rule, e *Event) []string {
	switch {
	case rule.Pattern == nil:
		return []string{"it goes by a schedule, and not by events"}
	case rule.State == "DISABLED":
		return []string{"it is disabled"}
	case r.Account != "" && e.Account != r.Account:
		return []string{fmt.Sprintf("the event is of account %s, and the rule of %s", e.Account, r.Account)}
	case rule.Region != "" && e.Region != rule.Region:
		return []string{fmt.Sprintf("the event is of %s, and the rule of %s", e.Region, rule.Region)}
	case rule.Bus != "default":
		return []string{fmt.Sprintf("it is on the bus %s, and events come on the bus default, where AWS services send theirs", rule.Bus)}
	}
	if why := r.bridges(e); why != "" {
		return []string{why}
	}
	if list := why(rule, e); list != nil {
		return list
	}
	if e.quiet() && rule.State != "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" {
		return []string{e.call + " only reads, and EventBridge passes such calls to rules alone whose state is ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}
	}
	return nil
}

// why is what kept a pattern from matching: of alternatives, the nearest one's; nil if it
// matches. An event of another kind has none of the fields, so that its kind is all there is to say.
func why(rule *Rule, e *Event) []string {
	var nearest []string
	x := rule.Pattern.Explain(e.seen)
	if x.Matched {
		return nil
	}
	for _, b := range x.Branches {
		list := b.Why()
		of := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.HasPrefix(s, "detail.") })
		if len(of) > 0 && !b.Scattered {
			list = of
		}
		if nearest == nil || len(list) < len(nearest) {
			nearest = list
		}
	}
	return nearest
}

// bridges says why EventBridge does not have a record; "" if it has, or it is an event.
// Rules that were read without a trail are taken to have one elsewhere.
func (r *Rules) bridges(e *Event) string {
	if e.record == nil {
		return ""
	}
	if e.record.UserIdentity.InvokedBy == "events.amazonaws.com" {
		return "it is a call of EventBridge's own, which it does not pass on"
	}
	why := ""
	for _, t := range r.Trails {
		if why = t.takes(e); why == "" {
			return ""
		}
	}
	return why
}

// shapes says which targets get something else than the event; empty: none does.
func (r *Rule) shapes() string {
	var list []string
	for i := range r.Targets {
		switch t := &r.Targets[i]; {
		case t.Input != "":
			list = append(list, "the target "+t.ID+" gets a fixed text")
		case t.Path != "":
			list = append(list, "the target "+t.ID+" gets the part of the event at "+t.Path)
		case t.Template != "":
			list = append(list, "the target "+t.ID+" gets what its template makes of the event")
		}
	}
	return strings.Join(list, "; ")
}

// nobody is the note of messages that no subscription takes.
const nobody = "every subscription filters it out or is not confirmed: nobody is told"

// trip is what a rule does with an event that it passes on.
func (r *Rules) trip(rule *Rule, e *Event) (Trip, error) {
	t := Trip{Kind: ByRule, Name: rule.Name, Region: rule.Region, Why: "the pattern matches"}
	for _, b := range rule.Pattern.Explain(e.seen).Branches {
		if b.Matched {
			t.Why = matched(b)
			break
		}
	}
	total := map[Recipient]int{}
	for i := range rule.Targets {
		target := &rule.Targets[i]
		to, err := r.recipients(target.To, func() (string, bool) { return string(e.raw), target.whole() && e.record == nil })
		if err != nil {
			return t, fmt.Errorf("rule %s, target %s: %w", rule.Name, target.ID, err)
		}
		for _, who := range to {
			total[who]++
		}
	}
	t.Told = sorted(total)
	switch {
	case len(rule.Targets) == 0:
		t.Note = "it has no target: nobody is told"
	case len(t.Told) == 0:
		t.Note = nobody
	default:
		t.Note = rule.shapes()
	}
	return t, nil
}
