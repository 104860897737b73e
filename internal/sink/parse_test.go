package sink_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/sink"
)

// short is what the tables below compare of an alert.
type short struct {
	Type, Key string
	Severity  sink.Severity
	Title     string
}

func shorten(alerts []sink.Alert) (out []short) {
	for _, a := range alerts {
		out = append(out, short{a.Type, a.Key, a.Severity, a.Title})
	}
	return out
}

const (
	findingARN = "arn:aws:guardduty:eu-west-2:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0/finding/1ac7f99d2b4703d78b893e480b867621"
	alarmARN   = "arn:aws:cloudwatch:eu-west-2:111122223333:alarm:foundations-root-sign-in"
)

func guardDuty(severity, more string) string {
	return fmt.Sprintf(`{"version":"0","id":"x","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","region":"eu-west-2","time":"2026-05-12T09:30:00Z","resources":[],"detail":{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-2","partition":"aws","id":"1ac7f99d2b4703d78b893e480b867621","arn":%q,"type":"UnauthorizedAccess:EC2/SSHBruteForce","severity":%s,"title":"Brute force.","description":"d"%s}}`, findingARN, severity, more)
}

func securityHub(findings ...string) string {
	return fmt.Sprintf(`{"version":"0","detail-type":"Security Hub Findings - Imported","source":"aws.securityhub","account":"111122223333","region":"eu-west-2","detail":{"findings":[%s]}}`, strings.Join(findings, ","))
}

func finding(id, severity, more string) string {
	return fmt.Sprintf(`{"Id":%q,"ProductArn":"arn:aws:securityhub:eu-west-2::product/aws/securityhub","ProductName":"Security Hub","GeneratorId":"security-control/EC2.19","Title":"Open port","Severity":%s%s}`, id, severity, more)
}

func cloudTrail(detailType, name, kind, identity string) string {
	return fmt.Sprintf(`{"detail-type":%q,"source":"aws.signin","account":"111122223333","region":"eu-west-2","detail":{"eventID":"e-1","eventName":%q,"eventSource":"iam.amazonaws.com","eventType":%q,"userIdentity":%s,"responseElements":{"ConsoleLogin":{"odd":1}},"additionalEventData":"odd"}}`, detailType, name, kind, identity)
}

