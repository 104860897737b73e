package sink

import (
	"encoding/json"
	"strings"
)

// parseCloudTrail reads a call, sign-in or service event that CloudTrail reported.
// What the root user does is critical; anything else was sent here by a rule that
// somebody wrote, and is a warning.
//
// A call that an AWS service makes for root (invokedBy) and a service event are not
// root's doing; the same two exceptions as in the CIS benchmark's metric filter.
// Source: CloudTrail User Guide "CloudTrail userIdentity element", "CloudTrail record
// contents"; Security Hub User Guide, control CloudWatch.1.
func parseCloudTrail(e event) ([]Alert, error) {
	var r struct {
		EventID      string `json:"eventID"`
		EventName    string `json:"eventName"`
		EventSource  string `json:"eventSource"`
		EventType    string `json:"eventType"`
		EventTime    string `json:"eventTime"`
		AwsRegion    string `json:"awsRegion"`
		SourceIP     string `json:"sourceIPAddress"`
		ErrorCode    string `json:"errorCode"`
		UserIdentity struct {
			Type      string `json:"type"`
			ARN       string `json:"arn"`
			AccountID string `json:"accountId"`
			InvokedBy string `json:"invokedBy"`
		} `json:"userIdentity"`
		Response   json.RawMessage `json:"responseElements"`
		Additional json.RawMessage `json:"additionalEventData"`
	}
	const what = "the CloudTrail event"
	if err := read(what, e.Detail, &r); err != nil {
		return nil, err
	}
	if err := required(what, "eventID", r.EventID, "eventName", r.EventName, "eventSource", r.EventSource); err != nil {
		return nil, err
	}
	service, _, _ := strings.Cut(r.EventSource, ".")
	who := first(r.UserIdentity.ARN, r.UserIdentity.InvokedBy, r.UserIdentity.Type)
	a := Alert{
		Type: typePath("cloudtrail", r.EventName), Key: "cloudtrail:" + r.EventID, Severity: Warning,
		Title: "CloudTrail: " + r.EventName + " (" + service + ")",
	}
	if r.UserIdentity.Type == "Root" && r.UserIdentity.InvokedBy == "" && r.EventType != "AwsServiceEvent" {
		a.Severity, a.Type, a.Title = Critical, "root-api-call", "Root user: "+r.EventName+" ("+service+")"
		if r.EventName == "ConsoleLogin" {
			a.Type, a.Title = "root-sign-in", "Root user: console sign-in"
		}
	}
	a.Text = r.EventName + " of " + r.EventSource + " by " + first(who, "an unknown identity")
	a.Facts = facts("Outcome", first(r.ErrorCode, textMember(r.Response, "ConsoleLogin")), "MFA", textMember(r.Additional, "MFAUsed"), "Account", first(r.UserIdentity.AccountID, e.Account), "Region", first(r.AwsRegion, e.Region),
		"From", r.SourceIP, "Time", first(r.EventTime, e.Time), "Event", r.EventID)
	return []Alert{a}, nil
}

// textMember returns a member of an object whose shape differs by event, if it is there
// and a text.
func textMember(object json.RawMessage, name string) string {
	var members map[string]json.RawMessage
	var text string
	if json.Unmarshal(object, &members) != nil || json.Unmarshal(members[name], &text) != nil {
		return ""
	}
	return text
}
