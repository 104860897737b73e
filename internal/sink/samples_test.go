package sink_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/sink"
)

// What the baseline's rules tell arrives here as critical, and is never refused: a
// message that was worth waking for must not end in an error.
func TestWhatTheRulesTellIsCriticalHere(t *testing.T) {
	samples, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, s := range samples {
		if s.Kind != examples.KindEvent || s.Expect.Alerts == 0 {
			continue
		}
		tried++
		alerts, err := sink.Parse(s.Event)
		worst := sink.Info
		for _, a := range alerts {
			worst = max(worst, a.Severity)
		}
		if err != nil || worst != sink.Critical {
			t.Errorf("%s: %v, %v", s.Name, worst, err)
		}
	}
	if tried < 10 {
		t.Errorf("only %d samples", tried)
	}
}

// What the rules keep silent about is not critical here either, should somebody send it:
// but for GuardDuty's copies, which are the finding itself.
func TestWhatTheRulesKeepSilentAboutIsNotCritical(t *testing.T) {
	samples, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		if s.Kind != examples.KindEvent || s.Expect.Alerts > 0 {
			continue
		}
		alerts, err := sink.Parse(s.Event)
		for _, a := range alerts {
			if a.Severity == sink.Critical && !strings.HasPrefix(a.Key, "guardduty:") && !deliberate[s.Name] {
				t.Errorf("%s: %+v", s.Name, a)
			}
		}
		if err != nil && len(alerts) == 0 && !strings.Contains(err.Error(), "is not one that the sink knows") {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// deliberate are samples that the baseline's rules do not take, but that somebody who
// sends them here means to be told: an alarm of one's own, a finding sent by hand.
var deliberate = map[string]bool{"cloudwatch-alarm": true, "securityhub-custom-action": true}

// A finding and Security Hub's copy of it are one alert, whichever comes first.
func TestAFindingAndItsCopyAreOne(t *testing.T) {
	samples, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]string{}
	for _, s := range samples {
		events[s.Name] = string(s.Event)
	}
	for _, order := range [][2]string{{"guardduty-high", "securityhub-guardduty-copy"}, {"securityhub-guardduty-copy", "guardduty-high"}, {"guardduty-critical", "securityhub-guardduty-copy-critical"}} {
		w := newWorld(t)
		for _, name := range order {
			if status, r := w.post(events[name]); status != 200 || r.Alerts != 1 {
				t.Errorf("%s: %d %+v", name, status, r)
			}
		}
		w.told(1, 1)
	}
}
