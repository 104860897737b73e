package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/events"
)

// maxHanded bounds an event or a record, in bytes.
// Source: CloudTrail User Guide "CloudTrail record contents": a record is at most 256 KB, as
// an event of EventBridge was for long.
const maxHanded = 256 << 10

// eventForm is the time form of CloudTrail and EventBridge.
const eventForm = "2006-01-02T15:04:05Z"

// Emit sends an event to the account's default event bus, as an AWS service does that has
// something to tell, such as a finding. event is EventBridge's envelope: source, which
// begins with "aws.", detail-type and detail must be there; id, version, account, region,
// time and resources are filled in where they are missing; nothing else is taken.
//
// An empty account or region is the event's own, or else the sandbox's; one that
// contradicts the event is an error. Rules see the event as it is. Settle waits until it
// is delivered.
func (s *Sandbox) Emit(account, region string, event []byte) error {
	h, err := parseHanded(event)
	if err != nil {
		return fmt.Errorf("the event %w", err)
	}
	now := s.Now().UTC().Format(eventForm)
	h.fill("version", "0")
	h.fill("id", audit.NewID(s.opts.Rand))
	h.fill("account", account, s.opts.Account)
	h.fill("time", now)
	h.fill("region", region, s.opts.Region)
	h.fill("resources", []string{})
	var e struct {
		Version, ID, Source, Account, Region, Time string
		DetailType                                 string `json:"detail-type"`
		Resources                                  []string
		Detail                                     map[string]json.RawMessage
	}
	for _, m := range []struct {
		name string
		to   any
	}{
		{"version", &e.Version}, {"id", &e.ID}, {"detail-type", &e.DetailType}, {"source", &e.Source}, {"account", &e.Account},
		{"time", &e.Time}, {"region", &e.Region}, {"resources", &e.Resources}, {"detail", &e.Detail},
	} {
		if err := h.take(m.name, m.to); err != nil {
			return fmt.Errorf("the event %w", err)
		}
	}
	switch {
	case len(h.rest()) > 0:
		return fmt.Errorf("the event has the member %q, which no event of EventBridge has", h.rest()[0])
	case e.Version != "0":
		return fmt.Errorf("the event's version is %q: there is \"0\" alone", e.Version)
	case !strings.HasPrefix(e.Source, "aws."):
		return fmt.Errorf("the event's source %q is no AWS service's, which begins with \"aws.\": others send theirs by PutEvents", e.Source)
	case e.ID == "" || e.DetailType == "":
		return fmt.Errorf("the event's id and detail-type cannot be empty")
	case e.Resources == nil || e.Detail == nil:
		return fmt.Errorf("the event's resources and detail cannot be null")
	}
	if err := placed(account, region, "account", e.Account, "region", e.Region, "time", e.Time); err != nil {
		return fmt.Errorf("the event %w", err)
	}
	var name string
	if raw, ok := e.Detail["eventName"]; ok {
		_ = json.Unmarshal(raw, &name) // what is no text names no call
	}
	s.parts.clockwork.Tell(events.Emitted{Account: e.Account, Region: e.Region, DetailType: e.DetailType, EventName: name, Event: string(h.text())})
	return nil
}

// Record records a CloudTrail record as if AWS had made it, for what the sandbox does not
// do by itself, such as a sign-in to the console: trails deliver it, and EventBridge passes
// it on. userIdentity, eventSource, eventName and eventType must be there; eventVersion,
// eventTime, awsRegion, eventID, recipientAccountId, eventCategory and managementEvent are
// filled in where they are missing. A record without readOnly is one of a write.
//
// An empty account or region is the record's own, or else the sandbox's; one that
// contradicts the record is an error. The record is delivered with every member and value
// that it has. It counts as recorded now, whatever its eventTime. Settle waits until it is
// delivered.
func (s *Sandbox) Record(account, region string, record []byte) error {
	h, err := parseHanded(record)
	if err != nil {
		return fmt.Errorf("the record %w", err)
	}
	now := s.Now().UTC()
	category := "Management"
	_ = json.Unmarshal(h.members["eventCategory"], &category) // what is no text is refused below
	h.fill("eventVersion", "1.11")
	h.fill("eventTime", now.Format(eventForm))
	h.fill("awsRegion", region, s.opts.Region)
	h.fill("eventID", audit.NewID(s.opts.Rand))
	h.fill("managementEvent", category == "Management")
	h.fill("recipientAccountId", account, s.opts.Account)
	h.fill("eventCategory", "Management")
	for _, name := range []string{"userIdentity", "eventSource", "eventName", "eventType"} {
		if h.members[name] == nil {
			return fmt.Errorf("the record has no %s", name)
		}
	}
	e := audit.Event{}
	if err := json.Unmarshal(h.text(), &e); err != nil {
		return fmt.Errorf("the record does not have CloudTrail's shape: %w", err)
	}
	if err := recordable(&e); err != nil {
		return fmt.Errorf("the record's %w", err)
	}
	if err := placed(account, region, "recipientAccountId", e.RecipientAccountID, "awsRegion", e.AWSRegion, "eventTime", e.EventTime); err != nil {
		return fmt.Errorf("the record %w", err)
	}
	e.Given, e.Arrived = h.text(), now
	if !s.parts.audit.Put(e) {
		return fmt.Errorf("the sandbox has ended")
	}
	return nil
}

