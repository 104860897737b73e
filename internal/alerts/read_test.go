package alerts_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/alerts"
)

const (
	anEvent  = `{"version":"0","id":"1","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","time":"2026-05-12T10:00:00Z","region":"eu-west-2","resources":[],"detail":{"severity":8}}`
	aRecord  = `{"userIdentity":{"type":"Root"},"eventTime":"2026-05-12T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"eu-west-2","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`
	anExpect = `{"alerts":1,"by":["guardduty"]}`
)

// Every form that events come in.
func TestFormsOfEvents(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"Records":[` + aRecord + `,` + aRecord + `]}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	quoted := strings.ReplaceAll(aRecord, `"`, `\"`)
	for _, c := range []struct {
		name, text string
		kinds      []string
	}{
		{"one event", anEvent, []string{"event"}},
		{"one record", " \n" + aRecord, []string{"record"}},
		{"an array of both", "[" + anEvent + "," + aRecord + "]", []string{"event", "record"}},
		{"lines", anEvent + "\n" + aRecord + "\n\n" + anEvent, []string{"event", "record", "event"}},
		{"a log file", `{"Records":[` + aRecord + `]}`, []string{"record"}},
		{"a packed log file", packed.String(), []string{"record", "record"}},
		{"what lookup-events prints", `{"Events":[{"EventId":"1","CloudTrailEvent":"` + quoted + `"}],"NextToken":"x"}`, []string{"record"}},
	} {
		cases, err := alerts.ReadEvents([]string{"-"}, strings.NewReader(c.text), "", "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var kinds []string
		for _, e := range cases[0].Events {
			kinds = append(kinds, e.Kind)
		}
		if len(cases) != 1 || !slices.Equal(kinds, c.kinds) {
			t.Errorf("%s: %d cases, %q", c.name, len(cases), kinds)
		}
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "there is no event in it"},
		{`[]`, "there is no event in it"},
		{`{"Records":[]}`, "there is no event in it"},
		{`3`, "is not a JSON object"},
		{`{`, "it is not JSON"},
		{anEvent + "}", "it is not JSON"},
		{`{"Events":[{"EventId":"1"}]}`, "Events without a CloudTrailEvent"},
		{`{"a":1}`, "is neither an event of EventBridge"},
		{`{"detail-type":"a","eventSource":"b"}`, "has both detail-type and eventSource"},
		{strings.Replace(anEvent, `"region":"eu-west-2",`, "", 1), "has no region"},
		{strings.Replace(anEvent, `"account":"111122223333",`, "", 1), "has no account"},
		{strings.Replace(anEvent, `{"severity":8}`, `[8]`, 1), "has a detail that is no object"},
		{strings.Replace(anEvent, `2026-05-12T`, `yesterday at `, 1), "which is not like 2026-01-02T15:04:05Z"},
		{strings.Replace(aRecord, `"AwsApiCall"`, `"AwsVpceEvent"`, 1), `has the eventType "AwsVpceEvent"`},
		{strings.Replace(aRecord, `"eventTime":"2026-05-12T10:00:00Z",`, "", 1), "has no eventTime"},
		{strings.Replace(aRecord, `"awsRegion":"eu-west-2",`, "", 1), "has no awsRegion"},
		{strings.Replace(aRecord, `{"type":"Root"}`, `"Root"`, 1), "does not have the shape of CloudTrail's records"},
		{"\x1f\x8bnothing at all", "gzip: invalid header"},
	} {
		if _, err := alerts.ReadEvents([]string{"-"}, strings.NewReader(c.text), "", ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %q", c.text, err, c.want)
		}
	}
}

