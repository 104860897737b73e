package sns_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
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
	return &world{t, sb, sns.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) topic(name string) string {
	w.t.Helper()
	out, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	w.must(err)
	return *out.TopicArn
}

// user makes an IAM user with an inline policy, empty for none.
func (w *world) user(name, policy string) *sns.Client {
	w.t.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	if policy != "" {
		_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
		w.must(err)
	}
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return sns.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

func (w *world) refused(err error, code, words string) {
	w.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		w.t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

func (w *world) attributes(arn string) map[string]string {
	w.t.Helper()
	out, err := w.sns.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	w.must(err)
	return out.Attributes
}

func (w *world) set(arn, name, value string) error {
	_, err := w.sns.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: &name, AttributeValue: &value})
	return err
}

func (w *world) subscribe(arn, protocol, endpoint string, attributes map[string]string) string {
	w.t.Helper()
	out, err := w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes, ReturnSubscriptionArn: true})
	w.must(err)
	return *out.SubscriptionArn
}

func (w *world) follow(link string) int {
	w.t.Helper()
	r, err := w.sb.HTTPClient().Get(link)
	w.must(err)
	_ = r.Body.Close()
	return r.StatusCode
}

func (w *world) publish(arn, text string) {
	w.t.Helper()
	_, err := w.sns.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: &text})
	w.must(err)
	w.must(w.sb.Settle(ctx))
}

func TestMailReachesWhoeverConfirmed(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	sub := w.subscribe(arn, "email", "duty@example.com", nil)
	w.must(w.sb.Settle(ctx))
	w.publish(arn, "too early")
	mails := w.sb.Mail()
	if len(mails) != 1 || mails[0].To != "duty@example.com" || mails[0].Confirm == "" || !strings.Contains(mails[0].Body, mails[0].Confirm) {
		t.Fatalf("mails %+v", mails)
	}
	state := func() string {
		t.Helper()
		out, err := w.sns.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &sub})
		w.must(err)
		return out.Attributes["PendingConfirmation"]
	}
	if state() != "true" {
		t.Error("the subscription is not pending")
	}
	_, err := w.sns.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &sub})
	w.refused(err, "InvalidParameter", "pending confirmation")
	if code := w.follow(strings.Replace(mails[0].Confirm, "Token=", "Token=0", 1)); code != 400 {
		t.Errorf("a wrong token is answered %d", code)
	}
	if code := w.follow(mails[0].Confirm); code != 200 || state() != "false" {
		t.Fatalf("the link answers %d, pending is %s", code, state())
	}
	subject := "Look"
	_, err = w.sns.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("root signed in"), Subject: &subject})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	mails = w.sb.Mail()
	if len(mails) != 2 || mails[1].Subject != "Look" || !strings.HasPrefix(mails[1].Body, "root signed in\n") || mails[1].Topic != arn {
		t.Fatalf("mails %+v", mails)
	}
	a := w.attributes(arn)
	if a["SubscriptionsConfirmed"] != "1" || a["SubscriptionsPending"] != "0" {
		t.Errorf("%v", a)
	}
	_, link, _ := strings.Cut(mails[1].Body, "unsubscribe:\n")
	if code := w.follow(strings.TrimSpace(link)); code != 200 {
		t.Errorf("the link that unsubscribes answers %d", code)
	}
	w.publish(arn, "nobody listens")
	if n := len(w.sb.Mail()); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestTokensEnd(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	w.subscribe(arn, "email", "duty@example.com", nil)
	w.must(w.sb.Settle(ctx))
	w.must(w.sb.Advance(48 * time.Hour))
	if code := w.follow(w.sb.Mail()[0].Confirm); code != 400 {
		t.Errorf("after two days the link answers %d", code)
	}
}

func TestFiltersPickMessages(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	byAttribute, byBody := newReceiver(t), newReceiver(t)
	w.confirmed(byAttribute, arn, map[string]string{"FilterPolicy": `{"severity":["high",{"numeric":[">=",7]}],"team":["a"]}`})
	w.confirmed(byBody, arn, map[string]string{"FilterPolicyScope": "MessageBody", "FilterPolicy": `{"finding":{"severity":["high"]}}`})
	send := func(body string, attributes map[string]types.MessageAttributeValue) {
		t.Helper()
		_, err := w.sns.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: &body, MessageAttributes: attributes})
		w.must(err)
	}
	value := func(kind, v string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &kind, StringValue: &v}
	}
	send("a", map[string]types.MessageAttributeValue{"severity": value("Number", "7.5"), "team": value("String.Array", `["b","a"]`)})
	send("b", map[string]types.MessageAttributeValue{"severity": value("Number", "6.9"), "team": value("String", "a")})
	send("c", map[string]types.MessageAttributeValue{"severity": value("String", "high")})
	send(`{"finding":{"severity":"high"}}`, nil)
	send(`{"finding":{"severity":"low"}}`, nil)
	w.must(w.sb.Settle(ctx))
	if _, bodies := byAttribute.all(); len(bodies) != 2 || w.verify(bodies[1])["Message"] != "a" {
		t.Errorf("by attribute: %q", bodies)
	}
	if _, bodies := byBody.all(); len(bodies) != 2 || w.verify(bodies[1])["Message"] != `{"finding":{"severity":"high"}}` {
		t.Errorf("by body: %q", bodies)
	}
	_, err := w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("email"), Endpoint: aws.String("a@b.c"), Attributes: map[string]string{"FilterPolicy": `{"a":{"b":["c"]}}`}})
	w.refused(err, "InvalidParameter", "nested")
	_, err = w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("email"), Endpoint: aws.String("a@b.c"), Attributes: map[string]string{"FilterPolicy": `{"a":[]}`}})
	w.refused(err, "InvalidParameter", "FilterPolicy: Empty arrays are not allowed")
}

