// Package eventpattern is EventBridge's event pattern language: which events a
// rule selects, and why not the others.
//
// Compile reads a pattern; NewEvent reads an event once for any number of
// patterns; Pattern.Match decides, and Pattern.Explain says what each field
// wanted and what the event carried. It does no I/O.
//
// What the documentation leaves open follows AWS's own matcher, which is public
// as Event Ruler. EventBridge refuses patterns whose wildcards it finds too
// complex; the bound is not published and there is none here.
//
// Source: EventBridge User Guide "Event pattern syntax", "Comparison operators
// for use in event patterns"; EventBridge API_PutRule, API_TestEventPattern.
package eventpattern
