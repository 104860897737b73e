package sink

import (
	"fmt"
	"time"
)

// alarm is what the three ways in which CloudWatch tells of an alarm have in common.
type alarm struct {
	ARN, Name, State, Reason, Description, Account, Region, Time string
}

// alert returns the alert about an alarm. Only one that goes off is told. Its key has
// the time of the change: the same change told three ways is one alert, the next
// change another.
func (a alarm) alert() ([]Alert, error) {
	const what = "the CloudWatch alarm"
	if err := required(what, "its ARN", a.ARN, "its name", a.Name, "its state", a.State, "the time of the change", a.Time); err != nil {
		return nil, err
	}
	s := Info
	switch a.State {
	case "ALARM":
		s = Critical
	case "OK", "INSUFFICIENT_DATA":
	default:
		return nil, fmt.Errorf("%s has the state %q, which is not ALARM, OK or INSUFFICIENT_DATA", what, plain(a.State, 40))
	}
	return []Alert{{
		Type: typePath("alarm", a.Name), Key: "alarm:" + a.ARN + " " + instant(a.Time), Severity: s,
		Title: "Alarm: " + a.Name, Text: first(a.Description, a.Reason),
		Facts: facts("State", a.State, "Reason", a.Reason, "Account", a.Account, "Region", a.Region, "Time", a.Time, "ARN", a.ARN),
	}}, nil
}

// instant writes a time of CloudWatch in one way, to the millisecond. What is no time
// is left as it is: it still tells two changes apart.
func instant(s string) string {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
		}
	}
	return s
}

// parseAlarmMessage reads the message that CloudWatch publishes to an SNS topic.
// Source: CloudWatch User Guide "Notifying users on alarm changes" (sample messages).
func parseAlarmMessage(payload []byte) ([]Alert, error) {
	var m struct {
		AlarmName, AlarmDescription, AWSAccountID, NewStateValue, NewStateReason, StateChangeTime, Region, AlarmArn string
	}
	if err := read("the CloudWatch alarm", payload, &m); err != nil {
		return nil, err
	}
	return alarm{ARN: m.AlarmArn, Name: m.AlarmName, State: m.NewStateValue, Reason: m.NewStateReason, Description: m.AlarmDescription, Account: m.AWSAccountID, Region: m.Region, Time: m.StateChangeTime}.alert()
}

// alarmState is how EventBridge events and direct calls have it.
type alarmState struct {
	AlarmName string `json:"alarmName"`
	State     struct {
		Value     string `json:"value"`
		Reason    string `json:"reason"`
		Timestamp string `json:"timestamp"`
	} `json:"state"`
	Configuration struct {
		Description string `json:"description"`
	} `json:"configuration"`
}

func (s alarmState) alarm(arn, account, region string) alarm {
	return alarm{ARN: arn, Name: s.AlarmName, State: s.State.Value, Reason: s.State.Reason, Description: s.Configuration.Description, Account: account, Region: region, Time: s.State.Timestamp}
}

// parseAlarmEvent reads the event of a state change; the alarm is its one resource.
// Source: CloudWatch User Guide "Alarm events and EventBridge".
func parseAlarmEvent(e event) ([]Alert, error) {
	var d alarmState
	if err := read("the CloudWatch alarm", e.Detail, &d); err != nil {
		return nil, err
	}
	arn := ""
	if len(e.Resources) == 1 {
		arn = e.Resources[0]
	}
	return d.alarm(arn, e.Account, e.Region).alert()
}

// parseAlarmCall reads what an alarm calls a Lambda function with.
// Source: CloudWatch User Guide "Lambda alarm actions" (event object).
func parseAlarmCall(payload []byte) ([]Alert, error) {
	var c struct {
		ARN     string     `json:"alarmArn"`
		Account string     `json:"accountId"`
		Region  string     `json:"region"`
		Data    alarmState `json:"alarmData"`
	}
	if err := read("the CloudWatch alarm", payload, &c); err != nil {
		return nil, err
	}
	return c.Data.alarm(c.ARN, c.Account, c.Region).alert()
}
