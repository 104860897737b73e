package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Parse reads one payload other than an SNS message: an EventBridge event, a
// CloudWatch alarm, Alertmanager's webhook or the plain object. What it does not know
// is refused by name. A batch with members it cannot read returns the others, and an
// error about those: tell the alerts, and refuse the payload.
func Parse(payload []byte) ([]Alert, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(payload, &top); err != nil {
		return nil, errors.New("the payload is not a JSON object")
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := top[n]; return !ok })
	}
	switch {
	case has("detail-type", "source"):
		return parseEvent(payload)
	case has("AlarmName", "NewStateValue"):
		return parseAlarmMessage(payload)
	case has("alarmArn", "alarmData"):
		return parseAlarmCall(payload)
	case has("alerts", "version"), has("alerts", "groupKey"):
		return parseAlertmanager(payload)
	case has("Records"):
		return nil, fmt.Errorf("the payload is a batch of records: only SNS messages given to the Lambda function come as one")
	case has("Type", "MessageId", "TopicArn"):
		return nil, fmt.Errorf("the payload is an SNS message: over HTTP it needs the header x-amz-sns-message-type, and it cannot be inside another")
	case has("requestContext"):
		return nil, fmt.Errorf("the payload is an HTTP request of API Gateway or a function URL: run the sink as an HTTP server for these")
	case has("title"), has("message"), has("severity"):
		return parseWebhook(payload)
	}
	return nil, fmt.Errorf("the payload is of no kind that the sink knows; its members are %s", memberNames(top))
}

// memberNames lists the members of an object, for a refusal. A name that is no
// identifier may be content, and is not shown.
func memberNames(top map[string]json.RawMessage) string {
	names := make([]string, 0, len(top))
	for n := range top {
		if n == "" || len(n) > 40 || strings.ContainsFunc(n, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
		}) {
			n = "(no identifier)"
		}
		names = append(names, n)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 8 {
		names = append(names[:8], "...")
	}
	return strings.Join(names, ", ")
}

// required complains about members without a value: names and values by turns.
func required(what string, pairs ...string) error {
	var missing []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) == "" {
			missing = append(missing, pairs[i])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s lacks %s", what, strings.Join(missing, ", "))
}

// read decodes JSON, and names what could not be.
func read(what string, data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s cannot be read: %s is a %s", what, plain(wrong.Field, 80), plain(wrong.Value, 40))
	}
	if err != nil {
		return fmt.Errorf("%s is not the JSON that it should be", what)
	}
	return nil
}

// event is EventBridge's envelope.
// Source: EventBridge User Guide "Events" (AWS service event metadata).
type event struct {
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Region     string   `json:"region"`
	Time       string   `json:"time"`
	Resources  []string `json:"resources"`
	Detail     json.RawMessage
}

func parseEvent(payload []byte) ([]Alert, error) {
	var e event
	if err := read("the EventBridge event", payload, &e); err != nil {
		return nil, err
	}
	if len(e.Detail) == 0 {
		return nil, errors.New("the EventBridge event lacks detail")
	}
	switch {
	case e.Source == "aws.guardduty" && e.DetailType == "GuardDuty Finding":
		return parseGuardDuty(e)
	case e.Source == "aws.securityhub" && (e.DetailType == "Security Hub Findings - Imported" || e.DetailType == "Security Hub Findings - Custom Action"):
		return parseSecurityHub(e)
	case e.Source == "aws.cloudwatch" && e.DetailType == "CloudWatch Alarm State Change":
		return parseAlarmEvent(e)
	case strings.HasPrefix(e.Source, "aws.") && strings.HasSuffix(e.DetailType, " via CloudTrail"):
		return parseCloudTrail(e)
	}
	return nil, fmt.Errorf("the EventBridge event %q of %q is not one that the sink knows", plain(e.DetailType, 80), plain(e.Source, 40))
}