func TestPayloads(t *testing.T) {
	const root = `{"type":"Root","arn":"arn:aws:iam::111122223333:root"}`
	gd := func(s sink.Severity) []short {
		return []short{{"guardduty/UnauthorizedAccess:EC2/SSHBruteForce", "guardduty:" + findingARN, s, "GuardDuty: Brute force."}}
	}
	hub := func(id string, s sink.Severity) short {
		return short{"securityhub/Security-Hub/security-control/EC2.19", "securityhub:arn:aws:securityhub:eu-west-2::product/aws/securityhub " + id, s, "Security Hub: Open port"}
	}
	trail := func(kind string, s sink.Severity, title string) []short {
		return []short{{kind, "cloudtrail:e-1", s, title}}
	}
	alarm := func(s sink.Severity) []short {
		return []short{{"alarm/foundations-root-sign-in", "alarm:" + alarmARN + " 2026-05-12T09:30:01.234Z", s, "Alarm: foundations-root-sign-in"}}
	}
	cases := []struct {
		name, payload string
		want          []short
		err           string
	}{
		{"GuardDuty 7", guardDuty("7", ""), gd(sink.Critical), ""},
		{"GuardDuty 7.0", guardDuty("7.0", ""), gd(sink.Critical), ""},
		{"GuardDuty 6.9", guardDuty("6.9", ""), gd(sink.Warning), ""},
		{"GuardDuty 4", guardDuty("4", ""), gd(sink.Warning), ""},
		{"GuardDuty 3.9", guardDuty("3.9", ""), gd(sink.Info), ""},
		{"GuardDuty, archived", guardDuty("9.5", `,"service":{"archived":true}`), gd(sink.Critical), ""},
		{"GuardDuty without an ARN", strings.Replace(guardDuty("8", `,"service":{"detectorId":"12abc34d567e8fa901bc2d34e56789f0"}`), fmt.Sprintf(`"arn":%q,`, findingARN), "", 1), gd(sink.Critical), ""},
		{"GuardDuty without severity", guardDuty("null", ""), nil, "the GuardDuty finding lacks severity"},
		{"GuardDuty with a text as severity", guardDuty(`"HIGH"`, ""), nil, "severity is a string"},
		{"another event of GuardDuty", `{"detail-type":"GuardDuty Malware Protection Object Scan Result","source":"aws.guardduty","detail":{}}`, nil, `"GuardDuty Malware Protection Object Scan Result" of "aws.guardduty" is not one that the sink knows`},
		{"a forged source", strings.Replace(guardDuty("8", ""), "aws.guardduty", "my.guardduty", 1), nil, `of "my.guardduty"`},
		{"no detail", `{"detail-type":"GuardDuty Finding","source":"aws.guardduty"}`, nil, "lacks detail"},

		{"Security Hub batch", securityHub(finding("a", `{"Label":"CRITICAL"}`, ""), finding("b", `{"Label":"HIGH"}`, ""), finding("c", `{"Label":"MEDIUM"}`, ""), finding("d", `{"Label":"LOW"}`, ""), finding("e", `{"Label":"INFORMATIONAL"}`, "")),
			[]short{hub("a", sink.Critical), hub("b", sink.Critical), hub("c", sink.Warning), hub("d", sink.Info), hub("e", sink.Info)}, ""},
		{"Security Hub by number", securityHub(finding("a", `{"Normalized":90}`, ""), finding("b", `{"Normalized":70}`, ""), finding("c", `{"Normalized":69}`, ""), finding("d", `{"Normalized":39}`, ""), finding("e", `{"Normalized":0}`, "")),
			[]short{hub("a", sink.Critical), hub("b", sink.Critical), hub("c", sink.Warning), hub("d", sink.Info), hub("e", sink.Info)}, ""},
		{"Security Hub, over", securityHub(finding("a", `{"Label":"CRITICAL"}`, `,"RecordState":"ARCHIVED"`), finding("b", `{"Label":"HIGH"}`, `,"Workflow":{"Status":"SUPPRESSED"}`), finding("c", `{"Label":"HIGH"}`, `,"Workflow":{"Status":"RESOLVED"}`), finding("d", `{"Label":"HIGH"}`, `,"Compliance":{"Status":"PASSED"}`), finding("e", `{"Label":"HIGH"}`, `,"Workflow":{"Status":"NOTIFIED"}`)),
			[]short{hub("a", sink.Info), hub("b", sink.Info), hub("c", sink.Info), hub("d", sink.Info), hub("e", sink.Info)}, ""},
		{"Security Hub, one of three wrong", securityHub(finding("a", `{"Label":"HIGH"}`, ""), finding("b", `{"Label":"URGENT"}`, ""), finding("c", `{"Label":"MEDIUM"}`, "")),
			[]short{hub("a", sink.Critical), hub("c", sink.Warning)}, `Security Hub finding 2 of 3: severity label "URGENT"`},
		{"Security Hub without a severity", securityHub(finding("a", `{"Normalized":101}`, "")), nil, `severity label ""`},
		{"Security Hub without an Id", securityHub(finding("", `{"Label":"HIGH"}`, "")), nil, "lacks Id"},
		{"Security Hub without findings", securityHub(), nil, "lacks findings"},
		{"GuardDuty's copy", securityHub(fmt.Sprintf(`{"Id":%q,"ProductArn":"arn:aws:securityhub:eu-west-2::product/aws/guardduty","ProductName":"GuardDuty","Types":["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"],"Title":"Brute force.","Severity":{"Label":"HIGH"}}`, findingARN)),
			[]short{{"guardduty/UnauthorizedAccess:EC2-SSHBruteForce", "guardduty:" + findingARN, sink.Critical, "GuardDuty: Brute force."}}, ""},
		{"another product with GuardDuty's Id", securityHub(fmt.Sprintf(`{"Id":%q,"ProductArn":"arn:aws:securityhub:eu-west-2:111122223333:product/111122223333/default","ProductName":"GuardDuty","Severity":{"Label":"LOW"}}`, findingARN)),
			[]short{{"securityhub/GuardDuty", "securityhub:arn:aws:securityhub:eu-west-2:111122223333:product/111122223333/default " + findingARN, sink.Info, "GuardDuty: " + findingARN}}, ""},

		{"root signs in", cloudTrail("AWS Console Sign In via CloudTrail", "ConsoleLogin", "AwsConsoleSignIn", root), trail("root-sign-in", sink.Critical, "Root user: console sign-in"), ""},
		{"root calls", cloudTrail("AWS API Call via CloudTrail", "CreateUser", "AwsApiCall", root), trail("root-api-call", sink.Critical, "Root user: CreateUser (iam)"), ""},
		{"a service for root", cloudTrail("AWS API Call via CloudTrail", "CreateUser", "AwsApiCall", `{"type":"Root","invokedBy":"support.amazonaws.com"}`), trail("cloudtrail/CreateUser", sink.Warning, "CloudTrail: CreateUser (iam)"), ""},
		{"a service event", cloudTrail("AWS Service Event via CloudTrail", "DeleteKey", "AwsServiceEvent", root), trail("cloudtrail/DeleteKey", sink.Warning, "CloudTrail: DeleteKey (iam)"), ""},
		{"a role named root", cloudTrail("AWS API Call via CloudTrail", "CreateUser", "AwsApiCall", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Root/root"}`), trail("cloudtrail/CreateUser", sink.Warning, "CloudTrail: CreateUser (iam)"), ""},
		{"CloudTrail without an event", `{"detail-type":"AWS Insight via CloudTrail","source":"aws.ec2","detail":{}}`, nil, "lacks eventID, eventName, eventSource"},

		{"alarm by SNS", `{"AlarmName":"foundations-root-sign-in","AlarmDescription":"Root.","AWSAccountId":"111122223333","NewStateValue":"ALARM","NewStateReason":"r","StateChangeTime":"2026-05-12T10:30:01.234+0100","Region":"EU (London)","AlarmArn":"` + alarmARN + `","OldStateValue":"OK"}`, alarm(sink.Critical), ""},
		{"alarm by EventBridge", `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"111122223333","region":"eu-west-2","resources":["` + alarmARN + `"],"detail":{"alarmName":"foundations-root-sign-in","state":{"value":"ALARM","reason":"r","timestamp":"2026-05-12T09:30:01.234+0000"}}}`, alarm(sink.Critical), ""},
		{"alarm by a direct call", `{"source":"aws.cloudwatch","alarmArn":"` + alarmARN + `","accountId":"111122223333","region":"eu-west-2","time":"2026-05-12T09:30:02.000+0000","alarmData":{"alarmName":"foundations-root-sign-in","state":{"value":"ALARM","timestamp":"2026-05-12T09:30:01.234+0000"}}}`, alarm(sink.Critical), ""},
		{"alarm that is over", `{"AlarmName":"foundations-root-sign-in","NewStateValue":"OK","StateChangeTime":"2026-05-12T09:30:01.234+0000","AlarmArn":"` + alarmARN + `"}`, alarm(sink.Info), ""},
		{"alarm in an unknown state", `{"AlarmName":"a","NewStateValue":"PANIC","StateChangeTime":"t","AlarmArn":"a"}`, nil, `state "PANIC"`},
		{"alarm without a time", `{"AlarmName":"a","NewStateValue":"ALARM","AlarmArn":"a"}`, nil, "lacks the time of the change"},

		{"Alertmanager", alertmanager("4", promAlert("f1", "critical", "firing"), promAlert("f2", "page", "firing"), promAlert("f3", "warning", "firing"), promAlert("f4", "high", "firing"), promAlert("f5", "info", "firing"), promAlert("f6", "critical", "resolved")), []short{
			prom("f1", sink.Critical), prom("f2", sink.Critical), prom("f3", sink.Warning), prom("f4", sink.Warning), prom("f5", sink.Info), prom("f6", sink.Info)}, ""},
		{"Alertmanager of another version", alertmanager("5", promAlert("f1", "critical", "firing")), nil, `version "5"; the sink knows version 4`},
		{"Alertmanager without alerts", alertmanager("4"), nil, "lacks alerts"},
		{"Alertmanager in an unknown state", alertmanager("4", promAlert("f1", "critical", "pending"), promAlert("f2", "warning", "firing")), []short{prom("f2", sink.Warning)}, `Alertmanager alert 1 of 2 has the status "pending"`},

		{"webhook", webhook("a", "warning"), []short{{"backup/failed", "webhook:a", sink.Warning, "Backup of a failed"}}, ""},
		{"webhook without a severity", `{"title":"t","message":"m"}`, nil, "lacks severity"},
		{"webhook with another severity", `{"title":"t","message":"m","severity":"CRITICAL"}`, nil, `severity "CRITICAL" is not`},
		{"webhook with another member", `{"title":"t","message":"m","severity":"info","sevirity":"critical"}`, nil, "a member that is not title, message, severity"},
		{"webhook with a number", `{"title":1,"message":"m","severity":"info"}`, nil, "title is a number"},
		{"webhook with a long title", `{"title":"` + strings.Repeat("é", 251) + `","message":"m","severity":"info"}`, nil, "more than 250"},
		{"webhook with a path of its own", `{"title":"t","message":"m","severity":"info","type":"../x"}`, nil, "type is not a path"},
		{"webhook with a script as its link", `{"title":"t","message":"m","severity":"info","url":"javascript:alert(1)"}`, nil, "url is not an https"},
		{"webhook with a long key", `{"title":"t","message":"m","severity":"info","key":"` + strings.Repeat("k", 513) + `"}`, nil, "key has more than 512"},
		{"two objects", webhook("a", "warning") + webhook("b", "warning"), nil, "not a JSON object"},

		{"an SNS message without its header", `{"Type":"Notification","MessageId":"x","TopicArn":"y","Message":"{}"}`, nil, "needs the header x-amz-sns-message-type"},
		{"a batch", `{"Records":[]}`, nil, "a batch of records"},
		{"a function URL's request", `{"version":"2.0","requestContext":{"http":{}},"body":"{}"}`, nil, "function URL"},
		{"nothing", `{}`, nil, "its members are none"},
		{"many members", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`, nil, "a, b, c, d, e, f, g, h, ..."},
		{"null", `null`, nil, "its members are none"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := sink.Parse([]byte(c.payload))
			if d := cmp.Diff(c.want, shorten(got)); d != "" {
				t.Error(d)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

func prom(fingerprint string, s sink.Severity) short {
	return short{"alertmanager/InstanceDown", "alertmanager:" + fingerprint + " 2026-05-12T09:20:00.000Z", s, "InstanceDown: " + fingerprint + " is down"}
}

// FuzzParse: whatever comes, the answer is alerts that can be told, or a refusal.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		guardDuty("7.0", ""), securityHub(finding("a", `{"Label":"HIGH"}`, "")), cloudTrail("AWS API Call via CloudTrail", "X", "AwsApiCall", `{"type":"Root"}`),
		alertmanager("4", promAlert("f1", "critical", "firing")), webhook("a", "warning"), `{"alarmArn":"a","alarmData":{"alarmName":"n","state":{"value":"ALARM","timestamp":"t"}}}`,
		`{"AlarmName":"a","NewStateValue":"OK","StateChangeTime":"t","AlarmArn":"a"}`, `{"Records":[]}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		alerts, err := sink.Parse(payload)
		if len(alerts) == 0 && err == nil {
			t.Error("neither an alert nor a refusal")
		}
		if err != nil && len(err.Error()) > 600*(1+strings.Count(err.Error(), "\n")) {
			t.Errorf("a refusal of %d bytes", len(err.Error()))
		}
		for _, a := range alerts {
			if a.Key == "" || a.Type == "" || a.Title == "" || len(a.Type) > 200 || strings.ContainsAny(a.Type, " \n") || strings.Contains(a.Type, "..") && strings.Contains("/"+a.Type+"/", "/../") {
				t.Errorf("%+v", a)
			}
		}
	})
}
