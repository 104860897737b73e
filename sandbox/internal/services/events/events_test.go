package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

const region = sandbox.DefaultRegion

type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
	ev  *eventbridge.Client
	sns *sns.Client
	iam *iam.Client
	kms *kms.Client
}

func start(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	return &world{t, sb, eventbridge.NewFromConfig(cfg), sns.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, code, words string) {
	w.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		w.t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

// user makes an IAM user with an inline policy.
func (w *world) user(name, policy string) *eventbridge.Client {
	w.t.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return eventbridge.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

// topic makes a topic whose mail the test reads, and which admits EventBridge for one
// rule.
func (w *world) topic(name, ruleARN string) string {
	w.t.Helper()
	out, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	w.must(err)
	w.admit(*out.TopicArn, ruleARN)
	_, err = w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: out.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String(name + "@example.com")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	mails := w.sb.Mail()
	r, err := w.sb.HTTPClient().Get(mails[len(mails)-1].Confirm)
	w.must(err)
	_ = r.Body.Close()
	return *out.TopicArn
}

func (w *world) admit(topicARN, ruleARN string) {
	w.t.Helper()
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"` + topicARN +
		`","Condition":{"ArnEquals":{"aws:SourceArn":"` + ruleARN + `"}}}]}`
	_, err := w.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &topicARN, AttributeName: aws.String("Policy"), AttributeValue: &doc})
	w.must(err)
}

func (w *world) rule(name, pattern, schedule string) string {
	w.t.Helper()
	in := &eventbridge.PutRuleInput{Name: &name}
	if pattern != "" {
		in.EventPattern = &pattern
	}
	if schedule != "" {
		in.ScheduleExpression = &schedule
	}
	out, err := w.ev.PutRule(ctx, in)
	w.must(err)
	return *out.RuleArn
}

func (w *world) target(rule string, t types.Target) error {
	if t.Id == nil {
		t.Id = aws.String("t")
	}
	_, err := w.ev.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, Targets: []types.Target{t}})
	return err
}

func (w *world) put(source, kind, detail string) {
	w.t.Helper()
	out, err := w.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: &source, DetailType: &kind, Detail: &detail}}})
	w.must(err)
	if out.FailedEntryCount != 0 || out.Entries[0].EventId == nil {
		w.t.Fatalf("%+v", out.Entries)
	}
	w.must(w.sb.Settle(ctx))
}

// got returns the bodies of the mails that are no confirmations.
func (w *world) got() (list []string) {
	for _, m := range w.sb.Mail() {
		if m.Confirm == "" {
			body, _, _ := strings.Cut(m.Body, "\n\n--\n")
			list = append(list, body)
		}
	}
	return list
}

func arn(rest string) string {
	return "arn:aws:events:" + region + ":" + sandbox.DefaultAccount + ":" + rest
}

func TestEventsReachTheTopicUnderItsPolicy(t *testing.T) {
	w := start(t)
	rule := w.rule("high", `{"source":["app"],"detail":{"severity":[{"numeric":[">=",7]}]}}`, "")
	if rule != arn("rule/high") {
		t.Errorf("rule %s", rule)
	}
	topic := w.topic("alerts", rule)
	w.must(w.target("high", types.Target{Arn: &topic}))
	w.put("app", "Finding", `{"severity":6.9}`)
	w.put("other", "Finding", `{"severity":9}`)
	w.put("app", "Finding", `{"severity":7,"note":"a < b & c"}`)
	got := w.got()
	if len(got) != 1 {
		t.Fatalf("%q, undelivered %+v", got, w.sb.Undelivered())
	}
	var e map[string]any
	w.must(json.Unmarshal([]byte(got[0]), &e))
	if e["version"] != "0" || e["source"] != "app" || e["detail-type"] != "Finding" || e["account"] != sandbox.DefaultAccount || e["region"] != region || e["id"] == "" {
		t.Errorf("%v", e)
	}
	if !strings.Contains(got[0], `"detail":{"severity":7,"note":"a < b & c"}`) || !strings.Contains(got[0], `"resources":[]`) {
		t.Errorf("%s", got[0])
	}

	// Another rule's ARN, and AWS's default policy: the topic refuses, and it is told.
	w.admit(topic, rule+"-other")
	w.put("app", "Finding", `{"severity":8}`)
	list := w.sb.Undelivered()
	if len(w.got()) != 1 || len(list) != 1 || list[0].From != rule || list[0].To != topic || !strings.Contains(list[0].Reason, "AuthorizationError") {
		t.Errorf("undelivered %+v", list)
	}
	denied := 0
	for _, d := range w.sb.Denials() {
		if d.UserIdentity.InvokedBy == "events.amazonaws.com" && d.EventName == "Publish" {
			denied++
		}
	}
	if denied != 1 {
		t.Errorf("%d denials are recorded", denied)
	}
	_, err := w.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String("")})
	w.must(err)
	w.put("app", "Finding", `{"severity":8}`)
	if n := len(w.sb.Undelivered()); n != 2 {
		t.Errorf("with the default policy %d deliveries failed, want 2", n)
	}

	// A disabled rule trips nothing.
	w.admit(topic, rule)
	_, err = w.ev.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: aws.String("high")})
	w.must(err)
	w.put("app", "Finding", `{"severity":8}`)
	_, err = w.ev.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: aws.String("high")})
	w.must(err)
	if len(w.got()) != 1 || len(w.sb.Undelivered()) != 2 {
		t.Errorf("%q %+v", w.got(), w.sb.Undelivered())
	}
}

