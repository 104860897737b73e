package sink_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/sink"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
)

func TestSeverityDecidesWhoIsTold(t *testing.T) {
	for severity, want := range map[string][3]int{"critical": {1, 1, 5}, "warning": {0, 1, 3}, "info": {0, 0, 0}} {
		t.Run(severity, func(t *testing.T) {
			w := newWorld(t, "SINK_RUNBOOKS=https://runbooks.example.com/alerts/")
			status, report := w.post(webhook("db-1", severity))
			w.told(want[0], want[1])
			if status != 200 || report.Alerts != 1 || report.Told != want[0]+want[1] || (report.Dropped == 1) != (severity == "info") || report.Error != "" {
				t.Errorf("%d %+v", status, report)
			}
			const page = "https://runbooks.example.com/alerts/backup/failed"
			for _, m := range w.pushover.Messages() {
				if m.Get("priority") != "1" || m.Get("title") != "Backup of db-1 failed" || m.Get("url") != page || m.Get("url_title") != "Runbook" || !strings.HasPrefix(m.Get("message"), "exit status 1\n\n") {
					t.Errorf("%v", m)
				}
			}
			for _, m := range w.ntfy.Messages() {
				if m.Priority != want[2] || m.Title != "Backup of db-1 failed" || m.Click != page || m.Message != "exit status 1\n\nRunbook: "+page {
					t.Errorf("%+v", m)
				}
			}
		})
	}
}

func TestWithoutPushoverOnlyNtfyIsTold(t *testing.T) {
	w := newWorld(t)
	c, err := sink.FromEnvironment([]string{"SINK_NTFY_TOPIC=" + sinktest.NtfyTopic, "SINK_NTFY_URL=" + w.ntfy.URL})
	if err != nil {
		t.Fatal(err)
	}
	w.ntfy.Open = true
	s := sink.New(sink.Options{Config: c, Secrets: sink.Secrets{NtfyTopic: sink.NewSecret(sinktest.NtfyTopic)}})
	if _, err := s.Invoke(t.Context(), []byte(webhook("a", "critical"))); err != nil {
		t.Error(err)
	}
	w.told(0, 1)
}

func TestSeveritiesCanBeSetByType(t *testing.T) {
	w := newWorld(t, `SINK_SEVERITIES={"backup":"warning","backup/failed/db":"critical","noise":"info"}`)
	w.post(webhook("a", "critical")) // backup/failed: the longest prefix is backup
	w.told(0, 1)
	w.post(`{"title":"t","message":"m","severity":"warning","type":"backup/failed/db","key":"b"}`)
	w.told(1, 2)
	if _, report := w.post(`{"title":"t","message":"m","severity":"critical","type":"noise/x","key":"c"}`); report.Dropped != 1 {
		t.Errorf("%+v", report)
	}
	if _, report := w.post(`{"title":"t","message":"m","severity":"info","type":"backup/failed/db","key":"d"}`); report.Dropped != 1 {
		t.Errorf("what is info stays info: %+v", report)
	}
	w.told(1, 2)
}

// One target down: 207, named; the repeated alert reaches that target, and only it.
func TestPartialFailureIsNamedAndMended(t *testing.T) {
	w := newWorld(t)
	w.pushover.FailAlways(&sinktest.Failure{Status: 503})
	status, report := w.post(webhook("a", "critical"))
	if status != http.StatusMultiStatus || report.Told != 1 || report.Unreached != 0 || len(report.Failed) != 1 || report.Failed[0].Target != "pushover" || !strings.Contains(report.Failed[0].Reason, "503") || report.Failed[0].Type != "backup/failed" {
		t.Fatalf("%d %+v", status, report)
	}
	if n := w.pushover.Requests(); n != 3 {
		t.Errorf("%d attempts", n)
	}
	w.pushover.FailAlways(nil)
	if status, report = w.post(webhook("a", "critical")); status != 200 || report.Told != 1 || report.AlreadyTold != 1 {
		t.Errorf("%d %+v", status, report)
	}
	w.told(1, 1)
	if status, report = w.post(webhook("a", "critical")); status != 200 || report.Told != 0 || report.AlreadyTold != 2 {
		t.Errorf("%d %+v", status, report)
	}
	w.told(1, 1)
}