func TestTopicsAreMadeOnceAndKeepTheirAttributes(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	if again := w.topic("alerts"); again != arn || arn != "arn:aws:sns:eu-west-2:"+sandbox.DefaultAccount+":alerts" {
		t.Errorf("%s and %s", arn, again)
	}
	_, err := w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts"), Attributes: map[string]string{"DisplayName": "other"}})
	w.refused(err, "InvalidParameter", "different attributes")
	_, err = w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	w.refused(err, "InvalidParameter", "different tags")
	for name, value := range map[string]string{"DisplayName": "A", "SignatureVersion": "2", "TracingConfig": "PassThrough", "HTTPSuccessFeedbackSampleRate": "0", "KmsMasterKeyId": "alias/aws/sns",
		"DeliveryPolicy": `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":30,"numRetries":4}}}`} {
		w.must(w.set(arn, name, value))
		if got := w.attributes(arn)[name]; got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if got := w.attributes(arn)["EffectiveDeliveryPolicy"]; !strings.Contains(got, `"minDelayTarget":5`) || !strings.Contains(got, `"numRetries":4`) {
		t.Errorf("EffectiveDeliveryPolicy %s", got)
	}
	for name, want := range map[string][2]string{
		"Nonsense": {"x", "AttributeName"}, "TracingConfig": {"Active", "PassThrough alone"}, "HTTPSuccessFeedbackSampleRate": {"101", "percentage"},
		"LambdaFailureFeedbackRoleArn": {"arn:aws:iam::1:role/x", "status of deliveries"}, "FifoTopic": {"true", "FIFO"}, "ArchivePolicy": {"{}", "FIFO"},
		"DeliveryPolicy": {`{"http":{"defaultThrottlePolicy":{}}}`, "throttle"}, "SignatureVersion": {"3", "SignatureVersion"},
	} {
		w.refused(w.set(arn, name, want[0]), "InvalidParameter", want[1])
	}
	_, err = w.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("a.fifo")})
	w.refused(err, "InvalidParameter", "FIFO")
	for protocol, endpoint := range map[string]string{"sqs": "arn:aws:sqs:eu-west-2:1:q", "sms": "+4400", "firehose": "x", "pigeon": "x", "email": "nobody", "http": "https://x"} {
		_, err := w.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: &protocol, Endpoint: &endpoint})
		w.refused(err, "InvalidParameter", "")
	}
	_, err = w.sns.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &arn})
	w.must(err)
	_, err = w.sns.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	w.refused(err, "NotFound", "Topic does not exist")
	_, err = w.sns.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	w.refused(err, "NotFound", "Topic does not exist")
}

func TestTopicPolicyDecides(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	nobody := w.user("nobody", "")
	publisher := w.user("publisher", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"`+arn+`"}}`)
	publish := func(c *sns.Client) error {
		_, err := c.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
		return err
	}
	// The default policy asks for AWS:SourceOwner, which users do not carry.
	w.refused(publish(nobody), "AuthorizationError", "is not authorized to perform: SNS:Publish on resource: "+arn)
	w.must(publish(publisher))
	policy := func(effect, who string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"` + effect + `","Principal":` + who + `,"Action":"sns:Publish","Resource":"` + arn + `"}]}`
	}
	w.must(w.set(arn, "Policy", policy("Allow", `{"AWS":"arn:aws:iam::`+sandbox.DefaultAccount+`:user/nobody"}`)))
	w.must(publish(nobody))
	w.must(w.set(arn, "Policy", policy("Deny", `"*"`)))
	w.refused(publish(publisher), "AuthorizationError", "explicit deny in a resource-based policy")
	w.refused(w.set(arn, "Policy", strings.Replace(policy("Allow", `"*"`), "sns:Publish", "sns:*", 1)), "InvalidParameter", "out of service scope")
	w.refused(w.set(arn, "Policy", "{"), "InvalidParameter", "Policy Error")

	// Another account, by AddPermission.
	other, err := w.sb.RootCredentials("999988887777")
	w.must(err)
	stranger := sns.NewFromConfig(w.sb.Config(other))
	w.must(w.set(arn, "Policy", ""))
	w.refused(publish(stranger), "AuthorizationError", "")
	_, err = w.sns.AddPermission(ctx, &sns.AddPermissionInput{TopicArn: &arn, Label: aws.String("l"), AWSAccountId: []string{"999988887777"}, ActionName: []string{"Publish"}})
	w.must(err)
	w.must(publish(stranger))
	_, err = w.sns.RemovePermission(ctx, &sns.RemovePermissionInput{TopicArn: &arn, Label: aws.String("l")})
	w.must(err)
	w.refused(publish(stranger), "AuthorizationError", "")
}

