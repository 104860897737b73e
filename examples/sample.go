package examples

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Alerts holds the sample events: NAME.json beside NAME.expect.json, in the directory
// alerts.
//
//go:embed alerts/*.json
var Alerts embed.FS

// The kinds of a Sample.
const (
	// KindEvent is an event in EventBridge's envelope.
	KindEvent = "event"
	// KindRecord is a CloudTrail record.
	KindRecord = "record"
)

// Account and Region are where the sample events happen: in the example room. A few
// happen in another region, on purpose.
const (
	Account = "111122223333"
	Region  = "eu-west-2"
)

// Sample is an event with what the baseline's alerts are expected to make of it.
type Sample struct {
	// Name is the file's, without its ending: "guardduty-7.0".
	Name string `json:"name"`
	// About says in a sentence what has happened.
	About string `json:"about"`
	// Kind is KindEvent or KindRecord.
	Kind string `json:"kind"`
	// Event is one JSON object, in the shape that AWS documents.
	Event  json.RawMessage `json:"event"`
	Expect Expect          `json:"expect"`
}

// Expect is what one event, on its own and in a quiet account, leads to.
type Expect struct {
	// Alerts is how many messages each subscriber of the alerts' topic gets.
	Alerts int `json:"alerts"`
	// By are the rules and alarms that it trips, by role: "guardduty", "securityhub",
	// "root-sign-in", "root-api-call". Never nil; empty: none.
	By []string `json:"by"`
	// Why says what the expectation rests on.
	Why string `json:"why"`
}

// Samples returns the sample events, by name. The result is the caller's own. An error
// means that a file of the library is not in order.
func Samples() ([]Sample, error) {
	files, err := fs.Glob(Alerts, "alerts/*.json")
	if err != nil {
		return nil, err
	}
	var list []Sample
	for _, file := range files {
		name, isEvent := strings.CutSuffix(path.Base(file), ".json")
		if !isEvent || strings.HasSuffix(name, ".expect") {
			continue
		}
		s, err := sample(name)
		if err != nil {
			return nil, fmt.Errorf("sample %s: %w", name, err)
		}
		list = append(list, s)
	}
	return list, nil
}

func sample(name string) (s Sample, err error) {
	s.Name = name
	if s.Event, err = fs.ReadFile(Alerts, "alerts/"+name+".json"); err != nil {
		return s, err
	}
	var shape struct {
		DetailType  *string `json:"detail-type"`
		EventSource *string `json:"eventSource"`
	}
	if err := json.Unmarshal(s.Event, &shape); err != nil {
		return s, err
	}
	switch {
	case (shape.DetailType == nil) == (shape.EventSource == nil):
		return s, errors.New("it is neither an event of EventBridge nor a CloudTrail record")
	case shape.DetailType != nil:
		s.Kind = KindEvent
	default:
		s.Kind = KindRecord
	}
	text, err := fs.ReadFile(Alerts, "alerts/"+name+".expect.json")
	if err != nil {
		return s, err
	}
	var e struct {
		About  string   `json:"about"`
		Alerts *int     `json:"alerts"`
		By     []string `json:"by"`
		Why    string   `json:"why"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return s, fmt.Errorf("its expectation: %w", err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return s, errors.New("its expectation is more than one object")
	}
	if e.About == "" || e.Alerts == nil || e.By == nil || e.Why == "" {
		return s, errors.New("its expectation does not have about, alerts, by and why")
	}
	s.About, s.Expect = e.About, Expect{Alerts: *e.Alerts, By: e.By, Why: e.Why}
	return s, nil
}

// In is the event as it happens in another account and home region. Events of other
// regions than Region stay where they are.
func (s Sample) In(account, region string) json.RawMessage {
	return json.RawMessage(strings.NewReplacer(Account, account, Region, region).Replace(string(s.Event)))
}
