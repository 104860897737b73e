package cloudtrail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// EventBridge passes calls on while a trail logs them, the one that stops it included,
// and none afterwards.
func TestCallsBecomeEventsWhileATrailLogs(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	cfg := w.sb.Config(w.sb.Credentials())
	topics, rules := sns.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:` + region + `:` + account + `:alerts"}]}`,
	}})
	w.must(err)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	for _, m := range w.sb.Mail() {
		if m.Confirm != "" {
			answer, err := w.sb.HTTPClient().Get(m.Confirm)
			w.must(err)
			w.must(answer.Body.Close())
		}
	}
	_, err = rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("calls"), EventPattern: aws.String(`{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["StopLogging","StartLogging","CreateTopic"]}}`)})
	w.must(err)
	_, err = rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("calls"), Targets: []ebtypes.Target{{Id: aws.String("a"), Arn: topic.TopicArn}}})
	w.must(err)
	told := func() (list []string) {
		w.must(w.sb.Settle(ctx))
		for _, m := range w.sb.Mail() {
			for _, name := range []string{"StopLogging", "StartLogging", "CreateTopic"} {
				if strings.Contains(m.Body, `"eventName":"`+name+`"`) {
					list = append(list, name)
				}
			}
		}
		return list
	}
	call := func() {
		_, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("other")})
		w.must(err)
	}
	call()
	if got := told(); len(got) != 0 {
		t.Errorf("without a trail: %q", got)
	}
	w.create()
	call()
	w.pass(2 * time.Second)
	_, err = w.trail.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	w.must(err)
	w.pass(2 * time.Second)
	call()
	if got := told(); strings.Join(got, " ") != "StartLogging CreateTopic StopLogging" {
		t.Errorf("told of %q", got)
	}
}

// What waits, and the chain of digests, outlive the sandbox.
func TestDeliveriesOutliveTheSandbox(t *testing.T) {
	dir := t.TempDir()
	at := time.Now()
	run := func(use func(*world)) {
		sb, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		cfg := sb.Config(sb.Credentials())
		w := &world{T: t, sb: sb, trail: cloudtrail.NewFromConfig(cfg), s3: s3Of(cfg)}
		use(w)
		w.must(sb.Close())
	}
	run(func(w *world) {
		w.bucket(logs)
		w.create()
		w.pass(time.Hour)
		w.pass(0)
	})
	run(func(w *world) {
		w.must(w.sb.Settle(ctx))
		w.pass(4 * time.Hour)
		if out, ok := w.validate(at, w.sb.Now(), region); !ok || !strings.Contains(out, "digest files valid") || !strings.Contains(out, "log files valid") || strings.Contains(out, "INVALID") || strings.Contains(out, "No log files were delivered") || strings.Contains(out, "\n0/") {
			t.Errorf("%v\n%s", ok, out)
		}
		if got := strings.Join(names(w.records(region)), " "); !strings.Contains(got, "StartLogging") || strings.Count(got, "StartLogging") != 1 {
			t.Errorf("recorded %s", got)
		}
	})
}