func TestSubscribeConditionKeys(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	c := w.user("subscriber", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:Subscribe","Resource":"*","Condition":{"StringEquals":{"sns:Protocol":"email"},"StringLike":{"sns:Endpoint":"*@example.com"}}}}`)
	for endpoint, code := range map[string]string{"a@example.com": "", "a@example.org": "AuthorizationError"} {
		_, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("email"), Endpoint: &endpoint})
		if code == "" {
			w.must(err)
		} else {
			w.refused(err, code, "SNS:Subscribe")
		}
	}
}

func TestEncryptedTopicsNeedTheKey(t *testing.T) {
	w := start(t)
	key, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	arn := w.topic("alerts")
	w.must(w.set(arn, "KmsMasterKeyId", *key.KeyMetadata.Arn))
	r := newReceiver(t)
	w.confirmed(r, arn, nil)
	only := w.user("only", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}}`)
	both := w.user("both", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"},{"Effect":"Allow","Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*",
		"Condition":{"StringEquals":{"kms:EncryptionContext:aws:sns:topicArn":"`+arn+`","kms:ViaService":"sns.eu-west-2.amazonaws.com"}}}]}`)
	_, err = only.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	w.refused(err, "KMSAccessDenied", "kms:GenerateDataKey")
	_, err = both.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("sealed")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	if _, bodies := r.all(); len(bodies) != 2 || w.verify(bodies[1])["Message"] != "sealed" {
		t.Errorf("%q", bodies)
	}
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
	w.must(err)
	_, err = both.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	w.refused(err, "KMSDisabled", "")
}

func TestListsTagsAndBatches(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	for i := range 101 {
		w.topic("many-" + string(rune('a'+i/26)) + string(rune('a'+i%26)))
	}
	count := 0
	p := sns.NewListTopicsPaginator(w.sns, &sns.ListTopicsInput{})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		w.must(err)
		count += len(page.Topics)
	}
	if count != 102 {
		t.Errorf("%d topics", count)
	}
	_, err := w.sns.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("x")}}})
	w.must(err)
	tagged := w.user("tagged", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:GetTopicAttributes","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"x"}}}}`)
	_, err = tagged.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	w.must(err)
	_, err = w.sns.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team"}})
	w.must(err)
	_, err = tagged.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	w.refused(err, "AuthorizationError", "")
	out, err := w.sns.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	w.must(err)
	if len(out.Tags) != 0 {
		t.Errorf("%v", out.Tags)
	}
	r := newReceiver(t)
	w.confirmed(r, arn, nil)
	w.subscribe(arn, "email", "a@example.com", nil)
	list, err := w.sns.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	w.must(err)
	pending := 0
	for _, s := range list.Subscriptions {
		if *s.SubscriptionArn == "PendingConfirmation" {
			pending++
		}
	}
	if len(list.Subscriptions) != 2 || pending != 1 {
		t.Errorf("%+v", list.Subscriptions)
	}
	all, err := w.sns.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})
	w.must(err)
	if len(all.Subscriptions) != 2 {
		t.Errorf("%+v", all.Subscriptions)
	}
	batch, err := w.sns.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("1"), Message: aws.String("one")}, {Id: aws.String("2"), Message: aws.String("")}, {Id: aws.String("3"), Message: aws.String("three")},
	}})
	w.must(err)
	if len(batch.Successful) != 2 || len(batch.Failed) != 1 || *batch.Failed[0].Id != "2" {
		t.Errorf("%+v", batch)
	}
	w.must(w.sb.Settle(ctx))
	if _, bodies := r.all(); len(bodies) != 3 {
		t.Errorf("%q", bodies)
	}
}

// What is in the queue, and who confirmed, outlives the process.
func TestStateIsKept(t *testing.T) {
	dir := t.TempDir()
	run := func(do func(w *world)) {
		t.Helper()
		sb, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		cfg := sb.Config(sb.Credentials())
		do(&world{t, sb, sns.NewFromConfig(cfg), iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)})
		if err := sb.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var arn string
	run(func(w *world) {
		arn = w.topic("alerts")
		w.subscribe(arn, "email", "a@example.com", map[string]string{"FilterPolicyScope": "MessageBody", "FilterPolicy": `{"a":[1]}`})
		w.must(w.sb.Settle(ctx))
	})
	run(func(w *world) {
		if code := w.follow(w.sb.Mail()[0].Confirm); code != 200 {
			t.Fatalf("the link answers %d", code)
		}
		w.publish(arn, `{"a":2}`)
		w.publish(arn, `{"a":1}`)
		if mails := w.sb.Mail(); len(mails) != 2 || !strings.HasPrefix(mails[1].Body, `{"a":1}`) {
			t.Errorf("%+v", mails)
		}
	})
}
