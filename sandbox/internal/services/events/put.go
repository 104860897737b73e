package events

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// entry is an event that was put and is not yet held against the rules.
type entry struct{ Account, Region, Bus, Event string }

// event is what all events have.
// Source: EventBridge User Guide "Events in Amazon EventBridge", event structure.
type event struct {
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

func (e *event) text() (string, error) {
	e.Version = "0"
	if e.Resources == nil {
		e.Resources = []string{}
	}
	return encode(e)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// Limits of a request.
// Source: EventBridge API_PutEvents; EventBridge User Guide "Calculating PutEvents event
// entry size". The size was 256 KB for long, and was raised to 1 MB.
const (
	maxEntries = 10
	maxSize    = 1 << 20
)

func (s *Service) putRows() []op.Row {
	put := op.New("PutEvents", "EventBridge API_PutEvents", op.Write, s.checkPutEvents, s.putEvents)
	put.Data, put.Secret = true, []string{"Detail"}
	return []op.Row{
		put,
		op.New("TestEventPattern", "EventBridge API_TestEventPattern", op.Read,
			func(c *op.Call, _ *sdk.TestEventPatternInput) ([]op.Check, error) {
				return anywhere(c, "TestEventPattern"), nil
			}, s.testPattern),
	}
}

func (s *Service) checkPutEvents(c *op.Call, in *sdk.PutEventsInput) ([]op.Check, error) {
	if text(in.EndpointId) != "" {
		return nil, refuse("global endpoints (EndpointId)")
	}
	if n := len(in.Entries); n < 1 || n > maxEntries {
		return nil, wrong("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and %d", maxEntries)
	}
	// Each entry is judged by itself; what is the same is asked once.
	type question struct{ account, bus, source, kind string }
	asked := map[question]bool{}
	size := 0
	var checks []op.Check
	for _, e := range in.Entries {
		size += len(text(e.Source)) + len(text(e.DetailType)) + len(text(e.Detail))
		for _, r := range e.Resources {
			size += len(r)
		}
		if e.Time != nil {
			size += 14
		}
		account, name, err := locate(c, e.EventBusName)
		if err != nil {
			return nil, err
		}
		q := question{account, name, text(e.Source), text(e.DetailType)}
		if asked[q] {
			continue
		}
		asked[q] = true
		b := s.find(account, c.Region, name)
		if b == nil {
			b = &bus{Name: name, Account: account, Region: c.Region}
		}
		keys := []op.Key{op.Single("events:eventBusInvocation", "false")}
		if e.Source != nil {
			keys = append(keys, op.Single("events:source", *e.Source))
		}
		if e.DetailType != nil {
			keys = append(keys, op.Single("events:detail-type", *e.DetailType))
		}
		checks = append(checks, op.Check{Action: "events:PutEvents", Resource: b.resource(), Context: keys})
	}
	if size > maxSize {
		return nil, wrong("Total size of the entries in the request is over the limit.")
	}
	return checks, nil
}

// fault of one entry; the others are taken.
func fault(code, message string) types.PutEventsResultEntry {
	return types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &message}
}

func (s *Service) putEvents(c *op.Call, in *sdk.PutEventsInput) (*sdk.PutEventsOutput, error) {
	out := &sdk.PutEventsOutput{Entries: []types.PutEventsResultEntry{}}
	for i, e := range in.Entries {
		result, err := s.putEvent(c, i, &e)
		if err != nil {
			return nil, err
		}
		if result.ErrorCode != nil {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	return out, nil
}

func (s *Service) putEvent(c *op.Call, i int, e *types.PutEventsRequestEntry) (types.PutEventsResultEntry, error) {
	for _, m := range []struct {
		name  string
		value *string
	}{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if text(m.value) == "" {
			return fault("InvalidArgument", "Parameter "+m.name+" is not valid. Reason: "+m.name+" is a required argument."), nil
		}
	}
	var detail map[string]json.RawMessage
	switch {
	case json.Unmarshal([]byte(*e.Detail), &detail) != nil || detail == nil:
		return fault("MalformedDetail", "Detail is malformed."), nil
	case strings.HasPrefix(*e.Source, "aws."):
		// Source: EventBridge API_PutEvents, NotAuthorizedForSourceException.
		return fault("NotAuthorizedForSourceException", "Not authorized for the source."), nil
	}
	account, name, err := locate(c, e.EventBusName)
	if err != nil {
		return types.PutEventsResultEntry{}, err
	}
	if s.find(account, c.Region, name) == nil {
		// Not documented; a silent loss would be worse.
		return fault("ResourceNotFoundException", "Event bus "+name+" does not exist."), nil
	}
	at := c.Now
	if e.Time != nil {
		at = *e.Time
	}
	ev := &event{ID: audit.NewID(c.Rand), DetailType: *e.DetailType, Source: *e.Source, Account: c.Caller.Account, Time: stamp(at),
		Region: c.Region, Resources: e.Resources, Detail: json.RawMessage(*e.Detail)}
	text, err := ev.text()
	if err != nil {
		return fault("MalformedDetail", "Detail is malformed."), nil
	}
	s.enqueue(c.Now, i, &entry{account, c.Region, name, text})
	return types.PutEventsResultEntry{EventId: &ev.ID}, nil
}

// enqueue puts an event behind those of the same moment.
func (s *Service) enqueue(now time.Time, n int, e *entry) {
	stem := strconv.FormatInt(now.UnixNano(), 10)
	for ; ; n++ {
		key := stem + "/" + strconv.Itoa(1_000_000_000+n)
		if s.queue.Get(key) == nil {
			s.queue.Put(key, e)
			return
		}
	}
}

// required are the fields that an event to be tested must have.
// Source: EventBridge API_TestEventPattern, Event.
var required = []string{"id", "account", "source", "time", "region", "resources", "detail-type"}

func (s *Service) testPattern(_ *op.Call, in *sdk.TestEventPatternInput) (*sdk.TestEventPatternOutput, error) {
	p, err := compile(text(in.EventPattern))
	if err != nil {
		return nil, err
	}
	e, err := eventpattern.NewEvent(text(in.Event))
	if err != nil {
		return nil, op.Errorf(http.StatusBadRequest, "ValidationException", "Parameter Event is not valid. Reason: %v", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(*in.Event), &fields); err != nil {
		return nil, wrong("Parameter Event is not valid. Reason: %v", err)
	}
	for _, name := range required {
		if fields[name] == nil {
			return nil, wrong("Parameter Event is not valid. Reason: it has no field %s", name)
		}
	}
	return &sdk.TestEventPatternOutput{Result: p.Match(e)}, nil
}
