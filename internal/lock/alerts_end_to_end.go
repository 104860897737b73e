package lock

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// AlertCount is how many alerts came of an event.
type AlertCount struct {
	// Expected is how many every subscriber should get, and Got how many each of
	// them did get, or what the first of those got that did not get as many.
	Expected int `json:"expected"`
	Got      int `json:"got"`
	// By are the rules and alarms that told, without the room's name, sorted.
	By []string `json:"by"`
}

// alertsEndToEnd sends the sample events in at one end of the applied stack and
// counts what comes out at the other.
func alertsEndToEnd() *Lock {
	l := &Lock{
		ID:       "alerts-end-to-end",
		Claim:    "Each event that matters reaches every subscriber exactly once, and no other does.",
		Enforced: "modules/baseline/alerts: the rules, the metric filters and the alarms",
		Without: func(w *World) string {
			if why := withoutBaseline(w); why != "" {
				return why
			}
			b := w.Room.Baseline
			switch {
			case !b.Has(room.Alerts):
				return "the spec leaves out alerts"
			case b.Alerts.GuardDutyMinimumSeverity != 7 || !slices.Equal(slices.Sorted(slices.Values(b.Alerts.SecurityHubSeverities)), []string{"CRITICAL", "HIGH"}):
				return "the spec draws the line elsewhere than the sample events expect: at severity 7, and at HIGH and CRITICAL"
			}
			return ""
		},
		TakeOff: takeOffDeduplication,
	}
	samples, err := examples.Samples()
	if err != nil {
		l.Attacks = []Attack{{By: "AWS", Request: "the sample events", Do: func(context.Context, *World) (Outcome, error) { return Outcome{}, err }}}
	}
	for _, s := range samples {
		l.Attacks = append(l.Attacks, Attack{
			Kind: KindEvent, By: s.Name, Request: s.About,
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.replay(ctx, s) },
		})
	}
	return l
}

// replay sends one event, in each region whose findings are told of, and counts
// the alerts. What a trail records happens once, for it is one of all regions.
func (w *World) replay(ctx context.Context, s examples.Sample) (Outcome, error) {
	if len(w.Mailboxes) == 0 {
		return Outcome{}, fmt.Errorf("nobody is subscribed to the alerts")
	}
	o, err := w.replayIn(ctx, s, w.Region)
	if s.Kind == examples.KindRecord || !w.Room.Baseline.Has(room.ThreatDetection) {
		return o, err
	}
	for _, region := range w.Room.Baseline.Regions {
		if err != nil || !o.Refused {
			break
		}
		if o, err = w.replayIn(ctx, s, region); !o.Refused {
			o.Answer += " in " + region
		}
	}
	return o, err
}

func (w *World) replayIn(ctx context.Context, s examples.Sample, region string) (Outcome, error) {
	text, err := happensAt(s, s.In(w.Account, region), w.Now())
	if err != nil {
		return Outcome{}, err
	}
	before, lost := len(w.Mail()), len(w.Undelivered())
	if s.Kind == examples.KindRecord {
		if err := w.Record("", "", text); err != nil {
			return Outcome{}, err
		}
		// Until the trail has delivered it, the alarm has gone off and is silent again.
		for range alarmPeriods {
			if err := w.Advance(ctx, alarmPeriod); err != nil {
				return Outcome{}, err
			}
		}
	} else {
		if err := w.Emit("", "", text); err != nil {
			return Outcome{}, err
		}
		if err := w.Settle(ctx); err != nil {
			return Outcome{}, err
		}
	}
	got, by := map[string]int{}, map[string]bool{}
	for _, m := range w.Mail()[before:] {
		if m.Confirm != "" || !slices.Contains(w.Mailboxes, m.To) {
			continue
		}
		got[m.To]++
		by[toldBy(m.Body, w.Room.Name)] = true
	}
	wanted := w.expected(s)
	count := AlertCount{Expected: len(wanted), Got: got[w.Mailboxes[0]], By: slices.AppendSeq([]string{}, maps.Keys(by))}
	slices.Sort(count.By)
	for _, box := range w.Mailboxes {
		if got[box] != count.Expected {
			count.Got = got[box]
		}
	}
	o := Outcome{Answer: said(count.Got, count.By), DecidedBy: s.Expect.Why, Alerts: &count}
	o.Refused = count.Got == count.Expected && slices.Equal(wanted, count.By)
	// The alert sink is not run: its secrets are put by hand, and what it sends to is
	// outside of AWS.
	failures := slices.DeleteFunc(w.Undelivered()[lost:], func(f sandbox.Undelivered) bool {
		return w.Room.Baseline.HasSink() && f.To == w.Room.SinkARN()
	})
	if len(failures) > 0 {
		o.Refused = false
		o.DecidedBy = fmt.Sprintf("%s could not pass on to %s: %s", failures[0].Service, failures[0].To, failures[0].Reason)
	} else if !o.Refused {
		o.DecidedBy = fmt.Sprintf("expected %s: %s", said(count.Expected, wanted), s.Expect.Why)
	}
	return o, nil
}

