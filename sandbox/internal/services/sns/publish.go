package sns

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxMessage is the size limit of a message, and of all messages of a batch.
// Source: SNS API_Publish, Message; API_PublishBatch.
const maxMessage = 256 << 10

// attribute is a message attribute.
type attribute struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// message is one message on its way into the queue.
type message struct {
	id, subject string
	body        string            // for protocols without a text of their own
	texts       map[string]string // by protocol; nil: body for all
	attributes  map[string]attribute
}

func (s *Service) publishRows() []op.Row {
	publish := op.New("Publish", "SNS API_Publish", op.Write, s.checkPublish, s.publish)
	publish.Secret = []string{"Message", "Subject", "MessageAttributes"}
	publish.Data = true
	batch := op.New("PublishBatch", "SNS API_PublishBatch", op.Write, s.checkBatch, s.publishBatch)
	batch.Secret = []string{"PublishBatchRequestEntries"}
	batch.Data = true
	return []op.Row{publish, batch}
}

// encryption is the key of a topic, and what the publisher must be allowed on it.
// Source: SNS Developer Guide "Managing Amazon SNS encryption keys and costs":
// publishers need kms:GenerateDataKey* and kms:Decrypt, AWS services by the key's
// policy; "Securing Amazon SNS data with server-side encryption", encryption context.
func (s *Service) encryption(c *op.Call, t *topic) (keyARN string, checks []op.Check, err error) {
	id := t.Attributes["KmsMasterKeyId"]
	if id == "" {
		return "", nil, nil
	}
	if id == "alias/aws/sns" {
		keyARN, err = s.keys.AWSManagedKey(t.Account, t.Region, "sns")
	} else {
		keyARN, err = s.keys.KeyARN(t.Account, t.Region, id)
	}
	if err != nil {
		return "", nil, op.Errorf(http.StatusBadRequest, "KMSNotFound", "the key of the topic, %s, does not exist", id)
	}
	via := "sns." + t.Region + ".amazonaws.com"
	if c.Caller.Principal.Type == policy.Service {
		via = "" // a service uses the key as itself
	}
	for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
		check, err := s.keys.Check(c, action, keyARN, encryptionContext(t), via)
		if err != nil {
			return "", nil, op.Errorf(http.StatusBadRequest, "KMSNotFound", "the key of the topic, %s, does not exist", id)
		}
		check.OnDeny = op.Errorf(http.StatusBadRequest, "KMSAccessDenied", "User: %s is not authorized to perform: %s on resource: %s, the key of the topic", c.Caller.Principal.ARN, action, keyARN)
		checks = append(checks, check)
	}
	return keyARN, checks, nil
}

func encryptionContext(t *topic) map[string]string {
	return map[string]string{"aws:sns:topicArn": t.ARN}
}

