package alerts

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Trail is a CloudTrail trail.
type Trail struct {
	Name string
	// Region is its home region; empty: not known.
	Region string
	// LogGroup is the name of the log group that it writes to; empty: none.
	LogGroup string
	// MultiRegion, Global (events of global services) and Off (it does not log).
	MultiRegion, Global, Off bool
	// Organization: it has the records of every account of the organization.
	Organization bool
	// Select says which records it takes: one of them has to. Never empty: the default is
	// all management events.
	Select []Selector
}

// Selector takes the records that meet all of its fields.
type Selector []FieldSelector

// FieldSelector is a condition on one field of a record, as advanced event selectors
// have it.
type FieldSelector struct {
	Field                               string
	Equals, StartsWith, EndsWith        []string
	NotEquals, NotStartsWith, NotEndsIn []string
}

// management is what a trail without selectors takes.
var management = Selector{{Field: "eventCategory", Equals: []string{"Management"}}}

// selectable are the fields of selectors that are read here.
// Source: CloudTrail API_AdvancedFieldSelector, Field.
var selectable = []string{"eventCategory", "readOnly", "eventSource", "eventName", "eventType", "userIdentity.arn", "resources.type", "resources.ARN"}

// takes says why a trail does not have a record; "" if it does.
func (t *Trail) takes(e *Event) string {
	switch {
	case t.Off:
		return "the trail " + t.Name + " is not logging"
	case !t.MultiRegion && t.Region != "" && e.Region != t.Region:
		return "the trail " + t.Name + " is of " + t.Region + " alone, and the record of " + e.Region
	case global(e.record) && !t.Global:
		return "the trail " + t.Name + " leaves out events of global services"
	case !slices.ContainsFunc(t.Select, func(s Selector) bool { return s.takes(e.record) }):
		return "the event selectors of the trail " + t.Name + " leave it out"
	}
	return ""
}

// global reports a record of a global service. STS is one at its global endpoint alone.
// Source: CloudTrail User Guide "CloudTrail concepts", Global service events.
func global(r *record) bool {
	switch r.EventSource {
	case "iam.amazonaws.com", "cloudfront.amazonaws.com":
		return true
	case "sts.amazonaws.com":
		return r.TLSDetails.ClientProvidedHostHeader == "sts.amazonaws.com"
	}
	return false
}

func (s Selector) takes(r *record) bool {
	for i := range s {
		if !s[i].holds(r.field(s[i].Field)) {
			return false
		}
	}
	return true
}

// holds: some value is one of those wanted, and none of those excluded.
// Source: CloudTrail User Guide "Filtering data events by using advanced event
// selectors", how conditions for a field are evaluated.
func (f *FieldSelector) holds(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		any := func(list []string, is func(string, string) bool) bool {
			return slices.ContainsFunc(list, func(x string) bool { return is(v, x) })
		}
		same := func(a, b string) bool { return a == b }
		if any(f.NotEquals, same) || any(f.NotStartsWith, strings.HasPrefix) || any(f.NotEndsIn, strings.HasSuffix) {
			return false
		}
		return len(f.Equals)+len(f.StartsWith)+len(f.EndsWith) == 0 ||
			any(f.Equals, same) || any(f.StartsWith, strings.HasPrefix) || any(f.EndsWith, strings.HasSuffix)
	})
}

// field is what a record has for a selector's field.
func (r *record) field(name string) []string {
	switch name {
	case "eventCategory":
		return []string{r.EventCategory}
	case "readOnly":
		return []string{strconv.FormatBool(r.ReadOnly)}
	case "eventSource":
		return []string{r.EventSource}
	case "eventName":
		return []string{r.EventName}
	case "eventType":
		return []string{r.EventType}
	case "userIdentity.arn":
		return []string{r.UserIdentity.ARN}
	}
	var list []string
	for _, x := range r.Resources {
		if name == "resources.type" {
			list = append(list, x.Type)
		} else {
			list = append(list, x.ARN)
		}
	}
	return list
}

// record is what is read of a CloudTrail record.
type record struct {
	UserIdentity struct {
		Type      string `json:"type"`
		ARN       string `json:"arn"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
	EventTime          string `json:"eventTime"`
	EventSource        string `json:"eventSource"`
	EventName          string `json:"eventName"`
	AWSRegion          string `json:"awsRegion"`
	EventID            string `json:"eventID"`
	EventType          string `json:"eventType"`
	EventCategory      string `json:"eventCategory"`
	RecipientAccountID string `json:"recipientAccountId"`
	ReadOnly           bool   `json:"readOnly"`
	Resources          []struct {
		Type string `json:"type"`
		ARN  string `json:"ARN"`
	} `json:"resources"`
	TLSDetails struct {
		ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
	} `json:"tlsDetails"`
}

// readRecord reads what decides about a record. ReadOnly is a boolean, or one in quotes
// as older records have it.
func readRecord(raw json.RawMessage) (*record, error) {
	var r struct {
		record
		ReadOnly any `json:"readOnly"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	r.record.ReadOnly = r.ReadOnly == true || r.ReadOnly == "true"
	if r.EventCategory == "" {
		r.EventCategory = "Management" // records before version 1.07 do not say
	}
	return &r.record, nil
}