func TestEncryptedTopicNeedsAKeyThatAdmitsEventBridge(t *testing.T) {
	w := start(t)
	rule := w.rule("all", `{"source":["app"]}`, "")
	topic := w.topic("alerts", rule)
	w.must(w.target("all", types.Target{Arn: &topic}))
	key, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	_, err = w.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: aws.String("KmsMasterKeyId"), AttributeValue: key.KeyMetadata.Arn})
	w.must(err)
	w.put("app", "x", `{}`)
	list := w.sb.Undelivered()
	if len(w.got()) != 0 || len(list) != 1 || !strings.Contains(list[0].Reason, "KMSAccessDenied") {
		t.Fatalf("%q %+v", w.got(), list)
	}
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sandbox.DefaultAccount + `:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"` + sandbox.DefaultAccount + `"}}}]}`
	_, err = w.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: key.KeyMetadata.KeyId, Policy: &doc})
	w.must(err)
	w.put("app", "x", `{}`)
	if len(w.got()) != 1 {
		t.Errorf("%q %+v", w.got(), w.sb.Undelivered())
	}
}

func TestInputsAreShaped(t *testing.T) {
	w := start(t)
	rule := w.rule("all", `{"source":["app"]}`, "")
	topic := w.topic("alerts", rule)
	transform := func(template string, paths map[string]string) types.Target {
		return types.Target{InputTransformer: &types.InputTransformer{InputTemplate: &template, InputPathsMap: paths}}
	}
	paths := map[string]string{"n": "$.detail.n", "s": "$.detail.s", "o": "$.detail.o", "first": "$.detail.list[0].k", "all": "$.detail.list[*].k", "odd": "$.detail['odd name']", "none": "$.detail.none"}
	for _, c := range []struct {
		target types.Target
		want   string
	}{
		{types.Target{Input: aws.String(`{"fixed":true}`)}, `{"fixed":true}`},
		{types.Target{InputPath: aws.String("$.detail.o")}, `{"a":[1]}`},
		{types.Target{InputPath: aws.String("$.detail.s")}, `"q\"<x>"`},
		{transform(`"rule <aws.events.rule-name>: <s>, <n>"`, paths), `"rule all: q\"<x>, 7.50"`},
		{transform(`{"n": <n>, "s": <s>, "o": <o>, "in": "<n> <o>", "first": <first>, "all": <all>, "odd": <odd>, "none": <none>}`, paths),
			`{"n": 7.50, "s": "q\"<x>", "o": {"a":[1]}, "in": "7.50 {\"a\":[1]}", "first": 1, "all": [1,2], "odd": true, "none": ""}`},
		{transform("\"one <n>\"\n\"two <aws.events.rule-arn>\"", paths), "\"one 7.50\"\n\"two " + rule + "\""},
	} {
		c.target.Arn = &topic
		w.must(w.target("all", c.target))
		before := len(w.got())
		w.put("app", "x", `{"n":7.50,"s":"q\"<x>","o":{"a":[1]},"list":[{"k":1},{"k":2}],"odd name":true}`)
		got := w.got()
		if len(got) != before+1 || got[before] != c.want {
			t.Errorf("got %q, want %s; undelivered %+v", got[before:], c.want, w.sb.Undelivered())
		}
	}
	for _, c := range []struct {
		target types.Target
		words  string
	}{
		{types.Target{Input: aws.String("{")}, "JSON syntax error"},
		{types.Target{InputPath: aws.String("detail")}, "Invalid InputPath"},
		{types.Target{Input: aws.String("1"), InputPath: aws.String("$")}, "Only one of"},
		{transform(`"<unknown>"`, paths), "invalid placeholder unknown"},
		{transform(`{"a": }`, paths), "Invalid InputTemplate"},
		{transform(`plain <n>`, paths), "Invalid InputTemplate"},
		{types.Target{RoleArn: aws.String("arn:aws:iam::" + sandbox.DefaultAccount + ":role/x")}, "RoleArn"},
		{types.Target{DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:eu-west-2:1:q")}}, "DeadLetterConfig"},
		{types.Target{SqsParameters: &types.SqsParameters{}}, "SqsParameters"},
		{types.Target{RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)}}, "MaximumRetryAttempts"},
	} {
		c.target.Arn = &topic
		w.refused(w.target("all", c.target), "ValidationException", c.words)
	}
	w.refused(w.target("all", types.Target{Arn: aws.String("arn:aws:sqs:eu-west-2:123456789012:q")}), "ValidationException", "targets of the service sqs")
	w.refused(w.target("all", types.Target{Arn: aws.String("nonsense")}), "ValidationException", "correct format")
}

