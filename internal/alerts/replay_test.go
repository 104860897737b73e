package alerts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/alerts"
)

func shipped(t testing.TB) *alerts.Rules {
	t.Helper()
	r, err := alerts.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rules reads rules from a text, as the AWS CLI prints them.
func rules(t *testing.T, text string) *alerts.Rules {
	t.Helper()
	r, err := alerts.Read(t.Context(), write(t, "rules.json", text), alerts.Planner{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// replay reads events from a text and replays them as one case.
func replay(t *testing.T, r *alerts.Rules, text string) *alerts.Outcome {
	t.Helper()
	cases, err := alerts.ReadEvents([]string{write(t, "events.jsonl", text)}, nil, "", "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Replay(cases)
	if err != nil {
		t.Fatal(err)
	}
	return &out[0]
}

// at is a sample at another time, on one line.
func at(t *testing.T, name, when string) string {
	t.Helper()
	list, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(s examples.Sample) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no sample %s", name)
	}
	var members map[string]any
	if err := json.Unmarshal(list[i].Event, &members); err != nil {
		t.Fatal(err)
	}
	members["eventTime"] = when
	line, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(line) + "\n"
}

// The library's expectations are those of the baseline that ships.
func TestSamplesMeetTheirExpectations(t *testing.T) {
	r := shipped(t)
	cases, err := alerts.Samples("", "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Replay(cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.Problem != "" {
			t.Errorf("%s: %s", o.Case.Name, o.Problem)
		}
		for _, v := range o.Verdicts {
			if n := len(v.Trips) + len(v.Silent); n != len(r.Rules)+len(r.Alarms) {
				t.Errorf("%s: a word on %d rules and alarms, and there are %d", o.Case.Name, n, len(r.Rules)+len(r.Alarms))
			}
			for _, s := range v.Silent {
				if len(s.Why) == 0 || slices.Contains(s.Why, "") {
					t.Errorf("%s: %s is silent without a reason: %q", o.Case.Name, s.Name, s.Why)
				}
			}
			for _, x := range v.Trips {
				if x.Why == "" || len(x.Told) != 1 || x.Told[0].Endpoint != "security@acme.example" || x.Told[0].Messages != 1 {
					t.Errorf("%s: %+v", o.Case.Name, x)
				}
			}
		}
	}
}

// Each rule's threshold and exclusions are what makes the samples come out as they do:
// with any of them changed, some sample fails.
func TestSamplesNoticeChangedRules(t *testing.T) {
	for _, c := range []struct{ old, new, notices string }{
		{`\">=\",7`, `\">=\",6.9`, "guardduty-6.9"},
		{`\">=\",7`, `\">\",7`, "guardduty-7.0"},
		{`\">=\",7`, `\">\",7`, "guardduty-7"},
		{`\">=\",7`, `\">=\",9`, "guardduty-8.9"},
		{`\"GuardDuty Finding\"`, `\"GuardDuty Findings\"`, "guardduty-10"},
		{`[{\"anything-but\":[\"GuardDuty\"]}]`, `[{\"exists\":true}]`, "securityhub-guardduty-copy"},
		{`[{\"anything-but\":[\"GuardDuty\"]}]`, `[{\"anything-but\":{\"prefix\":\"GuardDuty\"}}]`, "securityhub-product-guardduty-like"},
		{`\"RecordState\":[\"ACTIVE\"],`, ``, "securityhub-archived"},
		{`\"RecordState\":[\"ACTIVE\"],`, ``, "securityhub-batch-scattered"},
		{`,\"Workflow\":{\"Status\":[\"NEW\"]}`, ``, "securityhub-suppressed"},
		{`,\"Workflow\":{\"Status\":[\"NEW\"]}`, ``, "securityhub-resolved"},
		{`[\"NEW\"]`, `[\"NEW\",\"NOTIFIED\"]`, "securityhub-notified"},
		{`[\"CRITICAL\",\"HIGH\"]`, `[\"CRITICAL\",\"HIGH\",\"MEDIUM\"]`, "securityhub-medium"},
		{`[\"CRITICAL\",\"HIGH\"]`, `[\"CRITICAL\"]`, "securityhub-high"},
		{`\"Security Hub Findings - Imported\"`, `{\"prefix\":\"Security Hub Findings\"}`, "securityhub-custom-action"},
		{`($.userIdentity.type = \"Root\")`, `($.userIdentity.arn = \"*root*\")`, "role-named-root"},
		{`($.userIdentity.invokedBy NOT EXISTS) && `, ``, "root-invoked-by-service"},
		{` && ($.eventType != \"AwsServiceEvent\")`, ``, "service-event-as-root"},
		{` && ($.eventName != \"CheckMfa\")`, ``, "root-check-mfa"},
		{` && ($.eventName != \"ConsoleLogin\")`, ``, "root-sign-in-mfa"},
		{`"IsMultiRegionTrail": true`, `"IsMultiRegionTrail": false`, "root-api-other-region"},
		{`"IsMultiRegionTrail": true`, `"IsMultiRegionTrail": false`, "root-sign-in-no-mfa"},
		{`"IncludeGlobalServiceEvents": true`, `"IncludeGlobalServiceEvents": false`, "root-api-console"},
		{`"IsLogging": true`, `"IsLogging": false`, "root-api-key"},
		{`"ActionsEnabled": true`, `"ActionsEnabled": false`, "root-api-denied"},
		{`"Threshold": 1`, `"Threshold": 2`, "root-api-read"},
		{`"metricName": "foundations-root-api-call"`, `"metricName": "other"`, "root-api-key"},
		{`"EventBusName": "default"`, `"EventBusName": "other"`, "guardduty-high"},
		{`"EventBusName": "default"`, `"EventBusName": "default", "State": "DISABLED"`, "guardduty-high"},
		{`"Id": "alerts",`, `"Id": "alerts", "Arn": "arn:aws:sns:eu-west-2:111122223333:foundations-alerts"}, {"Id": "again",`, "guardduty-high"},
	} {
		r := rules(t, changed(t, c.old, c.new))
		cases, err := alerts.Samples("", "")
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Replay(cases)
		if err != nil {
			t.Fatal(err)
		}
		var failed []string
		for _, o := range out {
			if o.Problem != "" {
				failed = append(failed, o.Case.Name)
			}
		}
		if !slices.Contains(failed, c.notices) {
			t.Errorf("%s for %s: %s does not notice; those that do: %s", c.new, c.old, c.notices, failed)
		}
	}
}

// Alarms are told of when they go off, over the records' own times.
func TestRecordsWithinAPeriodAreOneAlert(t *testing.T) {
	r := shipped(t)
	for _, c := range []struct {
		name   string
		times  []string
		alerts int
	}{
		{"one", []string{"10:00:00"}, 1},
		{"in one minute", []string{"10:00:01", "10:00:02", "10:00:59"}, 1},
		{"within the period", []string{"10:00:00", "10:02:00", "10:04:59"}, 1},
		{"each within the period of the one before", []string{"10:00:00", "10:04:00", "10:08:00", "10:12:00"}, 1},
		// CloudWatch holds on to the last value it knows while there are none after it.
		{"after the period, in silence", []string{"10:00:00", "10:06:00"}, 1},
		{"after the alarm was over", []string{"10:00:00", "10:20:00"}, 2},
		{"two runs", []string{"10:00:00", "10:01:00", "11:00:00", "11:04:00"}, 2},
		{"in any order", []string{"11:04:00", "10:01:00", "11:00:00", "10:00:00"}, 2},
	} {
		events := ""
		for _, when := range c.times {
			events += at(t, "root-api-key", "2026-05-12T"+when+"Z")
		}
		o := replay(t, r, events)
		if o.Alerts != c.alerts || !slices.Equal(o.By, []string{"foundations-root-api-call"}) {
			t.Errorf("%s: %d alerts by %q, want %d", c.name, o.Alerts, o.By, c.alerts)
		}
		told, once := 0, 0
		for _, v := range o.Verdicts {
			if len(v.Trips) != 1 {
				t.Fatalf("%s: %s trips %+v", c.name, v.Event.Place, v.Trips)
			}
			if len(v.Trips[0].Told) > 0 {
				told++
			} else if strings.HasPrefix(v.Trips[0].Note, "the alarm is told of once, with ") {
				once++
			}
		}
		if told != c.alerts || told+once != len(c.times) {
			t.Errorf("%s: %d events tell and %d say with which one they are told, of %d", c.name, told, once, len(c.times))
		}
	}
}

// Other records of the account change nothing. With a default value in the filter they
// would: a 0 ends the alarm, and once nothing follows it the 1 before counts again.
func TestOtherRecordsAreNoAlert(t *testing.T) {
	events := at(t, "root-api-key", "2026-05-12T10:00:00Z") + at(t, "operator-call", "2026-05-12T10:01:00Z")
	if o := replay(t, shipped(t), events); o.Alerts != 1 {
		t.Errorf("%d alerts", o.Alerts)
	}
	if o := replay(t, rules(t, changed(t, `"metricValue": "1"`, `"metricValue": "1", "defaultValue": 0`)), events); o.Alerts != 3 {
		t.Errorf("with a default value: %d alerts, and there were 3 when it was taken out", o.Alerts)
	}
}

// changed is the shipped rules with a change.
func changed(t *testing.T, old, new string) string {
	t.Helper()
	text, err := os.ReadFile("shipped.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("the rules do not have %s", old)
	}
	return strings.ReplaceAll(string(text), old, new)
}

// A root sign-in with MFA is two records and one alert.
func TestSignInWithMFAIsOneAlert(t *testing.T) {
	o := replay(t, shipped(t), at(t, "root-check-mfa", "2026-05-12T10:00:00Z")+at(t, "root-sign-in-mfa", "2026-05-12T10:00:04Z"))
	if o.Alerts != 1 || !slices.Equal(o.By, []string{"foundations-root-sign-in"}) {
		t.Errorf("%d alerts by %q", o.Alerts, o.By)
	}
}

// An alarm that wants several is silent before, and says so.
func TestAlarmBelowItsThreshold(t *testing.T) {
	r := rules(t, strings.ReplaceAll(changed(t, `"Threshold": 1`, `"Threshold": 3`), `"metricValue": "1"`, `"metricValue": "1", "defaultValue": 0`))
	events := at(t, "root-api-key", "2026-05-12T10:00:00Z") + at(t, "root-api-key", "2026-05-12T10:01:00Z")
	o := replay(t, r, events)
	if o.Alerts != 0 || len(o.By) != 0 {
		t.Errorf("two calls: %d alerts by %q", o.Alerts, o.By)
	}
	found := false
	for _, s := range o.Verdicts[0].Silent {
		found = found || s.Name == "foundations-root-api-call" && strings.Contains(s.Why[0], "the alarm stays OK: Sum GreaterThanOrEqualToThreshold 3 in 1 of 1 periods of 5m0s")
	}
	if !found {
		t.Errorf("the reason is not given: %+v", o.Verdicts[0].Silent)
	}
	events += at(t, "root-api-key", "2026-05-12T10:02:00Z")
	for minute := range 20 { // a busy account, whose periods all have values
		events += at(t, "operator-call", fmt.Sprintf("2026-05-12T10:%02d:30Z", minute))
	}
	o = replay(t, r, events)
	if o.Alerts != 1 || len(o.Verdicts[2].Trips) != 1 || len(o.Verdicts[2].Trips[0].Told) != 1 {
		t.Errorf("three calls: %d alerts, the third %+v", o.Alerts, o.Verdicts[2].Trips)
	}
}

// Going back to OK is told where it has an action: two messages, of one record.
func TestActionsOfOtherStates(t *testing.T) {
	r := rules(t, changed(t, `"AlarmActions": [`, `"OKActions": ["arn:aws:sns:eu-west-2:111122223333:foundations-alerts"], "AlarmActions": [`))
	o := replay(t, r, at(t, "root-api-key", "2026-05-12T10:00:00Z"))
	if o.Alerts != 2 || o.Verdicts[0].Trips[0].Note != "told again when it goes to OK" {
		t.Errorf("%d alerts: %+v", o.Alerts, o.Verdicts[0].Trips)
	}
}

// What is expected is compared by name or by how it ends, and each once.
func TestExpectations(t *testing.T) {
	r := shipped(t)
	for _, c := range []struct{ sample, expect, problem string }{
		{"guardduty-7", `{"alerts": 1, "by": ["guardduty"]}`, ""},
		{"guardduty-7", `{"alerts": 1, "by": ["foundations-guardduty"], "about": "a", "why": "b"}`, ""},
		{"guardduty-7", `{"alerts": 0, "by": []}`, "0 alerts expected, 1 told; not expected by foundations-guardduty"},
		{"guardduty-7", `{"alerts": 1, "by": ["duty"]}`, "expected by duty, which told nobody; not expected by foundations-guardduty"},
		{"guardduty-7", `{"alerts": 2, "by": ["guardduty", "securityhub"]}`, "2 alerts expected, 1 told; expected by securityhub, which told nobody"},
		{"guardduty-6.9", `{"alerts": 1, "by": ["guardduty"]}`, "1 alert expected, 0 told; expected by guardduty, which told nobody"},
		{"root-sign-in-mfa", `{"alerts": 1, "by": ["root-sign-in"]}`, ""},
	} {
		dir := t.TempDir()
		list, err := examples.Samples()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(s examples.Sample) bool { return s.Name == c.sample })
		for name, text := range map[string]string{"day.json": string(list[i].Event), "day.expect.json": c.expect} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cases, err := alerts.ReadEvents([]string{dir}, nil, "", "")
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Replay(cases)
		if err != nil {
			t.Fatal(err)
		}
		if out[0].Problem != c.problem {
			t.Errorf("%s, %s: %q, want %q", c.sample, c.expect, out[0].Problem, c.problem)
		}
	}
}

// Recipients: subscribers, functions, topics of others, and those whose filter leaves
// the message out.
func TestWhoIsTold(t *testing.T) {
	const pattern = `"EventPattern": "{\"source\":[\"aws.guardduty\"]}"`
	for _, c := range []struct {
		name, targets, rest string
		want                []string
		fails               string
	}{
		{"nobody is a target", ``, ``, nil, ""},
		{"a topic without subscribers", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`, `,"Topics":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t"}]`, []string{"sns t 1"}, ""},
		{"a topic that is not among the rules", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`, ``, []string{"sns arn:aws:sns:eu-west-2:111122223333:t 1"}, ""},
		{"the topic of the same name in another region", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:us-east-1:111122223333:t","Protocol":"email","Endpoint":"a@b.example"}]`, []string{"sns arn:aws:sns:eu-west-2:111122223333:t 1"}, ""},
		{"a function", `{"Id":"1","Arn":"arn:aws:lambda:eu-west-2:111122223333:function:f"}`, ``, []string{"lambda arn:aws:lambda:eu-west-2:111122223333:function:f 1"}, ""},
		{"two subscribers", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example"},{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"b@b.example"}]`,
			[]string{"email a@b.example 1", "email b@b.example 1"}, ""},
		{"twice", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"},{"Id":"2","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example"}]`, []string{"email a@b.example 2"}, ""},
		{"one who has not confirmed", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"SubscriptionArn":"PendingConfirmation","TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example"}]`, nil, ""},
		{"a filter over attributes, of which there are none", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example","Attributes":{"FilterPolicy":"{\"severity\":[\"high\"]}"}}]`, nil, ""},
		{"a filter over the event", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t"}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example","Attributes":{"FilterPolicy":"{\"detail\":{\"severity\":[{\"numeric\":[\">=\",9]}]}}","FilterPolicyScope":"MessageBody"}},` +
				`{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"b@b.example","Attributes":{"FilterPolicy":"{\"detail\":{\"severity\":[{\"numeric\":[\">=\",7]}]}}","FilterPolicyScope":"MessageBody"}}]`, []string{"email b@b.example 1"}, ""},
		{"a filter over what a template makes", `{"Id":"1","Arn":"arn:aws:sns:eu-west-2:111122223333:t","InputTransformer":{"InputTemplate":"\"x\""}}`,
			`,"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a@b.example","Attributes":{"FilterPolicy":"{\"a\":[1]}","FilterPolicyScope":"MessageBody"}}]`, nil,
			"its filter policy is over the message's body"},
	} {
		r := rules(t, `{"Rules":[{"Name":"r","Arn":"arn:aws:events:eu-west-2:111122223333:rule/r",`+pattern+`,"Targets":[`+c.targets+`]}]`+c.rest+`}`)
		cases, err := alerts.ReadEvents([]string{write(t, "e.json", at(t, "guardduty-7", "2026-05-12T10:00:00Z"))}, nil, "", "")
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Replay(cases)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, told := range out[0].Told {
			got = append(got, fmt.Sprintf("%s %d", told.Recipient, told.Messages))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if len(out[0].Verdicts[0].Trips) != 1 || len(got) == 0 && out[0].Verdicts[0].Trips[0].Note == "" {
			t.Errorf("%s: %+v", c.name, out[0].Verdicts[0])
		}
	}
}

// Whoever gets something else than the event is named.
func TestTargetsThatChangeTheEvent(t *testing.T) {
	for shape, note := range map[string]string{
		``:                    "",
		`,"Input":"{}"`:       "the target 1 gets a fixed text",
		`,"InputPath":"$.id"`: "the target 1 gets the part of the event at $.id",
		`,"InputTransformer":{"InputPathsMap":{"id":"$.id"},"InputTemplate":"\"<id>\""}`: "the target 1 gets what its template makes of the event",
	} {
		r := rules(t, changed(t, `"Id": "alerts",`, `"Id": "1"`+shape+`,`))
		if o := replay(t, r, at(t, "guardduty-7", "2026-05-12T10:00:00Z")); o.Alerts != 1 || o.Verdicts[0].Trips[0].Note != note {
			t.Errorf("%s: %d alerts, %+v", shape, o.Alerts, o.Verdicts[0].Trips)
		}
	}
}

// Another account's records are those of an organization's trail alone.
func TestRecordsOfAnotherAccount(t *testing.T) {
	event := strings.ReplaceAll(at(t, "root-api-key", "2026-05-12T10:00:00Z"), examples.Account, "222233334444")
	if o := replay(t, shipped(t), event); o.Alerts != 0 || !strings.Contains(fmt.Sprint(o.Verdicts[0].Silent), "the event is of account 222233334444, and the alarm of 111122223333") {
		t.Errorf("%d alerts: %+v", o.Alerts, o.Verdicts[0].Silent)
	}
	if o := replay(t, rules(t, changed(t, `"IsLogging": true`, `"IsLogging": true, "IsOrganizationTrail": true`)), event); o.Alerts != 1 {
		t.Errorf("%d alerts by an organization's trail", o.Alerts)
	}
}

// A long quiet between records costs no time.
func TestQuietYears(t *testing.T) {
	var events strings.Builder
	day := time.Date(1990, 1, 1, 10, 0, 0, 0, time.UTC)
	for i := range 60 {
		events.WriteString(at(t, "root-api-key", day.AddDate(i, 0, 0).Format(time.RFC3339)))
	}
	if o := replay(t, shipped(t), events.String()); o.Alerts != 60 {
		t.Errorf("%d alerts in 60 years of one call each", o.Alerts)
	}
}
