// Package events is EventBridge: buses with their policies, rules with event patterns
// or schedules, targets, and the passing on of events.
//
// Engine, a part of the sandbox's clockwork, gets the events: those put by PutEvents,
// the signals of the sandbox's services, the calls that a trail logs, and those of
// schedules. It holds each against the rules of its bus and calls the targets as
// events.amazonaws.com, under their own policies. What a target refuses is kept in an
// undelivered.Log.
//
// Source: EventBridge API Reference; EventBridge User Guide.
package events