func (s *Service) publishChecks(c *op.Call, arn *string) ([]op.Check, error) {
	check, err := s.onTopic(c, "Publish", arn)
	if err != nil {
		return nil, err
	}
	checks := []op.Check{check}
	if t := s.topics.Get(*arn); t != nil {
		_, more, err := s.encryption(c, t)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

func (s *Service) checkPublish(c *op.Call, in *sdk.PublishInput) ([]op.Check, error) {
	if in.PhoneNumber != nil {
		return nil, invalid("PhoneNumber Reason: the sandbox does not send text messages")
	}
	if in.TopicArn == nil {
		in.TopicArn = in.TargetArn
	}
	if in.TopicArn == nil {
		return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	}
	return s.publishChecks(c, in.TopicArn)
}

func (s *Service) checkBatch(c *op.Call, in *sdk.PublishBatchInput) ([]op.Check, error) {
	return s.publishChecks(c, in.TopicArn)
}

func (s *Service) publish(c *op.Call, in *sdk.PublishInput) (*sdk.PublishOutput, error) {
	t, err := s.existing(in.TopicArn)
	if err != nil {
		return nil, err
	}
	if in.MessageDeduplicationId != nil || in.MessageGroupId != nil {
		return nil, invalid("MessageGroupId, MessageDeduplicationId Reason: the sandbox does not implement them for standard topics")
	}
	m, err := newMessage(c, in.Message, in.Subject, in.MessageStructure, in.MessageAttributes)
	if err != nil {
		return nil, err
	}
	if err := s.enqueue(c, t, m); err != nil {
		return nil, err
	}
	return &sdk.PublishOutput{MessageId: &m.id}, nil
}

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// publishBatch takes each entry by itself.
func (s *Service) publishBatch(c *op.Call, in *sdk.PublishBatchInput) (*sdk.PublishBatchOutput, error) {
	t, err := s.existing(in.TopicArn)
	if err != nil {
		return nil, err
	}
	wrong := func(code, text string) error { return op.Errorf(http.StatusBadRequest, code, "%s", text) }
	entries := in.PublishBatchRequestEntries
	switch {
	case len(entries) == 0:
		return nil, wrong("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case len(entries) > 10:
		return nil, wrong("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	}
	seen, size := map[string]bool{}, 0
	for _, e := range entries {
		if !entryID.MatchString(text(e.Id)) {
			return nil, wrong("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
		if seen[*e.Id] {
			return nil, wrong("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[*e.Id] = true
		size += len(text(e.Message))
	}
	if size > maxMessage {
		return nil, wrong("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	out := &sdk.PublishBatchOutput{Failed: []types.BatchResultErrorEntry{}, Successful: []types.PublishBatchResultEntry{}}
	for _, e := range entries {
		var m *message
		err := error(nil)
		if e.MessageDeduplicationId != nil || e.MessageGroupId != nil {
			err = invalid("MessageGroupId, MessageDeduplicationId Reason: the sandbox does not implement them for standard topics")
		} else {
			m, err = newMessage(c, e.Message, e.Subject, e.MessageStructure, e.MessageAttributes)
		}
		if err == nil {
			err = s.enqueue(c, t, m)
		}
		if fault, ok := err.(*op.Error); ok {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: &fault.Code, Message: &fault.Message, SenderFault: true})
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Successful = append(out.Successful, types.PublishBatchResultEntry{Id: e.Id, MessageId: &m.id})
	}
	return out, nil
}

func newMessage(c *op.Call, body, subject, structure *string, attributes map[string]types.MessageAttributeValue) (*message, error) {
	m := &message{id: audit.NewID(c.Rand), body: text(body), subject: text(subject)}
	switch {
	case m.body == "":
		return nil, invalid("Empty message")
	case len(m.body) > maxMessage:
		return nil, invalid("Message too long")
	case !utf8.ValidString(m.body):
		return nil, invalid("Message Reason: it is not UTF-8")
	}
	if subject != nil {
		if m.subject == "" || len(m.subject) > 100 {
			return nil, invalid("Subject")
		}
		for _, r := range m.subject {
			if r < ' ' || r > '~' {
				return nil, invalid("Subject")
			}
		}
	}
	switch text(structure) {
	case "":
	case "json":
		if json.Unmarshal([]byte(m.body), &m.texts) != nil {
			return nil, invalid("Message Structure - JSON message body failed to parse")
		}
		if _, ok := m.texts["default"]; !ok {
			return nil, invalid("Message Structure - No default entry in JSON message body")
		}
		m.body = m.texts["default"]
	default:
		return nil, invalid("MessageStructure")
	}
	for _, name := range sortedKeys(attributes) {
		a, err := newAttribute(name, attributes[name])
		if err != nil {
			return nil, err
		}
		if m.attributes == nil {
			m.attributes = map[string]attribute{}
		}
		m.attributes[name] = a
	}
	return m, nil
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func newAttribute(name string, v types.MessageAttributeValue) (attribute, error) {
	wrong := func(reason string) (attribute, error) {
		return attribute{}, op.Errorf(http.StatusBadRequest, "ParameterValueInvalid", "The message attribute '%s' %s", name, reason)
	}
	if len(name) > 256 || !attributeName.MatchString(name) {
		return wrong("has a name that is not allowed.")
	}
	kind := text(v.DataType)
	value := text(v.StringValue)
	switch kind {
	case "String", "Number", "String.Array":
		if value == "" || v.BinaryValue != nil {
			return wrong("must contain a non-empty StringValue, and no BinaryValue.")
		}
	case "Binary":
		if len(v.BinaryValue) == 0 || v.StringValue != nil {
			return wrong("must contain a non-empty BinaryValue, and no StringValue.")
		}
		return attribute{kind, base64Text(v.BinaryValue)}, nil
	default:
		return wrong("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, String and String.Array.")
	}
	if kind == "Number" {
		if _, err := strconv.ParseFloat(value, 64); err != nil || !json.Valid([]byte(value)) {
			return wrong("has a StringValue that is not a number.")
		}
	}
	if kind == "String.Array" {
		var list []any
		if json.Unmarshal([]byte(value), &list) != nil {
			return wrong("has a StringValue that is not a JSON array.")
		}
	}
	return attribute{kind, value}, nil
}

// attributesJSON is what a filter policy over attributes is held against.
// Source: SNS Developer Guide "Amazon SNS message attributes", "Filter policy scope".
func (m *message) attributesJSON() string {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range sortedKeys(m.attributes) {
		a := m.attributes[name]
		if a.Type == "Binary" {
			continue // not matched by any filter
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(name) // strings always marshal
		b.Write(key)
		b.WriteByte(':')
		if a.Type == "String" {
			value, _ := json.Marshal(a.Value)
			b.Write(value)
		} else {
			b.WriteString(a.Value)
		}
	}
	b.WriteByte('}')
	return b.String()
}