func TestTotalFailureIsABadGateway(t *testing.T) {
	w := newWorld(t)
	w.pushover.FailAlways(&sinktest.Failure{Status: 500})
	w.ntfy.FailAlways(&sinktest.Failure{Status: 502})
	status, report := w.post(webhook("a", "critical"))
	if status != http.StatusBadGateway || report.Unreached != 1 || len(report.Failed) != 2 || report.Failed[0].Target != "ntfy" || report.Failed[1].Target != "pushover" {
		t.Fatalf("%d %+v", status, report)
	}
	if w.pushover.Requests() != 3 || w.ntfy.Requests() != 3 {
		t.Errorf("%d and %d attempts", w.pushover.Requests(), w.ntfy.Requests())
	}
	w.pushover.FailAlways(nil)
	w.ntfy.FailAlways(nil)
	if status, _ = w.post(webhook("a", "critical")); status != 200 {
		t.Error(status)
	}
	w.told(1, 1)
}

// An alert that reached nobody is no partial success, whatever became of the others.
func TestTheWorstAlertDecidesTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.ntfy.FailAlways(&sinktest.Failure{Status: 500})
	group := alertmanager("4", promAlert("f1", "critical", "firing"), promAlert("f2", "warning", "firing"))
	status, report := w.post(group)
	if status != http.StatusBadGateway || report.Told != 1 || report.Unreached != 1 || len(report.Failed) != 2 {
		t.Errorf("%d %+v", status, report)
	}
	w.told(1, 0)
	w.ntfy.FailAlways(nil)
	if status, report = w.post(group); status != 200 || report.Told != 2 || report.AlreadyTold != 1 {
		t.Errorf("%d %+v", status, report)
	}
	w.told(1, 2)
}

func TestWhatIsTriedAgainAndWhen(t *testing.T) {
	cases := []struct {
		name     string
		pushover bool
		orders   []sinktest.Failure
		pauses   []time.Duration // Random is 0.5
		told     bool
		reason   string
	}{
		{"a 4xx is final", true, []sinktest.Failure{{Status: 400}}, nil, false, "answered 400: status 400 was ordered"},
		{"so is ntfy's", false, []sinktest.Failure{{Status: 403}}, nil, false, "answered 403: status 403 was ordered"},
		{"a redirect is not followed", false, []sinktest.Failure{{Status: 307}}, nil, false, "answered 307"},
		{"429", false, []sinktest.Failure{{Status: 429}}, []time.Duration{375 * time.Millisecond}, true, ""},
		{"429 with Retry-After", false, []sinktest.Failure{{Status: 429, RetryAfter: "3"}}, []time.Duration{3 * time.Second}, true, ""},
		{"Retry-After as a date", false, []sinktest.Failure{{Status: 503, RetryAfter: "Tue, 12 May 2026 09:30:07 GMT"}}, []time.Duration{7 * time.Second}, true, ""},
		{"Retry-After that is past", false, []sinktest.Failure{{Status: 503, RetryAfter: "Tue, 12 May 2026 09:00:00 GMT"}}, []time.Duration{375 * time.Millisecond}, true, ""},
		{"Retry-After that is nonsense", false, []sinktest.Failure{{Status: 503, RetryAfter: "soon"}}, []time.Duration{375 * time.Millisecond}, true, ""},
		{"Retry-After beyond the time there is", false, []sinktest.Failure{{Status: 429, RetryAfter: "3600"}}, nil, false, "no time was left for another attempt"},
		{"a negative Retry-After", false, []sinktest.Failure{{Status: 429, RetryAfter: "-1"}}, []time.Duration{375 * time.Millisecond}, true, ""},
		{"5xx, then 5xx", false, []sinktest.Failure{{Status: 500}, {Status: 502}}, []time.Duration{375 * time.Millisecond, 750 * time.Millisecond}, true, ""},
		{"a broken connection", false, []sinktest.Failure{{}}, []time.Duration{375 * time.Millisecond}, true, ""},
		{"the bound", false, []sinktest.Failure{{Status: 500}, {Status: 500}, {Status: 500}}, []time.Duration{375 * time.Millisecond, 750 * time.Millisecond}, false, "answered 500"},
		{"Pushover wants five seconds", true, []sinktest.Failure{{Status: 500}}, []time.Duration{5 * time.Second}, true, ""},
		{"a 200 that is not Pushover's", true, []sinktest.Failure{{Status: 200, Body: "<html>welcome</html>"}}, []time.Duration{5 * time.Second}, true, ""},
		{"a 200 that refuses", true, []sinktest.Failure{{Status: 200, Body: `{"status":0,"errors":["no"]}`}}, nil, false, "did not take the message: no"},
		{"a 200 that is not ntfy's", false, []sinktest.Failure{{Status: 200, Body: `{}`}}, nil, false, "not as ntfy does"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			name, fail, count := "ntfy", w.ntfy.Fail, func() int { return len(w.ntfy.Messages()) }
			if c.pushover {
				name, fail, count = "pushover", w.pushover.Fail, func() int { return len(w.pushover.Messages()) }
			}
			fail(c.orders...)
			_, report := w.post(webhook("a", "critical"))
			if got := w.pauses(); !slices.Equal(got, c.pauses) {
				t.Errorf("paused %v, want %v", got, c.pauses)
			}
			if (count() == 1) != c.told || (len(report.Failed) == 0) != c.told {
				t.Errorf("%+v", report)
			}
			if !c.told && (report.Failed[0].Target != name || !strings.Contains(report.Failed[0].Reason, c.reason)) {
				t.Errorf("%+v", report)
			}
		})
	}
}

