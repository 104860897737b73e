package alerts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	ct "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/alerts"
	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// world is a sandbox in which rules were put by the services' own APIs.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	config  aws.Config
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// build puts rules into a new sandbox: trail, log group, filters, alarms, rules, topics
// and subscribers, who confirm.
func build(t *testing.T, r *alerts.Rules) *world {
	t.Helper()
	ctx := t.Context()
	s, err := sandbox.Start(ctx, sandbox.Options{Account: examples.Account, Region: examples.Region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, sandbox: s}
	root := iam.NewFromConfig(s.Config(s.Credentials()))
	role := func(name, principal, policy string) string {
		made, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}}`)})
		w.must(err)
		_, err = root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &policy})
		w.must(err)
		return *made.Role.Arn
	}
	// Root's own calls would be alerts.
	admin := role("admin", `{"AWS":"arn:aws:iam::`+examples.Account+`:root"}`, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	session, err := s.Session(admin, "test")
	w.must(err)
	w.config = s.Config(session)
	w.topics(r)
	w.rules(r)
	w.trail(r, role("trail", `{"Service":"cloudtrail.amazonaws.com"}`, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}}`))
	w.alarms(r)
	w.pass(30 * time.Minute)
	return w
}

func (w *world) topics(r *alerts.Rules) {
	ctx, c := w.Context(), sns.NewFromConfig(w.config)
	for _, topic := range r.Topics {
		made, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: &topic.Name})
		w.must(err)
		_, err = c.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: made.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","cloudwatch.amazonaws.com"]},"Action":"sns:Publish","Resource":"` + *made.TopicArn + `"}}`)})
		w.must(err)
		for _, x := range r.Subscriptions {
			if x.Topic == topic.Key {
				_, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: &x.Protocol, Endpoint: &x.Endpoint})
				w.must(err)
			}
		}
	}
	w.must(w.sandbox.Settle(ctx))
	client := w.sandbox.HTTPClient()
	defer client.CloseIdleConnections()
	for _, m := range w.sandbox.Mail() {
		answer, err := client.Get(m.Confirm)
		w.must(err)
		if answer.Body.Close(); answer.StatusCode != http.StatusOK {
			w.Fatalf("confirming: %s", answer.Status)
		}
	}
}

func (w *world) rules(r *alerts.Rules) {
	ctx, c := w.Context(), eventbridge.NewFromConfig(w.config)
	for _, x := range r.Rules {
		_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: &x.Name, EventPattern: aws.String(x.Pattern.String()), State: eb.RuleState(x.State)})
		w.must(err)
		for _, t := range x.Targets {
			_, err := c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &x.Name, Targets: []eb.Target{{Id: &t.ID, Arn: &t.To}}})
			w.must(err)
		}
	}
}

