package lock

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// A room whose alerts are what the test says they are.
func TestReplayJudgesWhatComesOut(t *testing.T) {
	finding := examples.Sample{
		Name: "finding", Kind: examples.KindEvent, Event: json.RawMessage(`{"detail-type":"GuardDuty Finding","time":"2026-01-01T00:00:00Z"}`),
		Expect: examples.Expect{Alerts: 1, By: []string{"guardduty"}, Why: "it is severe"},
	}
	root := examples.Sample{
		Name: "root", Kind: examples.KindRecord, Event: json.RawMessage(`{"eventSource":"signin.amazonaws.com","eventTime":"2026-01-01T00:00:00Z"}`),
		Expect: examples.Expect{Alerts: 1, By: []string{"root-sign-in"}, Why: "root does nothing"},
	}
	quiet := examples.Sample{
		Name: "quiet", Kind: examples.KindEvent, Event: json.RawMessage(`{"detail-type":"GuardDuty Finding"}`),
		Expect: examples.Expect{By: []string{}, Why: "it is not severe"},
	}
	told := func(to, body string) sandbox.Mail { return sandbox.Mail{To: to, Body: body} }
	const (
		guardduty = `{"source":"aws.guardduty"}` + "\n\n--\nto unsubscribe, follow the link"
		hub       = `{"source":"aws.securityhub"}`
		alarm     = `{"AlarmName":"acme-root-sign-in"}`
	)
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		sample  examples.Sample
		without []string
		mail    []sandbox.Mail
		lost    []sandbox.Undelivered
		holds   bool
		answer  string
		got     int
	}{
		{"told once", finding, nil, []sandbox.Mail{told("a", guardduty), told("b", guardduty)}, nil, true, "1 alert by guardduty", 1},
		{"told to one of two", finding, nil, []sandbox.Mail{told("a", guardduty)}, nil, false, "no alert", 0},
		{"told twice to the second", finding, nil, []sandbox.Mail{told("a", guardduty), told("b", guardduty), told("b", hub)}, nil, false, "2 alerts by guardduty, securityhub", 2},
		{"told by another rule", finding, nil, []sandbox.Mail{told("a", hub), told("b", hub)}, nil, false, "1 alert by securityhub", 1},
		{"told nobody", finding, nil, nil, nil, false, "no alert", 0},
		{"told somebody else", finding, nil, []sandbox.Mail{told("c", guardduty)}, nil, false, "no alert", 0},
		{"asked to confirm", quiet, nil, []sandbox.Mail{{To: "a", Confirm: "https://sns", Body: "?"}}, nil, true, "no alert", 0},
		{"noise", quiet, nil, []sandbox.Mail{told("a", guardduty), told("b", guardduty)}, nil, false, "1 alert by guardduty", 1},
		{"gibberish", finding, nil, []sandbox.Mail{told("a", "?"), told("b", "?")}, nil, false, "1 alert by something unreadable", 1},
		{"lost on the way", quiet, nil, nil, []sandbox.Undelivered{{Service: "sns.amazonaws.com", To: "a", Reason: "refused"}}, false, "no alert", 0},
		{"root", root, nil, []sandbox.Mail{told("a", alarm), told("b", alarm)}, nil, true, "1 alert by root-sign-in", 1},
		{"root, and nobody reads the trail", root, []string{room.AuditLogging}, nil, nil, true, "no alert", 0},
		{"a finding, and nobody finds", finding, []string{room.ThreatDetection}, []sandbox.Mail{told("a", guardduty), told("b", guardduty)}, nil, false, "1 alert by guardduty", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mail []sandbox.Mail
			var lost []sandbox.Undelivered
			var when map[string]any
			arrive := func(_, _ string, text []byte) error {
				mail, lost = append(mail, tt.mail...), append(lost, tt.lost...)
				return json.Unmarshal(text, &when)
			}
			w := &World{
				Room: &room.Room{Name: "acme", Baseline: &room.Baseline{Without: tt.without}}, Account: "444455556666", Region: "eu-west-1",
				Mailboxes: []string{"a", "b"},
				Now:       func() time.Time { return now }, Advance: func(context.Context, time.Duration) error { return nil },
				Settle: func(context.Context) error { return nil }, Emit: arrive, Record: arrive,
				Mail: func() []sandbox.Mail { return mail }, Undelivered: func() []sandbox.Undelivered { return lost },
			}
			o, err := w.replay(t.Context(), tt.sample)
			if err != nil {
				t.Fatal(err)
			}
			if o.Refused != tt.holds || o.Answer != tt.answer || o.Alerts.Got != tt.got || o.DecidedBy == "" || o.Alerts.By == nil {
				t.Errorf("outcome = %+v, alerts %+v", o, o.Alerts)
			}
			if when["time"] != "2026-11-22T04:00:00Z" && when["eventTime"] != "2026-11-22T04:00:00Z" {
				t.Errorf("the event is dated %v", when)
			}
		})
	}
}

