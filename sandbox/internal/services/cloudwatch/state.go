package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// change is a change of an alarm's state that is still to be told of.
type change struct {
	Order string
	// Alarm as it was when its state had changed.
	Alarm alarm
	Old   stateOf
}

// stateOf is what an alarm says of its state.
type stateOf struct {
	State      metricalarm.State
	Reason     string
	ReasonData string
	Since      time.Time
}

func (a *alarm) state() stateOf { return stateOf{a.State, a.Reason, a.ReasonData, a.Since} }

// set gives an alarm its state. A state that is another than before is kept in the
// history, and told of: the engine does it.
func (s *Service) set(a *alarm, to metricalarm.State, reason, data string, at time.Time) *alarm {
	own, old := *a, a.state()
	own.State, own.Reason, own.ReasonData, own.Since = to, reason, data, at
	if to != old.State {
		own.Changed = at
		s.remember(stateUpdate(&own, old))
		c := &change{Alarm: own, Old: old}
		for n := 0; c.Order == "" || s.changes.Get(c.Order) != nil; n++ {
			c.Order = fmt.Sprintf("%s%08d", at.UTC().Format("20060102150405.000000000"), n)
		}
		s.changes.Put(c.Order, c)
	}
	s.alarms.Put(own.key(), &own)
	return &own
}

func (s *Service) stateRows() []op.Row {
	return []op.Row{
		op.New("SetAlarmState", "CloudWatch API_SetAlarmState", op.Write,
			func(c *op.Call, in *sdk.SetAlarmStateInput) ([]op.Check, error) {
				if err := checkName(text(in.AlarmName)); err != nil {
					return nil, err
				}
				return []op.Check{s.check(c, "SetAlarmState", *in.AlarmName)}, nil
			}, s.setState),
		op.New("EnableAlarmActions", "CloudWatch API_EnableAlarmActions", op.Write,
			func(c *op.Call, in *sdk.EnableAlarmActionsInput) ([]op.Check, error) {
				return s.checkNames(c, "EnableAlarmActions", in.AlarmNames)
			},
			func(c *op.Call, in *sdk.EnableAlarmActionsInput) (*sdk.EnableAlarmActionsOutput, error) {
				return nil, s.enable(c, in.AlarmNames, true)
			}),
		op.New("DisableAlarmActions", "CloudWatch API_DisableAlarmActions", op.Write,
			func(c *op.Call, in *sdk.DisableAlarmActionsInput) ([]op.Check, error) {
				return s.checkNames(c, "DisableAlarmActions", in.AlarmNames)
			},
			func(c *op.Call, in *sdk.DisableAlarmActionsInput) (*sdk.DisableAlarmActionsOutput, error) {
				return nil, s.enable(c, in.AlarmNames, false)
			}),
	}
}

// setState sets a state by hand; the next evaluation sets the real one again.
// Source: API Reference SetAlarmState.
func (s *Service) setState(c *op.Call, in *sdk.SetAlarmStateInput) (*sdk.SetAlarmStateOutput, error) {
	switch {
	case in.StateValue == "":
		return nil, missing("StateValue")
	case !slices.Contains(in.StateValue.Values(), in.StateValue):
		return nil, invalid("1 validation error detected: Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", in.StateValue)
	case in.StateReason == nil:
		return nil, missing("StateReason")
	case len(*in.StateReason) > 1023:
		return nil, invalid("1 validation error detected: Value at 'stateReason' failed to satisfy constraint: Member must have length less than or equal to 1023")
	case len(text(in.StateReasonData)) > 4000:
		return nil, invalid("1 validation error detected: Value at 'stateReasonData' failed to satisfy constraint: Member must have length less than or equal to 4000")
	case text(in.StateReasonData) != "" && !json.Valid([]byte(*in.StateReasonData)):
		return nil, op.Errorf(400, "InvalidFormat", "StateReasonData was not syntactically valid JSON")
	}
	all, err := s.existing(c, []string{*in.AlarmName})
	if err != nil {
		return nil, err
	}
	s.set(all[0], metricalarm.State(in.StateValue), *in.StateReason, text(in.StateReasonData), c.Now)
	return nil, nil
}

// enable turns the actions of alarms on or off; names that there are not are passed over.
// Source: API Reference EnableAlarmActions, which has no error for them.
func (s *Service) enable(c *op.Call, names []string, on bool) error {
	for _, name := range names {
		a := s.alarms.Get(alarmKey(c.Caller.Account, c.Region, name))
		if a == nil || a.Enabled == on {
			continue
		}
		own := *a
		own.Enabled, own.Configured = on, c.Now
		s.alarms.Put(own.key(), &own)
		s.remember(configured(&own, updated, c.Now))
	}
	return nil
}
