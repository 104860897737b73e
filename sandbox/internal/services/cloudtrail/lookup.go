package cloudtrail

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// history is how long events can be looked up.
// Source: CloudTrail API_LookupEvents.
const history = 90 * 24 * time.Hour

func (s *Service) lookupRows() []op.Row {
	return []op.Row{op.New("LookupEvents", "CloudTrail API_LookupEvents", op.Read,
		func(c *op.Call, _ *sdk.LookupEventsInput) ([]op.Check, error) {
			return anywhere(c, "LookupEvents"), nil
		},
		s.lookup)}
}

// lookup answers from the audit events that the sandbox has in memory: the management
// events of the caller's account and the request's region. On AWS they appear after some
// minutes, here at once.
func (s *Service) lookup(c *op.Call, in *sdk.LookupEventsInput) (*sdk.LookupEventsOutput, error) {
	if in.EventCategory != "" {
		return nil, refuse("Insights events (EventCategory)")
	}
	size := 50
	if in.MaxResults != nil {
		if size = int(*in.MaxResults); size < 1 || size > 50 {
			return nil, fail("InvalidMaxResultsException", "MaxResults is 1 to 50, not %d.", size)
		}
	}
	if len(in.LookupAttributes) > 1 {
		return nil, fail("InvalidLookupAttributesException", "You can have one lookup attribute.")
	}
	from, to := c.Now.Add(-history), c.Now.Add(time.Second)
	if in.StartTime != nil && in.StartTime.After(from) {
		from = *in.StartTime
	}
	if in.EndTime != nil {
		to = *in.EndTime
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(*in.EndTime) {
		return nil, fail("InvalidTimeRangeException", "The start time is after the end time.")
	}
	for _, a := range in.LookupAttributes {
		if !slices.Contains(a.AttributeKey.Values(), a.AttributeKey) {
			return nil, fail("InvalidLookupAttributesException", "The attribute key %q is not valid.", a.AttributeKey)
		}
	}
	var events []audit.Event
	for _, e := range s.Events() {
		events = append(append(events, e), e.Also...)
	}
	slices.Reverse(events)
	out := &sdk.LookupEventsOutput{Events: []types.Event{}}
	skip := text(in.NextToken)
	for i := range events {
		e := &events[i]
		at, err := time.Parse(stampForm, e.EventTime)
		if err != nil || e.EventCategory != "Management" || e.RecipientAccountID != c.Caller.Account || e.AWSRegion != c.Region ||
			at.Before(from.Truncate(time.Second)) || at.After(to) || !attributed(e, in.LookupAttributes) {
			continue
		}
		if skip != "" {
			if e.EventID == skip {
				skip = ""
			}
			continue
		}
		if len(out.Events) == size {
			out.NextToken = out.Events[size-1].EventId
			break
		}
		shown, err := shownEvent(e, at)
		if err != nil {
			return nil, err
		}
		out.Events = append(out.Events, shown)
	}
	if skip != "" {
		return nil, fail("InvalidNextTokenException", "The next token is not valid.")
	}
	return out, nil
}

func attributed(e *audit.Event, list []types.LookupAttribute) bool {
	for _, a := range list {
		value, ok := text(a.AttributeValue), false
		switch a.AttributeKey {
		case types.LookupAttributeKeyEventId:
			ok = e.EventID == value
		case types.LookupAttributeKeyEventName:
			ok = e.EventName == value
		case types.LookupAttributeKeyEventSource:
			ok = e.EventSource == value
		case types.LookupAttributeKeyReadOnly:
			ok = strconv.FormatBool(e.ReadOnly) == value
		case types.LookupAttributeKeyUsername:
			ok = username(e) == value
		case types.LookupAttributeKeyAccessKeyId:
			ok = e.UserIdentity.AccessKeyID == value
		case types.LookupAttributeKeyResourceType:
			ok = slices.ContainsFunc(e.Resources, func(r audit.Resource) bool { return r.Type == value })
		case types.LookupAttributeKeyResourceName:
			ok = slices.ContainsFunc(e.Resources, func(r audit.Resource) bool { return r.ARN == value })
		}
		if !ok {
			return false
		}
	}
	return true
}

// username is who CloudTrail's event history shows.
func username(e *audit.Event) string {
	switch id := &e.UserIdentity; id.Type {
	case "Root":
		return "root"
	case "AssumedRole", "FederatedUser":
		return id.ARN[strings.LastIndexByte(id.ARN, '/')+1:]
	default:
		return id.UserName
	}
}

func shownEvent(e *audit.Event, at time.Time) (types.Event, error) {
	raw, err := json.Marshal(e)
	out := types.Event{
		EventId: &e.EventID, EventName: &e.EventName, EventSource: &e.EventSource, EventTime: &at,
		ReadOnly: new(strconv.FormatBool(e.ReadOnly)), Username: optional(username(e)), AccessKeyId: optional(e.UserIdentity.AccessKeyID),
		CloudTrailEvent: new(string(raw)), Resources: []types.Resource{},
	}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, types.Resource{ResourceName: &r.ARN, ResourceType: optional(r.Type)})
	}
	return out, err
}
