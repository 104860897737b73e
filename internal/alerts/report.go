package alerts

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/examples"
)

// Report is a replay as it is shown.
type Report struct {
	Rules    *Rules
	Outcomes []Outcome
}

// Unmet is the number of cases whose expectation is not met.
func (r *Report) Unmet() (n int) {
	for i := range r.Outcomes {
		if r.Outcomes[i].Problem != "" {
			n++
		}
	}
	return n
}

// Answer is a report as JSON has it. Fields are only ever added.
type Answer struct {
	FormatVersion int          `json:"format_version"`
	Rules         RulesRecord  `json:"rules"`
	Cases         []CaseRecord `json:"cases"`
	// Events and Alerts are counted over all cases; Expected are the cases that have an
	// expectation, and Unmet those of them whose is not met.
	Events   int `json:"events"`
	Alerts   int `json:"alerts"`
	Expected int `json:"expected"`
	Unmet    int `json:"unmet"`
}

// RulesRecord says what was replayed against.
type RulesRecord struct {
	From    string   `json:"from"`
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Rules   []string `json:"rules"`
	Alarms  []string `json:"alarms"`
}

// CaseRecord is an Outcome as JSON has it.
type CaseRecord struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	// Alerts is how many messages whoever is told most gets.
	Alerts int          `json:"alerts"`
	By     []string     `json:"by"`
	Told   []ToldRecord `json:"told"`
	// Expect is null where nothing is expected, and Met then true.
	Expect  *examples.Expect `json:"expect"`
	Met     bool             `json:"met"`
	Problem string           `json:"problem,omitempty"`
	Events  []EventRecord    `json:"events"`
}

// ToldRecord is a Told as JSON has it.
type ToldRecord struct {
	Recipient
	Messages int `json:"messages"`
}

// EventRecord is a Verdict as JSON has it.
type EventRecord struct {
	Place   string          `json:"place"`
	Kind    string          `json:"kind"`
	What    string          `json:"what"`
	Time    string          `json:"time"`
	Account string          `json:"account"`
	Region  string          `json:"region"`
	Trips   []TripRecord    `json:"trips"`
	Silent  []SilenceRecord `json:"silent"`
}

// TripRecord is a Trip as JSON has it.
type TripRecord struct {
	Kind   string       `json:"kind"`
	Name   string       `json:"name"`
	Region string       `json:"region,omitempty"`
	Why    string       `json:"why"`
	Note   string       `json:"note,omitempty"`
	Told   []ToldRecord `json:"told"`
}

// SilenceRecord is a Silence as JSON has it.
type SilenceRecord struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Region string   `json:"region,omitempty"`
	Why    []string `json:"why"`
}

// Answer returns the report as JSON has it. No list is nil.
func (r *Report) Answer() *Answer {
	a := &Answer{
		FormatVersion: 1, Cases: []CaseRecord{}, Unmet: r.Unmet(),
		Rules: RulesRecord{From: r.Rules.From, Account: r.Rules.Account, Region: r.Rules.Region, Rules: []string{}, Alarms: []string{}},
	}
	for _, x := range r.Rules.Rules {
		a.Rules.Rules = append(a.Rules.Rules, x.Name)
	}
	for _, x := range r.Rules.Alarms {
		a.Rules.Alarms = append(a.Rules.Alarms, x.Name)
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		c := CaseRecord{
			Name: o.Case.Name, About: o.Case.About, Alerts: o.Alerts, By: o.By, Told: toldRecords(o.Told), Expect: o.Case.Expect,
			Met: o.Problem == "", Problem: o.Problem, Events: []EventRecord{},
		}
		if c.Expect != nil {
			a.Expected++
		}
		for _, v := range o.Verdicts {
			c.Events = append(c.Events, v.record())
		}
		a.Events, a.Alerts = a.Events+len(c.Events), a.Alerts+c.Alerts
		a.Cases = append(a.Cases, c)
	}
	return a
}