// recordable checks what trails and rules decide by. The error begins with the member.
// Source: CloudTrail User Guide "CloudTrail record contents" and "userIdentity element".
func recordable(e *audit.Event) error {
	types := []string{"Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "Directory", "AWSAccount", "AWSService", "IdentityCenterUser", "SAMLUser", "WebIdentityUser", "Unknown"}
	kinds := []string{"AwsApiCall", "AwsServiceEvent", "AwsConsoleSignIn"}
	switch {
	case !slices.Contains(types, e.UserIdentity.Type):
		return fmt.Errorf("userIdentity.type is %q, and not one of %s", e.UserIdentity.Type, strings.Join(types, ", "))
	case !strings.HasSuffix(e.EventSource, ".amazonaws.com"):
		return fmt.Errorf("eventSource is %q, and not a service such as signin.amazonaws.com", e.EventSource)
	case e.EventName == "" || e.EventID == "":
		return fmt.Errorf("eventName and eventID cannot be empty")
	case !slices.Contains(kinds, e.EventType):
		return fmt.Errorf("eventType is %q: the sandbox records %s", e.EventType, strings.Join(kinds, ", "))
	case e.EventCategory != "Management" && e.EventCategory != "Data":
		return fmt.Errorf("eventCategory is %q: the sandbox records Management and Data", e.EventCategory)
	case e.ManagementEvent != (e.EventCategory == "Management"):
		return fmt.Errorf("managementEvent contradicts the eventCategory %q", e.EventCategory)
	}
	return nil
}

// regionForm is what every region's name looks like, "us-gov-west-1" included.
var regionForm = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]$`)

// placed checks where and when something happened. The error continues a sentence.
func placed(account, region, accountName, itsAccount, regionName, itsRegion, timeName, itsTime string) error {
	switch {
	case account != "" && account != itsAccount:
		return fmt.Errorf("has the %s %q, and is for the account %q", accountName, itsAccount, account)
	case region != "" && region != itsRegion:
		return fmt.Errorf("has the %s %q, and is for the region %q", regionName, itsRegion, region)
	case !accountID.MatchString(itsAccount):
		return fmt.Errorf("has the %s %q, which is not 12 digits", accountName, itsAccount)
	case !regionForm.MatchString(itsRegion):
		return fmt.Errorf("has the %s %q, which is no region's name", regionName, itsRegion)
	}
	if _, err := time.Parse(eventForm, itsTime); err != nil {
		return fmt.Errorf("has the %s %q, which is not like %s", timeName, itsTime, eventForm)
	}
	return nil
}

// handed is a JSON object that was handed over. What is filled in stands before the
// members that it came with, which stay as they are.
type handed struct {
	body    []byte // compact, without its opening brace
	head    []byte // what was filled in
	members map[string]json.RawMessage
	order   []string
	taken   map[string]bool
}

// parseHanded reads one object whose members each occur once. The error continues a
// sentence.
func parseHanded(text []byte) (*handed, error) {
	if len(text) > maxHanded {
		return nil, fmt.Errorf("has %d bytes: %d is the most", len(text), maxHanded)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	h := &handed{members: map[string]json.RawMessage{}, taken: map[string]bool{}}
	dec := json.NewDecoder(bytes.NewReader(compact.Bytes()))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("is not a JSON object")
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("is not JSON: %w", err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("is not JSON: %w", err)
		}
		key, _ := name.(string) // the decoder takes no other names
		if h.members[key] != nil {
			return nil, fmt.Errorf("has the member %q twice", key)
		}
		h.members[key], h.order = value, append(h.order, key)
	}
	h.body = compact.Bytes()[1:]
	return h, nil
}

// fill adds a member that is missing: the first value that is not an empty text.
func (h *handed) fill(name string, values ...any) {
	if h.members[name] != nil {
		return
	}
	for _, v := range values {
		if v == "" {
			continue
		}
		value, err := json.Marshal(v)
		if err != nil {
			panic(err) // text, a boolean or an empty list
		}
		h.members[name], h.order = value, append(h.order, name)
		h.head = fmt.Appendf(h.head, "%q:%s,", name, value)
		return
	}
}

// take decodes a member that must be there. The error continues a sentence.
func (h *handed) take(name string, to any) error {
	h.taken[name] = true
	value := h.members[name]
	if value == nil {
		return fmt.Errorf("has no %s", name)
	}
	if err := json.Unmarshal(value, to); err != nil {
		return fmt.Errorf("has a %s of the wrong type: %w", name, err)
	}
	return nil
}

// rest are the members that nobody took.
func (h *handed) rest() []string {
	return slices.DeleteFunc(slices.Clone(h.order), func(name string) bool { return h.taken[name] })
}

func (h *handed) text() []byte {
	head := h.head
	if len(h.body) == 1 { // there is nothing to follow the last comma
		head = bytes.TrimSuffix(head, []byte(","))
	}
	return slices.Concat([]byte("{"), head, h.body)
}

// EmitEvent is Emit, for the control API.
func (s *Sandbox) EmitEvent(h control.Handed) error { return s.Emit(h.Account, h.Region, h.Document) }

// PutRecord is Record, for the control API.
func (s *Sandbox) PutRecord(h control.Handed) error { return s.Record(h.Account, h.Region, h.Document) }
