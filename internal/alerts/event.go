package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
)

// The kinds of an Event.
const (
	KindEvent  = "event"
	KindRecord = "record"
)

// Event is an event in EventBridge's envelope, or a CloudTrail record. It is not changed.
type Event struct {
	// Place is where it was read: "day.json", or "day.json[3]" for one of several.
	Place string
	// Kind is KindEvent or KindRecord.
	Kind string
	// What it is, for people: "GuardDuty Finding", "signin ConsoleLogin".
	What string
	// Account and Region of it, and the moment at which it happened.
	Account, Region string
	Time            time.Time

	raw     json.RawMessage    // as it was read
	line    []byte             // the record as a log group has it
	record  *record            // nil for an event
	seen    eventpattern.Event // as EventBridge has it
	detail  string             // its detail-type there
	call    string             // the name of the call that it is about; empty: none
	service string             // its source there
}

// envelope is EventBridge's.
// Source: EventBridge User Guide "Structure of an event".
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

const (
	apiCall      = "AWS API Call via CloudTrail"
	consoleCall  = "AWS Console Sign In via CloudTrail"
	serviceEvent = "AWS Service Event via CloudTrail"
	insight      = "AWS Insight via CloudTrail"
)

// NewEvent reads one event or record. place is for messages.
func NewEvent(place string, raw json.RawMessage) (*Event, error) {
	if t := bytes.TrimLeft(raw, " \t\r\n"); len(t) == 0 || t[0] != '{' {
		return nil, fmt.Errorf("%s is not a JSON object", place)
	}
	var is struct {
		DetailType  *json.RawMessage `json:"detail-type"`
		EventSource *json.RawMessage `json:"eventSource"`
	}
	if err := json.Unmarshal(raw, &is); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", place, err)
	}
	var e *Event
	var err error
	switch {
	case is.DetailType != nil && is.EventSource != nil:
		err = errors.New("has both detail-type and eventSource: it is either an event of EventBridge or a CloudTrail record")
	case is.DetailType != nil:
		e, err = bridged(raw)
	case is.EventSource != nil:
		e, err = recorded(raw)
	default:
		err = errors.New("is neither an event of EventBridge, which has a detail-type, nor a CloudTrail record, which has an eventSource")
	}
	if err != nil {
		return nil, fmt.Errorf("%s %w", place, err)
	}
	e.Place, e.raw = place, raw
	return e, nil
}

// bridged reads an event. The error continues a sentence.
func bridged(raw json.RawMessage) (*Event, error) {
	var in envelope
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("does not have the shape of EventBridge's events: %w", err)
	}
	e := &Event{Kind: KindEvent, What: in.DetailType, Account: in.Account, Region: in.Region, detail: in.DetailType, service: in.Source}
	if err := missing("source", in.Source, "detail-type", in.DetailType, "account", in.Account, "region", in.Region, "time", in.Time, "detail", string(in.Detail)); err != nil {
		return nil, err
	}
	if in.Detail[0] != '{' {
		return nil, errors.New("has a detail that is no object")
	}
	var err error
	if e.Time, err = moment("time", in.Time); err != nil {
		return nil, err
	}
	if strings.HasSuffix(e.detail, " via CloudTrail") {
		var call struct {
			EventName any `json:"eventName"`
		}
		if err := json.Unmarshal(in.Detail, &call); err != nil {
			return nil, fmt.Errorf("has a detail that cannot be read: %w", err)
		}
		e.call, _ = call.EventName.(string)
		if e.call != "" {
			e.What = e.call + ", " + in.DetailType
		}
	}
	e.seen, err = eventpattern.NewEvent(string(raw))
	return e, err
}

// recorded reads a record, and makes the event that EventBridge makes of it. The error
// continues a sentence.
func recorded(raw json.RawMessage) (*Event, error) {
	r, err := readRecord(raw)
	if err != nil {
		return nil, fmt.Errorf("does not have the shape of CloudTrail's records: %w", err)
	}
	err = missing("eventTime", r.EventTime, "eventSource", r.EventSource, "eventName", r.EventName, "eventType", r.EventType,
		"awsRegion", r.AWSRegion, "recipientAccountId", r.RecipientAccountID)
	if err != nil {
		return nil, err
	}
	service, _, _ := strings.Cut(r.EventSource, ".")
	e := &Event{
		Kind: KindRecord, What: service + " " + r.EventName, Account: r.RecipientAccountID, Region: r.AWSRegion,
		record: r, call: r.EventName, service: "aws." + service,
	}
	if e.Time, err = moment("eventTime", r.EventTime); err != nil {
		return nil, err
	}
	// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail".
	switch r.EventType {
	case "AwsApiCall":
		e.detail = apiCall
	case "AwsConsoleSignIn", "AwsConsoleSignin":
		e.detail = consoleCall
	case "AwsServiceEvent":
		e.detail = serviceEvent
	case "AwsCloudTrailInsight":
		e.detail = insight
	default:
		return nil, fmt.Errorf("has the eventType %q: AwsApiCall, AwsConsoleSignIn, AwsServiceEvent and AwsCloudTrailInsight are known", r.EventType)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	e.line = line.Bytes()
	text, err := encode(envelope{"0", r.EventID, e.detail, e.service, e.Account, e.Time.UTC().Format(time.RFC3339), e.Region, []string{}, raw})
	if err != nil {
		return nil, fmt.Errorf("cannot be written as an event: %w", err)
	}
	e.seen, err = eventpattern.NewEvent(text)
	return e, err
}

// encode writes JSON without HTML's escapes, which would change what patterns see.
func encode(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// missing names the first member without a value. The error continues a sentence.
func missing(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("has no %s", pairs[i])
		}
	}
	return nil
}

func moment(name, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("has the %s %q, which is not like 2026-01-02T15:04:05Z", name, text)
	}
	return at, nil
}

// quiet reports a call that goes to rules alone which ask for all management events.
// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail",
// Receiving read-only management events.
func (e *Event) quiet() bool {
	return e.detail == apiCall && (strings.HasPrefix(e.call, "List") || strings.HasPrefix(e.call, "Get") || strings.HasPrefix(e.call, "Describe"))
}
