package cloudwatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account = sandbox.DefaultAccount
	region  = sandbox.DefaultRegion
)

var ctx = context.Background()

type world struct {
	*testing.T
	sb  *sandbox.Sandbox
	cw  *cloudwatch.Client
	sns *sns.Client
	ev  *eventbridge.Client
	iam *iam.Client
	kms *kms.Client
}

// open starts a sandbox at the beginning of a minute of its own time. Alarms are evaluated
// at each full minute: a state set by hand would last, or not, by when the test began.
func open(t *testing.T) *world {
	now := time.Now()
	early := now.Truncate(time.Minute).Add(time.Second).Sub(now)
	return start(t, sandbox.Options{Clock: func() time.Time { return time.Now().Add(early) }})
}

// openAt starts one that keeps what is in dir, at the time that it is.
func openAt(t *testing.T, dir string) *world { return start(t, sandbox.Options{DataDir: dir}) }

func start(t *testing.T, options sandbox.Options) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	return &world{t, sb, cloudwatch.NewFromConfig(cfg), sns.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code, words string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		w.Errorf("got %v, want %s with %q", err, code, words)
	}
}

// pass moves the time on, and waits until all that is due is done.
func (w *world) pass(d time.Duration) {
	w.Helper()
	w.must(w.sb.Advance(d))
	w.must(w.sb.Settle(ctx))
}

// user makes an IAM user with an inline policy.
func (w *world) user(name, policy string) aws.Config {
	w.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
}

// topic makes a topic whose mail the test reads.
func (w *world) topic(name string) string {
	w.Helper()
	out, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	w.must(err)
	_, err = w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: out.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String(name + "@example.com")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	mails := w.sb.Mail()
	r, err := w.sb.HTTPClient().Get(mails[len(mails)-1].Confirm)
	w.must(err)
	_ = r.Body.Close()
	return *out.TopicArn
}

// attribute sets one of a topic.
func (w *world) attribute(topic, name, value string) {
	w.Helper()
	_, err := w.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: &name, AttributeValue: &value})
	w.must(err)
}

// notice is an alarm's message, and its subject.
type notice struct {
	Subject                                                                            string
	AlarmName, NewStateValue, OldStateValue, NewStateReason, StateChangeTime, AlarmArn string
	Body                                                                               string
}

// notices are the mails that are no confirmations.
func (w *world) notices() (list []notice) {
	w.Helper()
	for _, m := range w.sb.Mail() {
		if m.Confirm != "" {
			continue
		}
		body, _, _ := strings.Cut(m.Body, "\n\n--\n")
		n := notice{Subject: m.Subject, Body: body}
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			w.Fatalf("%q: %v", body, err)
		}
		list = append(list, n)
	}
	return list
}

// sign is an alarm on any value in five minutes, as on a metric filter.
func sign(name, topic string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("room"), MetricName: aws.String(name), Statistic: types.StatisticSum, Period: aws.Int32(300),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		TreatMissingData: aws.String("notBreaching"), AlarmActions: []string{topic},
	}
}

func (w *world) put(in *cloudwatch.PutMetricAlarmInput) {
	w.Helper()
	_, err := w.cw.PutMetricAlarm(ctx, in)
	w.must(err)
}

func (w *world) value(name string, v float64) {
	w.Helper()
	_, err := w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("room"), MetricData: []types.MetricDatum{{MetricName: &name, Value: &v, Timestamp: aws.Time(w.sb.Now())}}})
	w.must(err)
}

func (w *world) alarm(name string) types.MetricAlarm {
	w.Helper()
	out, err := w.cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	w.must(err)
	if len(out.MetricAlarms) != 1 {
		w.Fatalf("%d alarms", len(out.MetricAlarms))
	}
	return out.MetricAlarms[0]
}
