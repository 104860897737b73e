package sns

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

// DeliveryChecks are what a service must be allowed that will publish to a topic: by
// the topic, and by its key. The error is SNS's: there is no such topic, or no such
// key. Call it under the state's lock.
func (s *Service) DeliveryChecks(c *op.Call, service *op.Caller, topicARN string) ([]op.Check, error) {
	own := *c
	own.Caller, own.Secure = service, true
	if _, err := s.existing(&topicARN); err != nil {
		return nil, err
	}
	checks, err := s.publishChecks(&own, &topicARN)
	for i := range checks {
		checks[i].Caller = service
	}
	return checks, err
}

// TopicExists reports whether there is a topic of this ARN. Call it under the state's
// lock.
func (s *Service) TopicExists(arn string) bool { return s.topics.Get(arn) != nil }