func toldRecords(list []Told) []ToldRecord {
	out := make([]ToldRecord, 0, len(list))
	for _, t := range list {
		out = append(out, ToldRecord(t))
	}
	return out
}

func (v *Verdict) record() EventRecord {
	e := v.Event
	out := EventRecord{e.Place, e.Kind, e.What, e.Time.UTC().Format(time.RFC3339), e.Account, e.Region, []TripRecord{}, []SilenceRecord{}}
	for _, t := range v.Trips {
		out.Trips = append(out.Trips, TripRecord{t.Kind, t.Name, t.Region, t.Why, t.Note, toldRecords(t.Told)})
	}
	for _, s := range v.Silent {
		out.Silent = append(out.Silent, SilenceRecord(s))
	}
	return out
}

// Text prints the report for people: every event with its reasons, unless brief, and a
// table of the cases.
func (r *Report) Text(w io.Writer, brief bool) error {
	p := &printer{w: w}
	p.line("rules: %s (%s)", r.Rules.From, r.Rules.Count())
	if !brief {
		for i := range r.Outcomes {
			p.outcome(&r.Outcomes[i])
		}
	}
	p.line("")
	a := r.Answer()
	if p.err == nil {
		p.err = table(w, a.Cases)
	}
	p.line("\n%s, %s: %s told; of %s %d %s met", count(len(a.Cases), "case"), count(a.Events, "event"), count(a.Alerts, "alert"),
		count(a.Expected, "expectation"), a.Expected-a.Unmet, areOrIs(a.Expected-a.Unmet))
	return p.err
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// table has a line for each case.
func table(w io.Writer, cases []CaseRecord) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "CASE\tALERTS\tBY\tEXPECTED")
	for _, c := range cases {
		by, expected := strings.Join(c.By, ", "), "-"
		if by == "" {
			by = "-"
		}
		switch {
		case c.Problem != "":
			expected = "NO: " + c.Problem
		case c.Expect != nil:
			expected = "yes"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", c.Name, c.Alerts, by, expected)
	}
	return t.Flush()
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) outcome(o *Outcome) {
	p.line("\n%s: %s", o.Case.Name, count(o.Alerts, "alert"))
	if o.Case.About != "" {
		p.line("  %s", o.Case.About)
	}
	if x := o.Case.Expect; x != nil && x.Why != "" {
		p.line("  expected: %s, because %s", count(x.Alerts, "alert"), x.Why)
	}
	if o.Problem != "" {
		p.line("  NOT AS EXPECTED: %s", o.Problem)
	}
	for _, v := range o.Verdicts {
		e := v.Event
		p.line("  %s  %s  (%s, %s, %s)", e.Time.UTC().Format(time.RFC3339), e.What, e.Place, e.Account, e.Region)
		for _, t := range v.Trips {
			p.line("    trips %s %s: %s", t.Kind, named(t.Name, t.Region), t.Why)
			if t.Note != "" {
				p.line("      %s", t.Note)
			}
			for _, told := range t.Told {
				p.line("      tells %s: %s", told.Recipient.by(), count(told.Messages, "message"))
			}
		}
		for _, s := range v.Silent {
			p.line("    %s %s is silent: %s", s.Kind, named(s.Name, s.Region), strings.Join(s.Why, "; "))
		}
	}
}

// by is a recipient with the topic that it is told by.
func (r Recipient) by() string {
	switch {
	case r.Topic != "":
		return r.String() + ", by the topic " + r.Topic
	case r.Protocol == "sns" && strings.HasPrefix(r.Endpoint, "arn:"):
		return "the topic " + r.Endpoint + ", whose subscribers are not among the rules"
	case r.Protocol == "sns":
		return "the topic " + r.Endpoint + ", to which nobody is subscribed"
	}
	return r.String()
}

func named(name, region string) string {
	if region == "" {
		return name
	}
	return name + " (" + region + ")"
}