// What a server answers is in the reason, but never a secret that it sent back.
func TestAServersWordsAreShownWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	w.pushover.Fail(sinktest.Failure{Status: 400, Body: fmt.Sprintf(`{"status":0,"errors":["token %s is invalid"]}`, sinktest.PushoverToken)})
	w.ntfy.Fail(sinktest.Failure{Status: 401, Body: fmt.Sprintf(`{"error":"who is %s\u001b[31m at %s"}`, sinktest.NtfyToken, sinktest.NtfyTopic)})
	status, report := w.post(webhook("a", "critical"))
	if status != 502 || report.Failed[0].Reason != "answered 401: who is (secret)[31m at (secret)" || report.Failed[1].Reason != "answered 400: token (secret) is invalid" {
		t.Errorf("%d %+v", status, report)
	}
}

func TestAFindingIsToldOnceWithinTheWindow(t *testing.T) {
	w := newWorld(t, "SINK_DEDUPE_WINDOW=1h")
	w.post(webhook("a", "warning"))
	w.advance(59 * time.Minute)
	if _, r := w.post(webhook("a", "warning")); r.AlreadyTold != 1 || r.Told != 0 {
		t.Errorf("%+v", r)
	}
	w.told(0, 1)
	w.post(webhook("a", "critical")) // it got worse
	w.told(1, 2)
	w.post(webhook("a", "warning")) // and better again: that is known
	w.told(1, 2)
	w.advance(time.Hour)
	w.post(webhook("a", "warning"))
	w.told(1, 3)
}

func TestTheMemoryIsBounded(t *testing.T) {
	w := newWorld(t, "SINK_DEDUPE_ENTRIES=16")
	for i := range 17 {
		w.post(webhook(fmt.Sprint(i), "warning"))
	}
	w.post(webhook("16", "warning"))
	w.told(0, 17)
	w.post(webhook("0", "warning")) // forgotten: told again rather than lost
	w.told(0, 18)
}

func TestWithoutAKeyTheTextsAreTheKey(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{
		`{"title":"t","message":"m","severity":"warning"}`, `{"severity":"warning","message":"m","title":"t"}`,
		`{"title":"t","message":"other","severity":"warning"}`, `{"title":"tm","message":"","severity":"warning","x":1}`, `{"title":"t","message":"m","severity":"warning","type":"x"}`,
	} {
		w.post(p)
	}
	w.told(0, 3)
}

// Many requests with one finding at once: one of them tells it, the others wait for the
// outcome and have nothing to do.
func TestManyAtOnceAreOne(t *testing.T) {
	w := newWorld(t)
	w.pushover.Fail(sinktest.Failure{Status: 500})
	var all sync.WaitGroup
	var mu sync.Mutex
	told := 0
	for range 24 {
		all.Go(func() {
			status, r := w.post(webhook("a", "critical"))
			mu.Lock()
			defer mu.Unlock()
			told += r.Told
			if status != 200 {
				t.Errorf("%d %+v", status, r)
			}
		})
	}
	all.Wait()
	w.told(1, 1)
	if told != 2 {
		t.Errorf("told %d times", told)
	}
}