const (
	alarmPeriod  = 5 * time.Minute
	alarmPeriods = 4
)

// expected are the rules and alarms that a sample should trip, of those that this
// room has.
func (w *World) expected(s examples.Sample) []string {
	var list []string
	for _, role := range s.Expect.By {
		concern := room.ThreatDetection
		if strings.HasPrefix(role, "root-") {
			concern = room.AuditLogging
		}
		if w.Room.Baseline.Has(concern) {
			list = append(list, role)
		}
	}
	slices.Sort(list)
	return list
}

func said(n int, by []string) string {
	switch n {
	case 0:
		return "no alert"
	case 1:
		return "1 alert by " + strings.Join(by, ", ")
	}
	return fmt.Sprintf("%d alerts by %s", n, strings.Join(by, ", "))
}

// happensAt dates an event.
func happensAt(s examples.Sample, text []byte, now time.Time) ([]byte, error) {
	var event map[string]json.RawMessage
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, fmt.Errorf("sample %s: %w", s.Name, err)
	}
	member := "time"
	if s.Kind == examples.KindRecord {
		member = "eventTime"
	}
	event[member] = json.RawMessage(now.UTC().Format(`"2006-01-02T15:04:05Z"`))
	return json.Marshal(event)
}

// toldBy reads off an alert which rule or alarm sent it: an alarm names itself,
// and a rule passes on the event of its own service.
func toldBy(body, name string) string {
	var alert struct {
		AlarmName string
		Source    string `json:"source"`
	}
	// Below the message of a mail stands how to unsubscribe.
	if json.NewDecoder(strings.NewReader(body)).Decode(&alert) != nil {
		return "something unreadable"
	}
	if alert.AlarmName != "" {
		return strings.TrimPrefix(alert.AlarmName, name+"-")
	}
	return strings.TrimPrefix(alert.Source, "aws.")
}

// takeOffDeduplication lets Security Hub tell of GuardDuty's findings again.
func takeOffDeduplication(ctx context.Context, w *World) (func() error, error) {
	client := eventbridge.NewFromConfig(w.Config(&w.Operator))
	rule, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String(w.Room.Name + "-securityhub")})
	if err != nil {
		return nil, err
	}
	var pattern map[string]any
	if err := json.Unmarshal([]byte(*rule.EventPattern), &pattern); err != nil {
		return nil, err
	}
	detail, _ := pattern["detail"].(map[string]any)
	findings, _ := detail["findings"].(map[string]any)
	if _, there := findings["ProductName"]; !there {
		return nil, fmt.Errorf("the rule %s does not look at ProductName: the mutation changed nothing", *rule.Name)
	}
	delete(findings, "ProductName")
	text, err := json.Marshal(pattern)
	if err != nil {
		return nil, err
	}
	put := func(pattern string) error {
		client := eventbridge.NewFromConfig(w.Config(&w.Operator)) // whoever the operator is by then
		_, err := client.PutRule(ctx, &eventbridge.PutRuleInput{Name: rule.Name, Description: rule.Description, EventPattern: &pattern, State: rule.State})
		return err
	}
	return func() error { return put(*rule.EventPattern) }, put(string(text))
}
