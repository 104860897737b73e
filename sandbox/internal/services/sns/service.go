package sns

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Keys is what SNS needs of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before SNS may use the key for it.
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// GenerateDataKey makes a 256-bit data key. It does not authorise.
	GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error)
	// Decrypt opens a blob that GenerateDataKey made. It does not authorise.
	Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error)
	// AWSManagedKey returns the ARN of the AWS managed key of a service, made on first
	// use: call it from writes only.
	AWSManagedKey(account, region, service string) (arn string, err error)
}

// Principals resolves the ARNs that a topic policy names.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false if there
	// is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is SNS. Its methods run under the state's lock.
type Service struct {
	keys          Keys
	principals    Principals
	protocol      op.Protocol
	db            *store.DB
	topics        *store.Table[topic]        // by ARN
	subscriptions *store.Table[subscription] // by ARN
	tokens        *store.Table[token]        // by token
	queue         *store.Table[delivery]     // by order
	mails         *store.Table[Mail]         // by order
	signer        *store.Table[signer]

	// Functions says that the sandbox has Lambda to deliver to. Set it before the first
	// request.
	Functions bool
}

// New adds SNS's tables to db.
func New(db *store.DB, keys Keys, principals Principals) *Service {
	return &Service{
		keys: keys, principals: principals, protocol: newProtocol(), db: db,
		topics:        store.NewTable[topic](db, "sns.topics"),
		subscriptions: store.NewTable[subscription](db, "sns.subscriptions"),
		tokens:        store.NewTable[token](db, "sns.tokens"),
		queue:         store.NewTable[delivery](db, "sns.queue"),
		mails:         store.NewTable[Mail](db, "sns.mails"),
		signer:        store.NewTable[signer](db, "sns.signer"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "sns" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "sns.amazonaws.com" }

// Protocol is the AWS query protocol, with SNS's errors and links.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.topicRows(), s.attributeRows(), s.permissionRows(), s.subscribeRows(), s.subscriptionRows(), s.publishRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests.
// Source: Service Authorization Reference, Amazon SNS; SNS Developer Guide "Amazon SNS
// policy keys", aws:SourceOwner.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "aws:SourceOwner", "sns:Endpoint", "sns:Protocol"}
}

func invalid(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) *op.Error {
	return op.Errorf(http.StatusNotFound, "NotFound", "%s does not exist", what)
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// locate splits the ARN of a topic, or of a subscription, that the request names.
func locate(c *op.Call, member, arn string) (account, rest string, err error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[1] != "aws" || part[2] != "sns" || part[4] == "" || part[5] == "" {
		return "", "", invalid("%s Reason: An ARN must have at least 6 elements, not %d", member, len(part))
	}
	if part[3] != c.Region {
		return "", "", invalid("%s", member)
	}
	return part[4], part[5], nil
}

// onTopic is the check of an action on a topic, whether it is there or not: its
// policy speaks if it is.
func (s *Service) onTopic(c *op.Call, action string, arn *string, keys ...op.Key) (op.Check, error) {
	account, name, err := locate(c, "TopicArn", text(arn))
	if err != nil {
		return op.Check{}, err
	}
	if strings.Contains(name, ":") {
		return op.Check{}, invalid("TopicArn")
	}
	resource := op.Resource{ARN: *arn, Account: account}
	if t := s.topics.Get(*arn); t != nil {
		resource.Policy, resource.Tags = t.compiled, t.Tags
	}
	if owner := sourceOwner(c); owner != "" {
		keys = append(keys, op.Single("aws:SourceOwner", owner))
	}
	return op.Check{Action: "sns:" + action, Resource: resource, Context: keys}, nil
}

// sourceOwner is the deprecated key by which a topic's default policy admits the
// services that set it. CloudWatch's alarms do; EventBridge needs a statement of its
// own.
// Source: SNS Developer Guide "Example cases for Amazon SNS access control",
// aws:SourceAccount versus aws:SourceOwner; EventBridge User Guide "Using
// resource-based policies", Amazon SNS permissions. Not documented: whether IAM callers
// carry it; here they do not.
func sourceOwner(c *op.Call) string {
	if p := c.Caller.Principal; p.Type == policy.Service && p.ARN == "cloudwatch.amazonaws.com" && c.Caller.Behalf != nil {
		return c.Caller.Behalf.Account
	}
	return ""
}

// topicCheck makes the checks of an operation on one topic.
func topicCheck[In any](s *Service, action string, arn func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		check, err := s.onTopic(c, action, arn(in))
		return []op.Check{check}, err
	}
}

// existing returns the topic, which must be there.
func (s *Service) existing(arn *string) (*topic, error) {
	if t := s.topics.Get(text(arn)); t != nil {
		return t, nil
	}
	return nil, notFound("Topic")
}

// order is a key that grows with time and n.
func order(at time.Time, n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 24)
	v := uint64(at.UnixNano())
	for i := 15; i >= 0; i-- {
		b[i] = digits[v&15]
		v >>= 4
	}
	for i := 23; i >= 16; i-- {
		b[i] = digits[n&15]
		n >>= 4
	}
	return string(b)
}

// regionOf is the region in an ARN.
func regionOf(arn string) string {
	if part := strings.SplitN(arn, ":", 5); len(part) == 5 {
		return part[3]
	}
	return ""
}
