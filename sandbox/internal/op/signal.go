package op

import "time"

// Signal is an event that a service sends to EventBridge of its own accord, such as
// a finding. Its account's default event bus gets it once the request that caused
// it has succeeded.
// Source: EventBridge User Guide "AWS service events metadata".
type Signal struct {
	// Source is "aws.guardduty", DetailType "GuardDuty Finding".
	Source, DetailType string
	// Account and Region are the bus's.
	Account, Region string
	// Time of what happened.
	Time time.Time
	// Resources are ARNs; nil: none.
	Resources []string
	// Detail is the event's detail as encoding/json writes it, an object.
	Detail any
}

// Signal sends a signal when the operation has succeeded.
func (c *Call) Signal(s Signal) { c.signals = append(c.signals, s) }

// Signals are those sent so far. It is for the dispatcher.
func (c *Call) Signals() []Signal { return c.signals }