// A directory: files with an expectation are cases of their own, the others are one
// account's; what is hidden or of another kind is left out.
func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.json": anEvent, "a.expect.json": anExpect, "b.jsonl": anEvent + "\n" + aRecord, "below/c.json": aRecord, "below/d.json": anEvent,
		"below/d.expect.json": `{"about":"x","alerts":0,"by":[],"why":"y"}`, ".hidden.json": "{", ".git/e.json": "{", "README.md": "#",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := alerts.ReadEvents([]string{dir}, nil, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cases {
		name, _ := filepath.Rel(dir, c.Name)
		if c.Expect == nil {
			name = c.Name
		}
		got = append(got, strings.Join([]string{filepath.ToSlash(name), c.About, strings.Repeat("*", len(c.Events))}, " "))
	}
	if want := []string{"a.json  *", "below/d.json x *", "events  ***"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExpectationsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"by":[]}`, "it does not have alerts"},
		{`{"alerts":-1,"by":[]}`, "it does not have alerts"},
		{`{"alerts":1}`, "it does not have by"},
		{`{"alerts":1,"by":null}`, "it does not have by"},
		{`{"alerts":1,"by":[],"because":""}`, `unknown field "because"`},
		{`{"alerts":"1","by":[]}`, "cannot unmarshal"},
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{"a.json": anEvent, "a.expect.json": c.text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := alerts.ReadEvents([]string{dir}, nil, "", ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzEvents: whatever is read as events can be replayed, every rule and alarm has a
// word on each, and nobody is told of what is not known.
func FuzzEvents(f *testing.F) {
	list, err := examples.Samples()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range list {
		f.Add([]byte(s.Event))
	}
	for _, s := range []string{`{"Records":[` + aRecord + `]}`, "[" + anEvent + "]", anEvent + aRecord, `{"Events":[{"CloudTrailEvent":"{}"}]}`, `{"records":[{}]}`} {
		f.Add([]byte(s))
	}
	r := shipped(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := alerts.ReadEvents([]string{"-"}, bytes.NewReader(data), "", "")
		if err != nil {
			return
		}
		out, err := r.Replay(cases)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		for _, o := range out {
			told := 0
			for _, v := range o.Verdicts {
				if n := len(v.Trips) + len(v.Silent); n != len(r.Rules)+len(r.Alarms) {
					t.Fatalf("%q: a word on %d rules and alarms", data, n)
				}
				for _, s := range v.Silent {
					if len(s.Why) == 0 {
						t.Fatalf("%q: %s is silent without a reason", data, s.Name)
					}
				}
				for _, x := range v.Trips {
					for _, to := range x.Told {
						told += to.Messages
					}
					if x.Kind == alerts.ByRule && v.Event.Region != x.Region || v.Event.Account != r.Account {
						t.Fatalf("%q: %s trips", data, x.Name)
					}
				}
			}
			if told != o.Alerts { // there is one subscriber
				t.Fatalf("%q: %d alerts, and %d are told", data, o.Alerts, told)
			}
		}
	})
}

// BenchmarkRules is how many events per second go through the baseline's two rules, two
// filters and two alarms, with every reason.
func BenchmarkRules(b *testing.B) {
	r := shipped(b)
	list, err := alerts.Samples("", "")
	if err != nil {
		b.Fatal(err)
	}
	events := 0
	for b.Loop() {
		out, err := r.Replay(list)
		if err != nil {
			b.Fatal(err)
		}
		events += len(out)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDay is a busy day's log of one account: a record each second, held against
// the rules and over time.
func BenchmarkDay(b *testing.B) {
	r := shipped(b)
	const n = 24 * 60 * 60
	var log bytes.Buffer
	for i := range n {
		log.WriteString(strings.Replace(strings.Replace(aRecord, "10:00:00", clock(i), 1), `"Root"`, `"AssumedRole"`, 1))
	}
	cases, err := alerts.ReadEvents([]string{"-"}, &log, "", "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if out, err := r.Replay(cases); err != nil || out[0].Alerts != 0 {
			b.Fatal(out, err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "events/s")
}

// clock writes a second of the day.
func clock(i int) string {
	two := func(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
	return two(i/3600) + ":" + two(i/60%60) + ":" + two(i%60)
}
