package cloudtrail

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sns "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Topics is what trails need of SNS.
type Topics interface {
	// DeliveryChecks are what a service must be allowed by a topic and its key. The
	// error is SNS's: there is no such topic, or no such key.
	DeliveryChecks(c *op.Call, service *op.Caller, topicARN string) ([]op.Check, error)
}

// topicARN is the topic's ARN; empty: there is no topic.
func (t *trail) topicARN() string {
	if t.Topic == "" || len(t.Topic) > 3 && t.Topic[:4] == "arn:" {
		return t.Topic
	}
	return "arn:aws:sns:" + t.Region + ":" + t.Account + ":" + t.Topic
}

// topicForm is a standard topic's ARN: those in order take no messages of CloudTrail.
var topicForm = regexp.MustCompile(`^arn:aws:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]+$`)

// checkTopic: the topic is in the trail's region.
// Source: CloudTrail API_CreateTrail, Errors.
func (t *trail) checkTopic() error {
	if t.Topic == "" {
		return nil
	}
	m := topicForm.FindStringSubmatch(t.topicARN())
	if m == nil || len(t.Topic) > 256 {
		return fail("InvalidSnsTopicNameException", "Invalid SNS topic name: %s", t.Topic)
	}
	if m[1] != t.Region {
		return noTopic()
	}
	return nil
}

// knownTopic refuses a topic that is not there.
func (s *Service) knownTopic(c *op.Call, t *trail) error {
	if err := t.checkTopic(); err != nil || t.Topic == "" {
		return err
	}
	if _, err := s.topics.DeliveryChecks(c, t.service(), t.topicARN()); err != nil {
		return noTopic()
	}
	return nil
}

func noTopic() *op.Error {
	return fail("InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!")
}

// withTopic adds what CloudTrail itself must be allowed on the topic.
func (s *Service) withTopic(c *op.Call, checks []op.Check, t *trail) []op.Check {
	if t.Topic == "" {
		return checks
	}
	own, err := s.topics.DeliveryChecks(c, t.service(), t.topicARN())
	if err != nil {
		return checks // the handler says why, to those who may ask
	}
	for _, check := range own {
		check.OnDeny = noTopic()
		checks = append(checks, check)
	}
	return checks
}

// tell publishes where a log file is.
// Source: CloudTrail User Guide "Configuring Amazon SNS notifications for CloudTrail".
func (d *Deliverer) tell(ctx context.Context, t *trail, key string) error {
	message, err := encode(struct {
		Bucket string   `json:"s3Bucket"`
		Keys   []string `json:"s3ObjectKey"`
	}{t.Bucket, []string{key}})
	if err != nil {
		return err
	}
	client := sns.New(sns.Options{
		Region: t.Region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: d.as(t.service())},
	})
	_, err = client.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(t.topicARN()), Message: aws.String(string(message))})
	return err
}

// notified keeps how telling the topic went.
func (st *status) notified(t *trail, now time.Time, problem error) {
	if t.Topic == "" {
		return
	}
	st.Tried = now
	if problem != nil {
		st.TopicError = codeOf(problem)
		return
	}
	st.Told, st.TopicError = now, ""
}
