// Package audit records every request, allowed or denied, as an event in
// CloudTrail's record shape.
//
// New starts a Log; the dispatcher gives it a Record for each request, and a
// goroutine turns them into events, in order: kept in memory up to a bound,
// and written as JSON lines if there is a writer. Close writes the rest.
//
// An event is one request's, and may carry others (Event.Also): what a service asked of
// another for the caller, and the record of the account that owns what was asked about.
//
// Members that a row calls secret, binary values, and names that always hold
// secrets are left out of every event.
//
// Source: CloudTrail User Guide "CloudTrail record contents for management,
// data, and network activity events", "CloudTrail userIdentity element".
package audit