func TestSchedulesFireAsTimeGoesOn(t *testing.T) {
	w := start(t)
	rule := w.rule("often", "", "rate(5 minutes)")
	topic := w.topic("alerts", rule)
	w.must(w.target("often", types.Target{Arn: &topic, InputPath: aws.String("$.resources[0]")}))
	w.must(w.sb.Advance(5*time.Minute - 30*time.Second))
	w.must(w.sb.Settle(ctx))
	if got := w.got(); len(got) != 0 {
		t.Errorf("%q", got)
	}
	w.must(w.sb.Advance(11 * time.Minute))
	w.must(w.sb.Settle(ctx))
	if got := w.got(); len(got) != 3 || got[0] != `"`+rule+`"` {
		t.Errorf("%q %+v", got, w.sb.Undelivered())
	}
	for _, bad := range []string{"rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5 weeks)", "cron(* * * * *)", "cron(0 12 * * * *)", "cron(0 12 ? * ? *)", "cron(60 12 * * ? *)", "at(2026)", "cron(0 12 9-3 * ? *)"} {
		_, err := w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("bad"), ScheduleExpression: &bad})
		w.refused(err, "ValidationException", "ScheduleExpression is not valid")
	}
	_, err := w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("bad"), ScheduleExpression: aws.String("cron(0 12 L * ? *)")})
	w.refused(err, "ValidationException", "L, W and #")
}

// A schedule goes on where it was, without any request.
func TestSchedulesOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	run := func(do func(w *world)) {
		t.Helper()
		sb, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		cfg := sb.Config(sb.Credentials())
		do(&world{t, sb, eventbridge.NewFromConfig(cfg), sns.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)})
		if err := sb.Close(); err != nil {
			t.Fatal(err)
		}
	}
	rule := ""
	run(func(w *world) {
		rule = w.rule("often", "", "rate(5 minutes)")
		w.rule("selects", `{"source":["app"]}`, "")
		topic, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("closed")})
		w.must(err)
		w.must(w.target("often", types.Target{Arn: topic.TopicArn}))
		w.must(w.target("selects", types.Target{Arn: topic.TopicArn}))
	})
	run(func(w *world) {
		w.must(w.sb.Advance(6 * time.Minute))
		w.must(w.sb.Settle(ctx))
		if list := w.sb.Undelivered(); len(list) != 1 || list[0].From != rule {
			t.Errorf("%+v", list)
		}
		w.put("app", "x", "{}")
		if list := w.sb.Undelivered(); len(list) != 2 {
			t.Errorf("%+v", list)
		}
	})
}