func (w *world) trail(r *alerts.Rules, role string) {
	ctx := w.Context()
	for _, t := range r.Trails {
		bucket := t.Name + "-bucket"
		buckets := s3.NewFromConfig(w.config)
		_, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: examples.Region}})
		w.must(err)
		_, err = buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::` + bucket + `","arn:aws:s3:::` + bucket + `/*"]}]}`)})
		w.must(err)
		logs := cloudwatchlogs.NewFromConfig(w.config)
		_, err = logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &t.LogGroup})
		w.must(err)
		trails := cloudtrail.NewFromConfig(w.config)
		_, err = trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
			Name: &t.Name, S3BucketName: &bucket, IsMultiRegionTrail: &t.MultiRegion, IncludeGlobalServiceEvents: &t.Global,
			CloudWatchLogsLogGroupArn: aws.String("arn:aws:logs:" + examples.Region + ":" + examples.Account + ":log-group:" + t.LogGroup + ":*"), CloudWatchLogsRoleArn: &role,
		})
		w.must(err)
		var selectors []ct.AdvancedEventSelector
		for _, s := range t.Select {
			var fields []ct.AdvancedFieldSelector
			for _, f := range s {
				fields = append(fields, ct.AdvancedFieldSelector{Field: aws.String(f.Field), Equals: f.Equals, StartsWith: f.StartsWith, NotEquals: f.NotEquals})
			}
			selectors = append(selectors, ct.AdvancedEventSelector{FieldSelectors: fields})
		}
		_, err = trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: &t.Name, AdvancedEventSelectors: selectors})
		w.must(err)
		if !t.Off {
			_, err = trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &t.Name})
			w.must(err)
		}
	}
}

func (w *world) alarms(r *alerts.Rules) {
	ctx := w.Context()
	logs, watch := cloudwatchlogs.NewFromConfig(w.config), cloudwatch.NewFromConfig(w.config)
	for _, f := range r.Filters {
		_, err := logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
			FilterName: &f.Name, LogGroupName: &f.LogGroup, FilterPattern: aws.String(f.Pattern.String()),
			MetricTransformations: []cwl.MetricTransformation{{MetricName: &f.Metric, MetricNamespace: &f.Namespace, MetricValue: &f.Value, DefaultValue: f.Default}},
		})
		w.must(err)
	}
	for _, a := range r.Alarms {
		in := &cloudwatch.PutMetricAlarmInput{
			AlarmName: &a.Name, Namespace: &a.Namespace, MetricName: &a.Metric, Statistic: cw.Statistic(a.Is.Statistic),
			Period: aws.Int32(int32(a.Is.Period / time.Second)), EvaluationPeriods: aws.Int32(int32(a.Is.EvaluationPeriods)),
			Threshold: &a.Is.Threshold, ComparisonOperator: cw.ComparisonOperator(a.Is.Operator), TreatMissingData: aws.String(string(a.Is.Missing)),
			ActionsEnabled: aws.Bool(!a.Silenced), AlarmActions: a.Actions[metricalarm.InAlarm], OKActions: a.Actions[metricalarm.OK],
		}
		if a.Is.DatapointsToAlarm > 0 {
			in.DatapointsToAlarm = aws.Int32(int32(a.Is.DatapointsToAlarm))
		}
		_, err := watch.PutMetricAlarm(ctx, in)
		w.must(err)
	}
}

// pass lets time pass, by steps in which everything that is due is done.
func (w *world) pass(d time.Duration) {
	w.Helper()
	const step = 5 * time.Minute
	for ; d > 0; d -= step {
		w.must(w.sandbox.Advance(min(d, step)))
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		w.must(w.sandbox.Settle(ctx))
	}
}

// send hands an event over as it happens now.
func (w *world) send(e examples.Sample) json.RawMessage {
	w.Helper()
	var members map[string]json.RawMessage
	w.must(json.Unmarshal(e.Event, &members))
	now := json.RawMessage(strconv.Quote(w.sandbox.Now().UTC().Format(time.RFC3339)))
	hand, member := w.sandbox.Emit, "time"
	if e.Kind == examples.KindRecord {
		hand, member = w.sandbox.Record, "eventTime"
	}
	members[member] = now
	text, err := json.Marshal(members)
	w.must(err)
	w.must(hand("", "", text))
	return text
}

// mails counts by subscriber what came after the first n.
func (w *world) mails(n int) map[string]int {
	got := map[string]int{}
	for _, m := range w.sandbox.Mail()[n:] {
		got[m.To]++
	}
	return got
}

func told(o *alerts.Outcome) map[string]int {
	want := map[string]int{}
	for _, t := range o.Told {
		want[t.Endpoint] = t.Messages
	}
	return want
}

// ruleSets are rules to try: those that ship, and others that the samples tell apart.
func ruleSets(t *testing.T) map[string]*alerts.Rules {
	apart := changed(t, `arn:aws:sns:eu-west-2:111122223333:foundations-alerts`, `arn:aws:sns:eu-west-2:111122223333:T`)
	var subscriptions []string
	for _, name := range []string{"guardduty", "securityhub", "root-api-call", "root-sign-in"} {
		// The topic named T that follows a rule's or alarm's name becomes its own.
		at := strings.Index(apart, `ame": "foundations-`+name+`",`)
		head, tail := apart[:at], strings.Replace(apart[at:], "111122223333:T", "111122223333:"+name, 1)
		apart = head + tail
		subscriptions = append(subscriptions, `{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:`+name+`","Protocol":"email","Endpoint":"`+name+`@example.com"}`)
	}
	from := strings.Index(apart, `"Topics"`)
	to := strings.Index(apart, `"trailList"`)
	apart = apart[:from] + `"Subscriptions": [` + strings.Join(subscriptions, ",") + `],` + apart[to:]
	wide := strings.NewReplacer(`\">=\",7`, `\">\",2`, `[\"CRITICAL\",\"HIGH\"]`, `[{\"anything-but\":\"LOW\"}]`, `,\"Workflow\":{\"Status\":[\"NEW\"]}`, ``,
		`{\"anything-but\":[\"GuardDuty\"]}`, `{\"anything-but\":{\"prefix\":\"GuardDuty\"}}`,
		`($.userIdentity.type = \"Root\")`, `(($.userIdentity.type = \"Root\") || ($.userIdentity.userName = \"?oot\") || ($.userIdentity.arn = \"*root*\"))`).Replace(apart)
	// The trail's own calls are events as well, and nothing that was sent.
	const others = `\"detail\":{\"userIdentity.invokedBy\":[{\"exists\":false},{\"anything-but\":[\"cloudtrail.amazonaws.com\"]}]`
	calls := strings.NewReplacer(`{\"detail\":{\"severity\":[{\"numeric\":[\">=\",7]}]},\"detail-type\":[\"GuardDuty Finding\"],\"source\":[\"aws.guardduty\"]}`,
		`{`+others+`},\"detail-type\":[{\"suffix\":\"via CloudTrail\"}]}`,
		`"Name": "foundations-securityhub",`, `"Name": "foundations-securityhub", "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",`,
		`\"detail-type\":[\"Security Hub Findings - Imported\"],\"source\":[\"aws.securityhub\"]`, `\"detail-type\":[\"AWS API Call via CloudTrail\"]`,
		`\"detail\":{\"findings\":{\"ProductName\":[{\"anything-but\":[\"GuardDuty\"]}],\"RecordState\":[\"ACTIVE\"],\"Severity\":{\"Label\":[\"CRITICAL\",\"HIGH\"]},\"Workflow\":{\"Status\":[\"NEW\"]}}}`,
		others+`,\"userIdentity.type\":[\"Root\",\"AWSService\"],\"errorCode\":[{\"exists\":false}]}`).Replace(apart)
	if wide == apart || calls == apart || strings.Contains(calls, "guardduty\\\"]") {
		t.Fatal("the rules are not what this test changes")
	}
	return map[string]*alerts.Rules{"shipped": shipped(t), "apart": rules(t, apart), "wide": rules(t, wide), "calls": rules(t, calls)}
}

// What replay says of an event is what the sandbox's own trail, filters, alarms, rules
// and topics do with it.
func TestReplayAgreesWithTheSandbox(t *testing.T) {
	list, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range ruleSets(t) {
		t.Run(name, func(t *testing.T) {
			w := build(t, r)
			some := 0
			for _, s := range list {
				before := len(w.sandbox.Mail())
				text := w.send(s)
				if s.Kind == examples.KindRecord {
					w.pass(20 * time.Minute)
				} else {
					w.must(w.sandbox.Settle(t.Context()))
				}
				e, err := alerts.NewEvent(s.Name, text)
				if err != nil {
					t.Fatal(err)
				}
				out, err := r.Replay([]alerts.Case{{Name: s.Name, Events: []*alerts.Event{e}}})
				if err != nil {
					t.Fatal(err)
				}
				want, got := told(&out[0]), w.mails(before)
				some += len(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: replay (-) and the sandbox (+) tell:\n%s%+v", s.Name, diff, out[0].Verdicts[0])
				}
			}
			if some < 20 {
				t.Errorf("only %d alerts were told: the rules do not tell the samples apart", some)
			}
			if failed := w.sandbox.Undelivered(); len(failed) > 0 {
				t.Errorf("could not be delivered: %+v", failed[0])
			}
		})
	}
}

// So it is with several records, over their times.
func TestReplayAgreesOverTime(t *testing.T) {
	list, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	type step struct {
		after  time.Duration
		sample string
	}
	for _, c := range []struct {
		name   string
		old    string
		new    string
		alerts int
		steps  []step
	}{
		{"three calls in a row", "", "", 1, []step{{0, "root-api-key"}, {time.Minute, "root-api-read"}, {2 * time.Minute, "root-api-denied"}}},
		{"two runs", "", "", 2, []step{{0, "root-api-key"}, {time.Minute, "root-api-read"}, {40 * time.Minute, "root-api-key"}}},
		{"a sign-in with MFA, and work", "", "", 2, []step{{0, "root-check-mfa"}, {0, "root-sign-in-mfa"}, {2 * time.Minute, "root-api-console"}}},
		{"told when it is over", `"AlarmActions": [`, `"OKActions": ["arn:aws:sns:eu-west-2:111122223333:foundations-alerts"], "AlarmActions": [`, 2, []step{{0, "root-api-key"}}},
		{"one of two is not enough", `"Threshold": 1`, `"Threshold": 2`, 0, []step{{0, "root-api-key"}}},
		{"in one minute, two are", `"Threshold": 1`, `"Threshold": 2`, 1, []step{{0, "root-api-key"}, {0, "root-api-read"}}},
		{"in two regions, two are", `"Threshold": 1`, `"Threshold": 2`, 1, []step{{0, "root-api-key"}, {0, "root-api-other-region"}}},
		{"switched off", `"ActionsEnabled": true`, `"ActionsEnabled": false`, 0, []step{{0, "root-api-key"}}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			r := shipped(t)
			if c.old != "" {
				r = rules(t, changed(t, c.old, c.new))
			}
			w := build(t, r)
			// Within a minute nothing is looked at.
			w.must(w.sandbox.Advance(w.sandbox.Now().Truncate(time.Hour).Add(time.Hour + 10*time.Second).Sub(w.sandbox.Now())))
			w.must(w.sandbox.Settle(t.Context()))
			before := len(w.sandbox.Mail())
			var events []*alerts.Event
			for i, s := range c.steps {
				if s.after > 0 {
					w.pass(s.after)
				}
				at := slices.IndexFunc(list, func(x examples.Sample) bool { return x.Name == s.sample })
				e, err := alerts.NewEvent(fmt.Sprintf("%s[%d]", s.sample, i), w.send(list[at]))
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, e)
			}
			w.pass(40 * time.Minute)
			out, err := r.Replay([]alerts.Case{{Name: c.name, Events: events}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told(&out[0]), w.mails(before)); diff != "" || out[0].Alerts != c.alerts {
				t.Errorf("%d alerts, want %d; replay (-) and the sandbox (+) tell:\n%s", out[0].Alerts, c.alerts, diff)
			}
		})
	}
}
