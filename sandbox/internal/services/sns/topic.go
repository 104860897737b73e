package sns

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// topic is a standard topic.
type topic struct {
	ARN, Name, Account, Region string
	Created                    time.Time
	// Policy is its text, PolicyIDs the principals that it named when it was set.
	Policy    string
	PolicyIDs map[string]string
	// Attributes are those set, but Policy.
	Attributes map[string]string
	Tags       map[string]string
	// Deleted counts subscriptions that are gone.
	Deleted int

	compiled *policy.Policy
}

// Loaded compiles the policy after the record was read from disk.
func (t *topic) Loaded() error {
	p, err := policy.Parse(t.ARN, []byte(t.Policy), policy.Resource)
	if err != nil {
		return err
	}
	t.compiled, err = p.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := t.PolicyIDs[arn]
		return id, ok
	})
	return err
}

func (t *topic) copy() *topic {
	own := *t
	own.Attributes = maps.Clone(t.Attributes)
	return &own
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (s *Service) topicRows() []op.Row {
	return []op.Row{
		op.New("CreateTopic", "SNS API_CreateTopic", op.Write, s.checkCreate, s.create),
		op.New("DeleteTopic", "SNS API_DeleteTopic", op.Write,
			topicCheck(s, "DeleteTopic", func(in *sdk.DeleteTopicInput) *string { return in.TopicArn }), s.delete),
		op.New("ListTopics", "SNS API_ListTopics", op.Read,
			func(c *op.Call, _ *sdk.ListTopicsInput) ([]op.Check, error) {
				return []op.Check{{Action: "sns:ListTopics", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
			}, s.list),
	}
}

func (s *Service) checkCreate(c *op.Call, in *sdk.CreateTopicInput) ([]op.Check, error) {
	name := text(in.Name)
	if strings.HasSuffix(name, ".fifo") || in.Attributes["FifoTopic"] == "true" {
		return nil, invalid("FifoTopic Reason: the sandbox does not implement FIFO topics")
	}
	if in.DataProtectionPolicy != nil {
		return nil, invalid("DataProtectionPolicy Reason: the sandbox does not implement data protection policies")
	}
	if len(name) > 256 || !topicName.MatchString(name) {
		return nil, invalid("Topic Name")
	}
	asked, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	arn := topicARN(c.Region, c.Caller.Account, name)
	keys := tags.RequestKeys(asked)
	check, err := s.onTopic(c, "CreateTopic", &arn, keys...)
	if err != nil {
		return nil, err
	}
	checks := []op.Check{check}
	// Source: SNS API_CreateTopic, Tags: "you must have the sns:CreateTopic and
	// sns:TagResource permissions".
	if len(asked) > 0 {
		check.Action = "sns:TagResource"
		checks = append(checks, check)
	}
	return checks, nil
}

func topicARN(region, account, name string) string {
	return "arn:aws:sns:" + region + ":" + account + ":" + name
}

func (s *Service) create(c *op.Call, in *sdk.CreateTopicInput) (*sdk.CreateTopicOutput, error) {
	asked, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	t := &topic{Name: *in.Name, Account: c.Caller.Account, Region: c.Region, Created: c.Now, Attributes: map[string]string{}, Tags: asked}
	t.ARN = topicARN(t.Region, t.Account, t.Name)
	if there := s.topics.Get(t.ARN); there != nil {
		return s.again(there, in, asked)
	}
	if err := s.setPolicy(t, defaultPolicy(t)); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := s.set(t, name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	s.topics.Put(t.ARN, t)
	return &sdk.CreateTopicOutput{TopicArn: &t.ARN}, nil
}

// again answers for a topic that is there already.
// Source: SNS API_CreateTopic: "This action is idempotent [...] if the requester
// already owns a topic with the specified name, that topic's ARN is returned".
func (s *Service) again(t *topic, in *sdk.CreateTopicInput, asked map[string]string) (*sdk.CreateTopicOutput, error) {
	for name, value := range in.Attributes {
		if have, ok := t.attributes(s)[name]; (ok || value != "") && have != value && !(name == "FifoTopic" && value == "false") {
			return nil, invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	if len(asked) > 0 && !maps.Equal(asked, t.Tags) {
		return nil, invalid("Tags Reason: Topic already exists with different tags")
	}
	return &sdk.CreateTopicOutput{TopicArn: &t.ARN}, nil
}

// delete takes the topic away with its subscriptions; one that is not there is no
// error.
func (s *Service) delete(_ *op.Call, in *sdk.DeleteTopicInput) (*sdk.DeleteTopicOutput, error) {
	s.topics.Delete(*in.TopicArn)
	for _, sub := range s.of(*in.TopicArn) {
		s.subscriptions.Delete(sub.ARN)
		s.tokens.Delete(sub.Token)
	}
	return &sdk.DeleteTopicOutput{}, nil
}

// pageSize is how many entries a list holds.
// Source: SNS API_ListTopics, API_ListSubscriptions: "up to 100".
const pageSize = 100

// page cuts a page off keys in order; the token is the last key of the page before.
func page[T any](all []T, key func(T) string, after *string) ([]T, *string) {
	if after != nil {
		for len(all) > 0 && key(all[0]) <= *after {
			all = all[1:]
		}
	}
	if len(all) <= pageSize {
		return all, nil
	}
	return all[:pageSize], new(key(all[pageSize-1]))
}

func (s *Service) list(c *op.Call, in *sdk.ListTopicsInput) (*sdk.ListTopicsOutput, error) {
	all := []types.Topic{}
	for _, t := range s.topics.Prefix(topicARN(c.Region, c.Caller.Account, "")) {
		all = append(all, types.Topic{TopicArn: &t.ARN})
	}
	out := &sdk.ListTopicsOutput{}
	out.Topics, out.NextToken = page(all, func(t types.Topic) string { return *t.TopicArn }, in.NextToken)
	return out, nil
}