func TestRulesAndTheirErrors(t *testing.T) {
	w := start(t)
	_, err := w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"a":1}`)})
	w.refused(err, "InvalidEventPatternException", `Event pattern is not valid. Reason: "a" must be an object or an array`)
	_, err = w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r")})
	w.refused(err, "ValidationException", "EventPattern or ScheduleExpression")
	_, err = w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventBusName: aws.String("none"), EventPattern: aws.String(`{"source":["a"]}`)})
	w.refused(err, "ResourceNotFoundException", "Event bus none does not exist.")
	_, err = w.ev.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")})
	w.refused(err, "ResourceNotFoundException", "Rule r does not exist on EventBus default.")
	w.rule("r", `{"source":["a"]}`, "")
	out, err := w.ev.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")})
	w.must(err)
	if *out.EventPattern != `{"source":["a"]}` || out.State != types.RuleStateEnabled || *out.EventBusName != "default" || *out.CreatedBy != sandbox.DefaultAccount {
		t.Errorf("%+v", out)
	}
	topic, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	w.must(err)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		w.must(w.target("r", types.Target{Id: &id, Arn: topic.TopicArn}))
	}
	w.refused(w.target("r", types.Target{Id: aws.String("6"), Arn: topic.TopicArn}), "LimitExceededException", "")
	names, err := w.ev.ListRuleNamesByTarget(ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: topic.TopicArn})
	w.must(err)
	if len(names.RuleNames) != 1 || names.RuleNames[0] != "r" {
		t.Errorf("%v", names.RuleNames)
	}
	first, err := w.ev.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r"), Limit: aws.Int32(3)})
	w.must(err)
	rest, err := w.ev.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r"), NextToken: first.NextToken})
	w.must(err)
	if len(first.Targets) != 3 || len(rest.Targets) != 2 || *rest.Targets[0].Id != "4" {
		t.Errorf("%d and %d targets", len(first.Targets), len(rest.Targets))
	}
	_, err = w.ev.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	w.refused(err, "ValidationException", "since it has targets")
	removed, err := w.ev.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"1", "2", "3", "4", "5", "9"}})
	w.must(err)
	if removed.FailedEntryCount != 1 || *removed.FailedEntries[0].TargetId != "9" {
		t.Errorf("%+v", removed)
	}
	_, err = w.ev.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	w.must(err)
	rules, err := w.ev.ListRules(ctx, &eventbridge.ListRulesInput{})
	w.must(err)
	if len(rules.Rules) != 0 {
		t.Errorf("%+v", rules.Rules)
	}
}

func TestBusesAndTheirPolicies(t *testing.T) {
	w := start(t)
	bus := "orders"
	made, err := w.ev.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &bus, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	w.must(err)
	if *made.EventBusArn != arn("event-bus/orders") {
		t.Errorf("%s", *made.EventBusArn)
	}
	_, err = w.ev.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &bus})
	w.refused(err, "ResourceAlreadyExistsException", "")
	_, err = w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventBusName: &bus, EventPattern: aws.String(`{"source":["app"]}`)})
	w.must(err)
	_, err = w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("s"), EventBusName: &bus, ScheduleExpression: aws.String("rate(1 hour)")})
	w.refused(err, "ValidationException", "only on the default event bus")
	topic := w.topic("orders", arn("rule/orders/r"))
	_, err = w.ev.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), EventBusName: &bus, Targets: []types.Target{{Id: aws.String("t"), Arn: &topic, InputPath: aws.String("$.account")}}})
	w.must(err)

	other, err := w.sb.RootCredentials("999988887777")
	w.must(err)
	stranger := eventbridge.NewFromConfig(w.sb.Config(other))
	send := func() error {
		_, err := stranger.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{EventBusName: made.EventBusArn, Source: aws.String("app"), DetailType: aws.String("x"), Detail: aws.String("{}")}}})
		return err
	}
	w.refused(send(), "AccessDeniedException", "events:PutEvents")
	_, err = w.ev.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &bus, Action: aws.String("events:PutEvents"), Principal: aws.String("999988887777"), StatementId: aws.String("other")})
	w.must(err)
	w.must(send())
	w.must(w.sb.Settle(ctx))
	if got := w.got(); len(got) != 1 || got[0] != `"999988887777"` {
		t.Errorf("%q %+v", got, w.sb.Undelivered())
	}
	_, err = w.ev.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: &bus, StatementId: aws.String("none")})
	w.refused(err, "ResourceNotFoundException", "")
	_, err = w.ev.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: &bus, StatementId: aws.String("other")})
	w.must(err)
	w.refused(send(), "AccessDeniedException", "")
	doc := `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":"999988887777"},"Action":"events:PutEvents","Resource":"` + *made.EventBusArn + `","Condition":{"StringEquals":{"events:source":"app"}}}]}`
	_, err = w.ev.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &bus, Policy: &doc})
	w.must(err)
	w.must(send())
	shown, err := w.ev.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &bus})
	w.must(err)
	if *shown.Policy != doc {
		t.Errorf("%s", *shown.Policy)
	}
	_, err = w.ev.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &bus, Policy: aws.String("{")})
	w.refused(err, "ValidationException", "Policy is not valid")
	_, err = w.ev.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &bus})
	w.refused(err, "ValidationException", "has rules")
	list, err := w.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	w.must(err)
	if len(list.EventBuses) != 2 || *list.EventBuses[0].Name != "default" {
		t.Errorf("%+v", list.EventBuses)
	}
	_, err = w.ev.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("k"), KmsKeyIdentifier: aws.String("alias/x")})
	w.refused(err, "ValidationException", "KmsKeyIdentifier")
}