// A finding is told of in every region that has alerts, and each is tried.
func TestReplayTriesEveryRegion(t *testing.T) {
	sample := examples.Sample{
		Name: "finding", Kind: examples.KindEvent, Event: json.RawMessage(`{"detail-type":"GuardDuty Finding","region":"eu-west-2"}`),
		Expect: examples.Expect{Alerts: 1, By: []string{"guardduty"}},
	}
	for _, tt := range []struct {
		deaf  string
		holds bool
	}{{"", true}, {"eu-west-1", false}, {"us-east-1", false}, {"ap-southeast-2", false}} {
		var mail []sandbox.Mail
		w := &World{
			Room:    &room.Room{Name: "acme", Baseline: &room.Baseline{Regions: []string{"us-east-1", "ap-southeast-2"}}},
			Account: "444455556666", Region: "eu-west-1", Mailboxes: []string{"a"}, Now: time.Now,
			Settle: func(context.Context) error { return nil },
			Emit: func(_, _ string, text []byte) error {
				var e struct{ Region string }
				if err := json.Unmarshal(text, &e); err != nil {
					return err
				}
				if e.Region != tt.deaf {
					mail = append(mail, sandbox.Mail{To: "a", Body: `{"source":"aws.guardduty"}`})
				}
				return nil
			},
			Mail: func() []sandbox.Mail { return mail }, Undelivered: func() []sandbox.Undelivered { return nil },
		}
		o, err := w.replay(t.Context(), sample)
		if err != nil || o.Refused != tt.holds {
			t.Errorf("without alerts in %q: %+v, %v", tt.deaf, o, err)
		}
	}
}

func TestReplayToNobodyIsNoVerdict(t *testing.T) {
	w := &World{Room: &room.Room{Baseline: &room.Baseline{}}}
	if _, err := w.replay(t.Context(), examples.Sample{}); err == nil {
		t.Error("a replay without a subscriber was judged")
	}
}

// The expectations are about thresholds: a room with others is not judged by them.
func TestAlertsApply(t *testing.T) {
	set := func(change func(*room.Baseline)) *room.Room {
		b := &room.Baseline{Alerts: room.Alerting{GuardDutyMinimumSeverity: 7, SecurityHubSeverities: []string{"HIGH", "CRITICAL"}}}
		change(b)
		return &room.Room{Baseline: b}
	}
	for _, tt := range []struct {
		name string
		room *room.Room
		want bool
	}{
		{"no baseline", &room.Room{}, false},
		{"all of it", set(func(*room.Baseline) {}), true},
		{"the other way round", set(func(b *room.Baseline) { b.Alerts.SecurityHubSeverities = []string{"CRITICAL", "HIGH"} }), true},
		{"no alerts", set(func(b *room.Baseline) { b.Without = []string{room.Alerts} }), false},
		{"another severity", set(func(b *room.Baseline) { b.Alerts.GuardDutyMinimumSeverity = 4 }), false},
		{"other labels", set(func(b *room.Baseline) { b.Alerts.SecurityHubSeverities = []string{"CRITICAL"} }), false},
	} {
		why, applies := alertsEndToEnd().Applies(&World{Room: tt.room})
		if applies != tt.want || applies != (why == "") {
			t.Errorf("%s: applies %v, %q", tt.name, applies, why)
		}
	}
}

// Every sample event is an attempt of its own, and an error of the library is never
// taken for silence.
func TestEverySampleIsReplayed(t *testing.T) {
	samples, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, s := range samples {
		want = append(want, s.Name)
		if s.Expect.Alerts != len(s.Expect.By) {
			t.Errorf("%s: %d alerts by %q: one rule or alarm tells a subscriber once", s.Name, s.Expect.Alerts, s.Expect.By)
		}
	}
	for _, a := range alertsEndToEnd().Attacks {
		got = append(got, a.By)
	}
	if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
		t.Errorf("-samples +attempts:\n%s", d)
	}
	w := &World{
		Room: &room.Room{Baseline: &room.Baseline{}}, Mailboxes: []string{"a"}, Now: time.Now,
		Mail: func() []sandbox.Mail { return nil }, Undelivered: func() []sandbox.Undelivered { return nil },
		Emit: func(string, string, []byte) error { return errors.New("no bus") },
	}
	if _, err := w.replay(t.Context(), examples.Sample{Kind: examples.KindEvent, Event: json.RawMessage(`{}`)}); err == nil {
		t.Error("an event that could not be sent was judged")
	}
}