// Groups that share alerts in another order do not wait for each other for ever.
func TestGroupsAtOnceDoNotBlock(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 16 {
		alerts := []string{promAlert("f1", "critical", "firing"), promAlert("f2", "critical", "firing"), promAlert("f3", "critical", "firing"), promAlert("f1", "critical", "firing")}
		if i%2 == 0 {
			slices.Reverse(alerts)
		}
		all.Go(func() {
			if status, r := w.post(alertmanager("4", alerts...)); status != 200 || r.Duplicates != 1 {
				t.Errorf("%d %+v", status, r)
			}
		})
	}
	all.Wait()
	w.told(1, 1)
}

// A group is told in one message for each severity; an alert that joins it later alone.
func TestAGroupIsOneMessage(t *testing.T) {
	w := newWorld(t)
	w.post(alertmanager("4", promAlert("f1", "critical", "firing"), promAlert("f2", "critical", "firing"), promAlert("f3", "warning", "firing"), promAlert("f4", "critical", "resolved")))
	w.told(1, 2)
	m := w.pushover.Messages()[0]
	if m.Get("title") != "InstanceDown: f1 is down (and 1 more)" || m.Get("message") != "- InstanceDown: f1 is down\n- InstanceDown: f2 is down" {
		t.Errorf("%v", m)
	}
	w.post(alertmanager("4", promAlert("f1", "critical", "firing"), promAlert("f2", "critical", "firing"), promAlert("f5", "critical", "firing")))
	w.told(2, 3)
	if m := w.pushover.Messages()[1]; m.Get("title") != "InstanceDown: f5 is down" {
		t.Errorf("%v", m)
	}
}

// Texts from outside are cut to what the targets take, the runbook is not.
func TestLimitsOfTheTargetsAreKept(t *testing.T) {
	w := newWorld(t, "SINK_RUNBOOKS=https://runbooks.example.com")
	long := strings.Repeat("🚨ab", 3000)
	finding := fmt.Sprintf(`{"detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","region":"eu-west-2","detail":{"arn":"arn:aws:guardduty:eu-west-2:111122223333:detector/d/finding/f","type":"Recon:EC2/Portscan","severity":8,"title":%s,"description":%s}}`,
		quote("\u202e"+long), quote("line one\r\nline two\u0007\u001b[2J"+long))
	if status, r := w.post(finding); status != 200 {
		t.Fatalf("%d %+v", status, r)
	}
	w.told(1, 1)
	const page = "https://runbooks.example.com/guardduty/Recon:EC2/Portscan"
	p, n := w.pushover.Messages()[0], w.ntfy.Messages()[0]
	if utf8.RuneCountInString(p.Get("title")) != 250 || utf8.RuneCountInString(p.Get("message")) != 1024 || len(n.Message) > 4000 || len(n.Message) < 3990 || utf8.RuneCountInString(n.Title) != 250 {
		t.Errorf("%d %d %d", utf8.RuneCountInString(p.Get("title")), utf8.RuneCountInString(p.Get("message")), len(n.Message))
	}
	for _, text := range []string{p.Get("message"), n.Message} {
		if !strings.HasSuffix(text, "\nRunbook: "+page) || !strings.HasPrefix(text, "line one\nline two[2J🚨") || !strings.Contains(text, "Account: 111122223333") || strings.ContainsAny(text, "\u0007\u001b\u202e\r") || !utf8.ValidString(text) {
			t.Errorf("%q", text)
		}
	}
	if strings.Contains(w.log.String(), "line one") || strings.Contains(w.log.String(), "🚨") {
		t.Error("the log has the payload")
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(b)
}

func promAlert(fingerprint, severity, status string) string {
	return fmt.Sprintf(`{"status":%q,"labels":{"alertname":"InstanceDown","severity":%q,"instance":%q},"annotations":{"summary":"%s is down"},"startsAt":"2026-05-12T09:20:00.000Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph","fingerprint":%q}`,
		status, severity, fingerprint, fingerprint, fingerprint)
}

func alertmanager(version string, alerts ...string) string {
	return fmt.Sprintf(`{"version":%q,"groupKey":"{}:{alertname=\"InstanceDown\"}","truncatedAlerts":0,"status":"firing","receiver":"sink","groupLabels":{"alertname":"InstanceDown"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager","alerts":[%s]}`, version, strings.Join(alerts, ","))
}