func TestPutEventsJudgesEachEntry(t *testing.T) {
	w := start(t)
	entry := func(source, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: &source, DetailType: aws.String("x"), Detail: &detail}
	}
	out, err := w.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("app", "{}"), entry("aws.ec2", "{}"), entry("app", "[]"), entry("", "{}"), {Source: aws.String("app"), Detail: aws.String("{}"), DetailType: aws.String("x"), EventBusName: aws.String("none")},
	}})
	w.must(err)
	codes := ""
	for _, e := range out.Entries {
		codes += aws.ToString(e.ErrorCode) + " "
	}
	if codes != " NotAuthorizedForSourceException MalformedDetail InvalidArgument ResourceNotFoundException " || out.FailedEntryCount != 4 {
		t.Errorf("%q %d", codes, out.FailedEntryCount)
	}
	_, err = w.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry("app", `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)}})
	w.refused(err, "ValidationException", "over the limit")

	test := func(pattern, event string) (bool, error) {
		out, err := w.ev.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event})
		if err != nil {
			return false, err
		}
		return out.Result, nil
	}
	full := `{"id":"1","account":"1","source":"app","time":"2026-01-01T00:00:00Z","region":"eu-west-2","resources":[],"detail-type":"x","detail":{"a":1}}`
	for pattern, want := range map[string]bool{`{"source":["app"]}`: true, `{"source":["b"]}`: false} {
		if got, err := test(pattern, full); err != nil || got != want {
			t.Errorf("%s: %v %v", pattern, got, err)
		}
	}
	_, err = test(`{"source":[]}`, full)
	w.refused(err, "InvalidEventPatternException", "Empty arrays are not allowed")
	_, err = test(`{"source":["a"]}`, `{"source":"a"}`)
	w.refused(err, "ValidationException", "Event is not valid")
}

func TestConditionKeys(t *testing.T) {
	w := start(t)
	topic, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	w.must(err)
	c := w.user("limited", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"events:PutRule","Resource":"*","Condition":{"ForAllValues:StringEquals":{"events:source":["aws.guardduty"]},"Null":{"events:source":"false"}}},
		{"Effect":"Allow","Action":"events:PutTargets","Resource":"*","Condition":{"ForAllValues:ArnEquals":{"events:TargetArn":"`+*topic.TopicArn+`"},"Null":{"events:TargetArn":"false"}}},
		{"Effect":"Allow","Action":"events:DeleteRule","Resource":"`+arn("rule/*")+`","Condition":{"StringEquals":{"events:creatorAccount":"${aws:PrincipalAccount}","aws:ResourceTag/team":"x"}}},
		{"Effect":"Allow","Action":"events:TagResource","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}},
		{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"events:source":"app"}}}]}`)
	put := func(source string) error {
		_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["` + source + `"]}`)})
		return err
	}
	w.must(put("aws.guardduty"))
	w.refused(put("aws.ec2"), "AccessDeniedException", "events:PutRule on resource: "+arn("rule/r"))
	_, err = c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String(*topic.TopicArn + "x")}}})
	w.refused(err, "AccessDeniedException", "events:PutTargets")
	_, err = c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{Id: aws.String("1"), Arn: topic.TopicArn}}})
	w.must(err)
	_, err = w.ev.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"1"}})
	w.must(err)
	_, err = c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	w.refused(err, "AccessDeniedException", "events:DeleteRule")
	_, err = c.TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: aws.String(arn("rule/r")), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("x")}}})
	w.must(err)
	_, err = c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	w.must(err)
	for source, code := range map[string]string{"app": "", "other": "AccessDeniedException"} {
		_, err := c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: &source, DetailType: aws.String("x"), Detail: aws.String("{}")}}})
		if code == "" {
			w.must(err)
		} else {
			w.refused(err, code, "events:PutEvents")
		}
	}
	role := "arn:aws:iam::" + sandbox.DefaultAccount + ":role/x"
	_, err = c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{Id: aws.String("1"), Arn: topic.TopicArn, RoleArn: &role}}})
	w.refused(err, "AccessDeniedException", "iam:PassRole")
}
